#include "store/import.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/manual_loop.h"
#include "im/rights.h"
#include "store/mongo/bson_testing.h"
#include "store/sqlite/connection.h"
#include "store/store.h"
#include "store/temporary_directory_testing.h"

namespace turms::store {
namespace {

using bson::Writer;

constexpr int64_t kDay = 1'700'000'000'000;

class ImportTest : public ::testing::Test {
 protected:
  void add(const std::string& collection, const Writer& document) {
    std::ofstream(dump() / (collection + ".bson"), std::ios::binary | std::ios::app)
        << document.bytes();
  }
  void add_user(int64_t id) {
    add("user", Writer().int64("_id", id).text("n", "user " + std::to_string(id)).date("rd", kDay));
  }
  void add_group(int64_t id, int64_t owner) {
    add("group", Writer()
                     .int64("_id", id)
                     .int64("oid", owner)
                     .text("n", "a group")
                     .date("cd", kDay)
                     .flag("ac", true));
  }
  void add_member(int64_t group, int64_t user) {
    add("groupMember", Writer()
                           .document("_id", Writer().int64("gid", group).int64("uid", user))
                           .int32("role", 2)
                           .date("jd", kDay));
  }
  Writer message(int64_t id, int64_t sender, int64_t target, int64_t at, bool of_group = false) {
    return Writer()
        .int64("_id", id)
        .int64("sid", sender)
        .int64("tid", target)
        .flag("gm", of_group)
        .date("dyd", kDay + at);
  }
  std::filesystem::path dump() {
    const auto path = std::filesystem::path(directory_.path()) / "dump";
    std::filesystem::create_directories(path);
    return path;
  }
  Result<ImportReport> import() {
    ImportOptions options;
    options.dump = dump();
    options.file = directory_.path() + "/turms.db";
    auto report = import_dump(options);
    if (report) {
      connection_ = std::move(
          *Connection::open(options.file.string(), Connection::Mode::kReadWrite, Duration(1s)));
    }
    return report;
  }
  /// Rows of integers, as text.
  std::string rows(const char* sql) {
    std::string all;
    Statement select = connection_->prepare(sql);
    while (select.step()) all += (all.empty() ? "" : " ") + select.text();
    EXPECT_FALSE(connection_->failed());
    return all;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(ImportTest, MessagesHaveTheirPlacesByDateAndThenById) {
  add_user(1);
  add_user(2);
  add_user(3);
  add("message", message(900, 1, 2, 10));
  add("message", message(100, 2, 1, 20));
  add("message", message(300, 1, 2, 10));  // with the first: the lower id comes first
  add("message", message(200, 1, 3, 5));   // another conversation
  ASSERT_TRUE(import());
  EXPECT_EQ(rows("select cast(id || ':' || sequence as text) from message "
                 "order by low, high, sequence"),
            "300:1 900:2 100:3 200:1");
  // Dates ascend within a conversation.
  EXPECT_EQ(rows("select cast(delivery_date - 1700000000000 as text) from message "
                 "order by low, high, sequence"),
            "10 11 20 5");
  EXPECT_EQ(rows("select cast(count(*) as text) from private_conversation"), "4");
}

TEST_F(ImportTest, ReadDatesBecomePlaces) {
  add_user(1);
  add_user(2);
  add_group(7, 1);
  add_member(7, 1);
  add_member(7, 2);
  for (int i = 0; i < 3; ++i) add("message", message(50 + i, 1, 7, i < 2 ? 0 : 9, true));
  add("groupConversation",
      Writer().int64("_id", 7).document(
          "mr", Writer().date("1", kDay + 9).date("2", kDay).date("99", kDay)));
  add("message", message(60, 1, 2, 0));
  add("privateConversation",
      Writer().document("_id", Writer().int64("oid", 2).int64("tid", 1)).date("rd", kDay));
  ASSERT_TRUE(import());
  // Both of the same millisecond are read, though one's date is a millisecond later now.
  EXPECT_EQ(rows("select cast(member_id || ':' || read_sequence as text) from group_conversation "
                 "order by member_id"),
            "1:3 2:2");
  EXPECT_EQ(rows("select cast(owner_id || ':' || read_sequence as text) from private_conversation "
                 "order by owner_id"),
            "1:0 2:1");
}

TEST_F(ImportTest, WhatBelongsToNothingIsLeftOutAndReported) {
  add_user(1);
  add_group(7, 1);
  add_member(7, 1);
  add_member(7, 5);  // no such user
  add_member(8, 1);  // no such group
  add("group", Writer().int64("_id", 9).int64("oid", 1).date("dd", kDay));
  add_member(9, 1);  // of a deleted group
  add("message", message(1, 1, 8, 0, true));
  add("message", message(2, 1, 7, 0, true).date("dd", kDay));
  add("message", message(3, 1, 7, 0, true));
  add("message", Writer().int64("_id", 4).int64("sid", 1).date("dyd", kDay));
  add("message", message(3, 1, 7, 1, true));
  add("userRelationship",
      Writer().document("_id", Writer().int64("oid", 1).int64("rid", 6)).date("ed", kDay));
  add("meeting", Writer().int64("_id", 1));
  const auto report = import();
  ASSERT_TRUE(report) << report.error().message;
  const auto& members = report->collections.at("groupMember");
  EXPECT_EQ(members.read, 4);
  EXPECT_EQ(members.written, 1);
  EXPECT_EQ(members.skipped.at("its user is not in the dump").examples,
            std::vector<std::string>{"7-5"});
  EXPECT_EQ(members.skipped.at("its group is not in the dump, or was deleted").count, 2);
  const auto& messages = report->collections.at("message");
  EXPECT_EQ(messages.read, 5);
  EXPECT_EQ(messages.written, 1);
  EXPECT_EQ(messages.skipped.at("it was deleted").count, 1);
  EXPECT_EQ(messages.skipped.at("`tid` is missing").count, 1);
  EXPECT_EQ(messages.skipped.at("another one has its key").count, 1);
  EXPECT_EQ(report->collections.at("userRelationship").written, 0);
  EXPECT_EQ(report->unused.at("meeting"), 1);
  EXPECT_EQ(rows("select cast(id as text) from message"), "3");
}

TEST_F(ImportTest, WithoutUsersNothingIsMissing) {
  add_group(7, 1);
  add_member(7, 1);
  add("userRelationship",
      Writer().document("_id", Writer().int64("oid", 1).int64("rid", 6)).date("ed", kDay));
  const auto report = import();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->collections.at("groupMember").written, 1);
  EXPECT_EQ(report->collections.at("userRelationship").written, 1);
}

TEST_F(ImportTest, ReferencesToNothingAreMended) {
  add("user",
      Writer().int64("_id", 1).int64("pgid", 4).text("n", "Ann\xe2\x80\x8b").date("rd", INT64_MAX));
  add("group", Writer().int64("_id", 7).int64("oid", 1).int64("tid", 3));
  const auto report = import();
  ASSERT_TRUE(report);
  EXPECT_EQ(rows("select name from user"), "Ann");
  EXPECT_EQ(rows("select cast(role_id as text) from user"), "0");
  EXPECT_EQ(rows("select cast(type_id as text) from chat_group"), "0");
  EXPECT_EQ(report->collections.at("user").changed.size(), 2u);
  EXPECT_EQ(report->collections.at("group").changed.size(), 1u);
}

TEST_F(ImportTest, OldMessagesAreFoundWhateverTheirIds) {
  add_user(1);
  add_user(2);
  add("message", message(1, 1, 2, 0));
  add("message", message(INT64_C(9'214'364'837'600'034'817), 1, 2, 1));
  add("message", message(2, 1, 2, 1000));
  ASSERT_TRUE(import());
  connection_.reset();
  ManualLoop loop;
  Options options;
  options.file = directory_.path() + "/turms.db";
  auto store = Store::open(options, [&](auto function) { loop.post(std::move(function)); });
  ASSERT_TRUE(store);
  const auto more = loop.run((*store)->repositories().messages.delete_expired(
      im::Rights::server(im::action::DeleteExpiredMessages{}), WallTime{kDay + 2000},
      WallTime{kDay + 500}));
  EXPECT_EQ(more, false);
  (*store)->close();
  connection_ = std::move(
      *Connection::open(options.file.string(), Connection::Mode::kReadWrite, Duration(1s)));
  EXPECT_EQ(rows("select cast(id as text) from message"), "2");
}

TEST_F(ImportTest, ADamagedDumpGivesNothing) {
  add_user(1);
  std::ofstream(dump() / "message.bson", std::ios::binary) << std::string("\x20\0\0\0oh", 6);
  const auto report = import();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(report.error().message.find("message.bson"), std::string::npos);
}

TEST_F(ImportTest, ADatabaseThatIsThereStays) {
  add_user(1);
  ASSERT_TRUE(import());
  const auto again = import();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
}

}  // namespace
}  // namespace turms::store
