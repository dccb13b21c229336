#include "store/store.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <thread>

#include "base/manual_loop.h"
#include "base/metrics.h"
#include "im/rights.h"
#include "im/testing/enrollment_conformance.h"
#include "im/testing/repositories_conformance.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/schema.h"
#include "store/temporary_directory_testing.h"

namespace turms::store {
namespace {

struct OpenStore {
  explicit OpenStore(const std::string& directory, Options options = {}) {
    options.file = std::filesystem::path(directory) / "turms.db";
    auto opened = Store::open(options, [this](auto function) { loop.post(std::move(function)); });
    if (opened) {
      store = std::move(*opened);
    } else {
      error = opened.error();
    }
  }
  ~OpenStore() {
    if (store) store->close();
  }
  im::Repositories repositories() { return store->repositories(); }

  ManualLoop loop;
  std::unique_ptr<Store> store;
  Error error;
};

class SqliteBackend final : public im::testing::Backend {
 public:
  im::Repositories repositories() override { return open_.repositories(); }
  ManualLoop& loop() override { return open_.loop; }

 private:
  TemporaryDirectory directory_;
  OpenStore open_{directory_.path()};
};

constexpr const char* kWeakHash =
    "$argon2id$v=19$m=1024,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$H1KkOZP5/"
    "eeFUbNNgEO6pmVv9WeKjIYzaVVS2DYT8VI";

im::NewMessage message(int64_t id, int64_t sender, int64_t recipient) {
  im::NewMessage added;
  added.message.id = MessageId(id);
  added.message.sender_id = UserId(sender);
  added.message.recipient_id = UserId(recipient);
  added.message.text = "text";
  return added;
}

Task<void> append(im::Repositories repositories, int64_t id, std::vector<ErrorCode>& failures,
                  int& completed) {
  auto stored = co_await repositories.messages.append(
      im::Rights::administrator(im::action::SendMessage{UserId(1), std::nullopt, UserId(2)}),
      message(id, 1, 2));
  ++completed;
  if (!stored) failures.push_back(stored.error().code);
}

// Through a connection of its own, as another program would see it.
int64_t scalar(const std::string& directory, const char* sql) {
  sqlite3* handle = nullptr;
  EXPECT_EQ(sqlite3_open((directory + "/turms.db").c_str(), &handle), SQLITE_OK);
  sqlite3_busy_timeout(handle, 5000);
  int64_t value = -1;
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(handle, sql, -1, &statement, nullptr), SQLITE_OK)
      << sqlite3_errmsg(handle);
  if (sqlite3_step(statement) == SQLITE_ROW) value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(handle);
  return value;
}

TEST(Store, ManyWritesShareATransactionAndAreDurableWhenTheyComplete) {
  TemporaryDirectory directory;
  OpenStore open(directory.path());
  Metric& transactions = metrics::counter("turms_store_transactions_total", "");
  const int64_t before = transactions.value();
  constexpr int kMessages = 1000;
  std::vector<ErrorCode> failures;
  int completed = 0;
  // Another program's lock holds the writer up until all are there.
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open((directory.path() + "/turms.db").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "begin immediate", nullptr, nullptr, nullptr), SQLITE_OK);
  for (int i = 1; i <= kMessages; ++i) {
    spawn(append(open.repositories(), i, failures, completed));
  }
  ASSERT_EQ(sqlite3_exec(other, "rollback", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  open.loop.run_until([&] { return completed == kMessages; });
  EXPECT_TRUE(failures.empty());
  EXPECT_EQ(scalar(directory.path(), "select count(*) from message"), kMessages);
  // The first may have been taken alone; what came meanwhile goes together.
  EXPECT_LE(transactions.value() - before, 2);
}

TEST(Store, AWriteThatFailsFailsAlone) {
  TemporaryDirectory directory;
  OpenStore open(directory.path());
  std::vector<ErrorCode> failures;
  int completed = 0;
  for (const int64_t id : {1, 2, 2, 3, 1, 4}) {
    spawn(append(open.repositories(), id, failures, completed));
  }
  open.loop.run_until([&] { return completed == 6; });
  EXPECT_EQ(failures,
            (std::vector<ErrorCode>{ErrorCode::kAlreadyExists, ErrorCode::kAlreadyExists}));
  EXPECT_EQ(scalar(directory.path(), "select count(*) from message"), 4);
}

TEST(Store, AnOperationOfSeveralStatementsIsUndoneAsAWhole) {
  TemporaryDirectory directory;
  OpenStore open(directory.path());
  im::Group group;
  group.id = GroupId(1);
  std::vector<im::GroupMember> twice(2);
  for (im::GroupMember& member : twice) {
    member.group_id = group.id;
    member.user_id = UserId(1);
  }
  std::vector<ErrorCode> failures;
  int completed = 0;
  spawn(append(open.repositories(), 1, failures, completed));
  const auto created = open.loop.run(open.repositories().groups.create(
      im::Rights::administrator(im::action::CreateGroup{group.creator_id}), group,
      std::move(twice)));
  EXPECT_FALSE(created);
  EXPECT_EQ(completed, 1);
  EXPECT_TRUE(failures.empty());
  EXPECT_EQ(scalar(directory.path(), "select count(*) from chat_group"), 0);
  EXPECT_EQ(scalar(directory.path(), "select count(*) from group_member"), 0);
  EXPECT_EQ(scalar(directory.path(), "select count(*) from version"), 0);
}

TEST(Store, AFullQueueRefusesAtOnce) {
  TemporaryDirectory directory;
  Options options;
  options.max_pending_writes = 1;
  OpenStore open(directory.path(), options);
  // Another program holds the write lock, so the writer cannot empty its queue.
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open((directory.path() + "/turms.db").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "begin immediate", nullptr, nullptr, nullptr), SQLITE_OK);
  std::vector<ErrorCode> failures;
  int completed = 0;
  for (int64_t id = 1; id <= 10; ++id) {
    spawn(append(open.repositories(), id, failures, completed));
  }
  EXPECT_GE(failures.size(), 8u);
  EXPECT_EQ(failures.front(), ErrorCode::kUnavailable);
  ASSERT_EQ(sqlite3_exec(other, "rollback", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  open.loop.run_until([&] { return completed == 10; });
}

TEST(Store, ALockThatStaysIsReported) {
  TemporaryDirectory directory;
  Options options;
  options.busy_timeout = 20ms;
  OpenStore open(directory.path(), options);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open((directory.path() + "/turms.db").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "begin immediate", nullptr, nullptr, nullptr), SQLITE_OK);
  std::vector<ErrorCode> failures;
  int completed = 0;
  spawn(append(open.repositories(), 1, failures, completed));
  open.loop.run_until([&] { return completed == 1; });
  EXPECT_EQ(failures, std::vector<ErrorCode>{ErrorCode::kUnavailable});
  ASSERT_TRUE(open.store->failure());
  EXPECT_EQ(open.store->failure()->code, ErrorCode::kUnavailable);
  sqlite3_close(other);
  // Looked into without anybody who writes.
  const TimePoint limit = monotonic_now() + 20s;
  while (open.store->failure() && monotonic_now() < limit) std::this_thread::yield();
  EXPECT_FALSE(open.store->failure());
  spawn(append(open.repositories(), 2, failures, completed));
  open.loop.run_until([&] { return completed == 2; });
  EXPECT_EQ(failures.size(), 1u);
}

TEST(Store, ClosingFinishesWhatWaits) {
  TemporaryDirectory directory;
  OpenStore open(directory.path());
  std::vector<ErrorCode> failures;
  int completed = 0;
  for (int64_t id = 1; id <= 100; ++id) {
    spawn(append(open.repositories(), id, failures, completed));
  }
  open.store->close();
  spawn(append(open.repositories(), 101, failures, completed));
  open.loop.run_until([&] { return completed == 101; });
  EXPECT_EQ(failures, std::vector<ErrorCode>{ErrorCode::kUnavailable});
  EXPECT_EQ(scalar(directory.path(), "select count(*) from message"), 100);
}

TEST(Store, AnotherProgramsWriteIsNoticed) {
  TemporaryDirectory directory;
  OpenStore serving(directory.path());
  OpenStore tool(directory.path());
  int changes = 0;
  serving.store->on_foreign_change([&] { ++changes; });
  std::vector<ErrorCode> failures;
  int completed = 0;
  // Our own writes are not foreign.
  spawn(append(serving.repositories(), 1, failures, completed));
  serving.loop.run_until([&] { return completed == 1; });
  EXPECT_EQ(changes, 0);
  spawn(append(tool.repositories(), 2, failures, completed));
  tool.loop.run_until([&] { return completed == 2; });
  // Before the next write of ours completes, whether or not it waited for it.
  spawn(append(serving.repositories(), 3, failures, completed));
  serving.loop.run_until([&] { return completed == 3; });
  EXPECT_EQ(changes, 1);
  spawn(append(tool.repositories(), 4, failures, completed));
  tool.loop.run_until([&] { return completed == 4; });
  serving.loop.run_until([&] { return changes == 2; });
}

TEST(Store, KnowsTheLastIdAfterARestart) {
  TemporaryDirectory directory;
  {
    OpenStore open(directory.path());
    EXPECT_EQ(open.store->last_id(), 0);
    std::vector<ErrorCode> failures;
    int completed = 0;
    spawn(append(open.repositories(), 77, failures, completed));
    open.loop.run_until([&] { return completed == 1; });
  }
  OpenStore again(directory.path());
  EXPECT_EQ(again.store->last_id(), 77);
}

void execute(const std::string& directory, const char* sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open((directory + "/turms.db").c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(handle);
}

// A database as an older version left it.
void make_older(const std::string& directory, int version, const char* rows) {
  auto opened = Connection::open(directory + "/turms.db", Connection::Mode::kReadWrite, 1s);
  ASSERT_TRUE(opened) << opened.error().message;
  ASSERT_TRUE(migrate(**opened, version));
  (*opened)->execute(rows);
  ASSERT_FALSE((*opened)->failed()) << (*opened)->take_error().message;
}

TEST(Store, GivesOlderMessagesTheirPlaces) {
  TemporaryDirectory directory;
  // A clock that had stepped back: three ids of one millisecond. Then one of the next.
  const auto id = [](int64_t ms, int64_t number) { return (ms << 22) + number; };
  const std::string rows = fmt::format(
      "insert into message (id, sender_id, group_id, recipient_id, is_system_message, text) values "
      "({0}, 1, 10, null, 0, 'a'), ({1}, 2, 10, null, 0, 'b'), ({2}, 1, 10, null, 0, 'c'), "
      "({3}, 2, 10, null, 0, 'd'), ({4}, 1, null, 2, 0, 'e'), ({5}, 2, null, 1, 0, 'f'); "
      "insert into group_conversation values (10, 1, {6}), (10, 2, {7}); "
      "insert into private_conversation values (1, 2, {7})",
      id(5, 0), id(5, 1), id(5, 2), id(6, 0), id(6, 1), id(7, 0), 5 + IdGenerator::kEpochMs,
      6 + IdGenerator::kEpochMs);
  make_older(directory.path(), 2, rows.c_str());
  OpenStore open(directory.path());
  ASSERT_TRUE(open.store) << open.error.message;
  im::MessageFilter filter;
  filter.of_groups = true;
  filter.group_ids.emplace_back(10);
  filter.max_count = 10;
  const auto found = open.loop.run(open.repositories().messages.query(filter));
  ASSERT_TRUE(found);
  std::string places;
  for (const im::Message& message : *found) {
    places += fmt::format("{} {} {}, ", *message.text, message.sequence,
                          message.delivery_date.unix_ms - IdGenerator::kEpochMs);
  }
  EXPECT_EQ(places, "a 1 5, b 2 6, c 3 7, d 4 8, ");
  const auto answer = open.loop.run(open.repositories().messages.find(MessageId(id(7, 0))));
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ((*answer)->sequence, 2);
  const auto reads = open.loop.run(open.repositories().conversations.find_group({GroupId(10)}));
  ASSERT_TRUE(reads && reads->size() == 1);
  EXPECT_EQ(reads->front().reads[0].read_sequence, 3);
  EXPECT_EQ(reads->front().reads[1].read_sequence, 4);
  std::vector<ErrorCode> failures;
  int completed = 0;
  spawn(append(open.repositories(), id(8, 0), failures, completed));
  open.loop.run_until([&] { return completed == 1; });
  const auto next = open.loop.run(open.repositories().messages.find(MessageId(id(8, 0))));
  ASSERT_TRUE(next && *next);
  EXPECT_EQ((*next)->sequence, 3);
}

Task<void> append_burning(im::Repositories repositories, int64_t id, std::optional<GroupId> group,
                          int& completed) {
  im::NewMessage added = message(id, 1, 2);
  added.message.burn_after = 10;
  added.message.group_id = group;
  if (group) added.message.recipient_id.reset();
  auto stored =
      co_await repositories.messages.append(im::Rights::administrator(im::action::SendMessage{
                                                UserId(1), group, added.message.recipient_id}),
                                            added);
  EXPECT_TRUE(stored);
  ++completed;
}

TEST(Store, WhatWaitsToBurnKeepsNothingElseFromBurning) {
  TemporaryDirectory directory;
  OpenStore open(directory.path());
  constexpr int64_t kUnread = 4500;
  int completed = 0;
  for (int64_t id = 1; id <= kUnread; ++id) {
    spawn(append_burning(open.repositories(), id, std::nullopt, completed));
  }
  spawn(append_burning(open.repositories(), kUnread + 1, GroupId(10), completed));
  open.loop.run_until([&] { return completed == kUnread + 1; });
  const WallTime later{wall_now().unix_ms + 60'000};
  bool burnt = false;
  for (int calls = 0; calls < 10 && !burnt; ++calls) {
    const auto more = open.loop.run(open.repositories().messages.delete_expired(
        im::Rights::server(im::action::DeleteExpiredMessages{}), later, std::nullopt));
    ASSERT_TRUE(more);
    const auto found = open.loop.run(open.repositories().messages.find(MessageId(kUnread + 1)));
    ASSERT_TRUE(found);
    burnt = !found->has_value();
  }
  EXPECT_TRUE(burnt);
  EXPECT_EQ(scalar(directory.path(), "select count(*) from message"), kUnread);
}

TEST(Store, BringsAnOlderSchemaUpToDate) {
  TemporaryDirectory directory;
  make_older(directory.path(), 1,
             "insert into user values (1, 'a', '', '', 0, 5, 0, 1, 'hash'); "
             "insert into relationship values (1, 2, 7, null); "
             "insert into chat_group values (5, 0, 1, 1, 'Alphabet', '', '', 0, 1, 1, null, 1)");
  OpenStore again(directory.path());
  ASSERT_TRUE(again.store) << again.error.message;
  const auto credentials = again.loop.run(again.repositories().users.find_credentials(UserId(1)));
  ASSERT_TRUE(credentials && *credentials);
  EXPECT_EQ((*credentials)->password_hash, "hash");
  EXPECT_EQ((*credentials)->password_version, 0);
  const auto groups = again.loop.run(again.repositories().relationships.groups(UserId(1)));
  ASSERT_TRUE(groups);
  EXPECT_EQ(groups->size(), 1u);
  im::RelationshipFilter filter;
  filter.owner_id = UserId(1);
  filter.group_indexes = {0};
  const auto related = again.loop.run(again.repositories().relationships.query(filter));
  ASSERT_TRUE(related);
  EXPECT_EQ(related->size(), 1u);
  EXPECT_EQ(again.loop.run(again.repositories().users.search_names("A")).value(),
            std::vector<UserId>{UserId(1)});
  EXPECT_EQ(again.loop.run(again.repositories().groups.search_names("alpha")).value(),
            std::vector<GroupId>{GroupId(5)});
}

TEST(Store, RefusesANewerSchema) {
  TemporaryDirectory directory;
  { OpenStore open(directory.path()); }
  execute(directory.path(), "pragma user_version = 1000");
  OpenStore again(directory.path());
  EXPECT_FALSE(again.store);
  EXPECT_EQ(again.error.code, ErrorCode::kFailedPrecondition);
  EXPECT_NE(again.error.message.find("newer version"), std::string::npos) << again.error.message;
}

TEST(Store, RefusesAnotherProgramsFile) {
  TemporaryDirectory directory;
  execute(directory.path(), "create table theirs (x)");
  OpenStore open(directory.path());
  EXPECT_FALSE(open.store);
  EXPECT_EQ(open.error.code, ErrorCode::kFailedPrecondition);
}

TEST(Store, ReportsADamagedFile) {
  TemporaryDirectory directory;
  {
    OpenStore open(directory.path());
    std::vector<ErrorCode> failures;
    int completed = 0;
    for (int64_t id = 1; id <= 2000; ++id) {
      spawn(append(open.repositories(), id, failures, completed));
    }
    open.loop.run_until([&] { return completed == 2000; });
  }
  {
    std::fstream file(directory.path() + "/turms.db",
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(0, std::ios::end);
    const auto size = static_cast<size_t>(file.tellp());
    ASSERT_GT(size, 64u * 1024);
    // Past the schema, over pages of the tables.
    file.seekp(static_cast<std::streamoff>(size / 2));
    const std::string garbage(size / 4, '\x5a');
    file.write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
  }
  OpenStore again(directory.path());
  EXPECT_FALSE(again.store);
  EXPECT_NE(again.error.message.find("damaged"), std::string::npos) << again.error.message;
}

TEST(Store, ReportsADirectoryThatCannotBe) {
  OpenStore open("/dev/null/data");
  EXPECT_FALSE(open.store);
  EXPECT_EQ(open.error.code, ErrorCode::kPermissionDenied);
}

TEST(Hasher, VerifiesWhatItHashed) {
  ManualLoop loop;
  auto hasher = make_argon2_hasher([&](auto function) { loop.post(std::move(function)); });
  auto hash = loop.run(hasher->hash("turms"));
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hash;
  auto right = loop.run(hasher->verify("turms", *hash, {}));
  ASSERT_TRUE(right);
  EXPECT_TRUE(right->matches);
  EXPECT_FALSE(right->outdated);
  auto wrong = loop.run(hasher->verify("Turms", *hash, {}));
  ASSERT_TRUE(wrong);
  EXPECT_FALSE(wrong->matches);
  EXPECT_FALSE(loop.run(hasher->verify("turms", "nonsense", {})));
}

TEST(Hasher, HashesWithTheParametersItIsGiven) {
  ManualLoop loop;
  auto hasher = make_argon2_hasher([&](auto function) { loop.post(std::move(function)); },
                                   {.memory_kib = 1024, .passes = 1});
  auto hash = loop.run(hasher->hash("turms"));
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=1024,t=1,p=1$")) << *hash;
  auto verdict = loop.run(hasher->verify("turms", *hash, {}));
  ASSERT_TRUE(verdict);
  EXPECT_FALSE(verdict->outdated);
}

TEST(Hasher, DoesNotCheckWhatNobodyWaitsFor) {
  ManualLoop loop;
  auto hasher = make_argon2_hasher([&](auto function) { loop.post(std::move(function)); });
  // So many are before it that its turn cannot have come.
  int hashed = 0;
  for (int i = 0; i < 100; ++i) {
    spawn([](im::PasswordHasher& hashing, int& count) -> Task<void> {
      (void)co_await hashing.hash("turms");
      ++count;
    }(*hasher, hashed));
  }
  const auto cancellation = std::make_shared<Cancellation>();
  loop.post([&] { cancellation->cancel(); });
  const auto given_up = loop.run(hasher->verify("turms", kWeakHash, {"", cancellation}));
  ASSERT_FALSE(given_up);
  EXPECT_EQ(given_up.error().code, ErrorCode::kUnavailable);
  EXPECT_LT(hashed, 100);
  loop.run_until([&] { return hashed == 100; });
}

TEST(Hasher, KnowsAnOutdatedHash) {
  ManualLoop loop;
  auto hasher = make_argon2_hasher([&](auto function) { loop.post(std::move(function)); });
  // "turms" with m=1024, t=1, p=1 and the salt "0123456789abcdef".
  auto hash = loop.run(hasher->verify("turms", kWeakHash, {}));
  ASSERT_TRUE(hash) << hash.error().message;
  EXPECT_TRUE(hash->matches);
  EXPECT_TRUE(hash->outdated);
}

}  // namespace
}  // namespace turms::store

namespace turms::im::testing {

INSTANTIATE_TEST_SUITE_P(Sqlite, RepositoryConformance,
                         ::testing::Values([]() -> std::unique_ptr<Backend> {
                           return std::make_unique<store::SqliteBackend>();
                         }));
INSTANTIATE_TEST_SUITE_P(Sqlite, EnrollmentConformance,
                         ::testing::Values([]() -> std::unique_ptr<Backend> {
                           return std::make_unique<store::SqliteBackend>();
                         }));

}  // namespace turms::im::testing
