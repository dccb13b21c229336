#include "store/sqlite/message_search.h"

#include <gtest/gtest.h>

#include "base/manual_loop.h"
#include "im/rights.h"
#include "store/store.h"
#include "store/temporary_directory_testing.h"

namespace turms::store {
namespace {

/// User 1 reads what is in group 1 and what user 2 writes; all else is others'.
class MessageSearchTest : public ::testing::Test {
 protected:
  MessageSearchTest() {
    Options options;
    options.file = file_;
    store_ = std::move(*Store::open(options, [this](auto f) { loop_.post(std::move(f)); }));
    make_group(1, 1);
    make_group(2, 3);
  }
  ~MessageSearchTest() override { store_->close(); }

  void make_group(int64_t id, int64_t owner) {
    im::Group group;
    group.id = GroupId(id);
    group.owner_id = group.creator_id = UserId(owner);
    im::GroupMember member;
    member.group_id = group.id;
    member.user_id = group.owner_id;
    member.role = im::GroupMemberRole::kOwner;
    std::vector<im::GroupMember> members(1, member);
    EXPECT_TRUE(loop_.run(store_->repositories().groups.create(
        im::Rights::administrator(im::action::CreateGroup{group.creator_id}), group, members)));
  }

  void write(std::optional<int64_t> group, std::string text, int times = 1) {
    for (int i = 0; i < times; ++i) {
      im::NewMessage added;
      added.message.id = MessageId(++last_id_);
      added.message.delivery_date = WallTime{last_id_};
      added.message.sender_id = UserId(2);
      if (group) {
        added.message.group_id = GroupId(*group);
      } else {
        added.message.recipient_id = UserId(1);
      }
      added.message.text = text;
      const im::Message& m = added.message;
      const im::action::SendMessage action{m.sender_id, m.group_id, m.recipient_id};
      EXPECT_TRUE(loop_.run(
          store_->repositories().messages.append(im::Rights::administrator(action), added)));
    }
  }

  SearchResult search(std::string query) {
    while (loop_.run(store_->repositories().messages.index_text()).value()) {
    }
    auto connection = *Connection::open(file_.string(), Connection::Mode::kRead, Duration{});
    SearchResult result =
        search_messages(*connection, {UserId(1), std::move(query), {}, 100}, limits_);
    EXPECT_FALSE(connection->failed());
    return result;
  }

  static std::vector<int64_t> ids(const SearchResult& result) {
    std::vector<int64_t> all;
    for (const im::FoundText& one : result.found) all.push_back(one.message.id.value);
    return all;
  }

  using Ids = std::vector<int64_t>;
  TemporaryDirectory directory_;
  const std::filesystem::path file_ = std::filesystem::path(directory_.path()) / "turms.db";
  ManualLoop loop_;
  std::unique_ptr<Store> store_;
  SearchLimits limits_;
  int64_t last_id_ = 0;
};

TEST_F(MessageSearchTest, ARareWordIsLookedUpAtOnceWhateverElseThereIs) {
  write(1, "a needle");
  write(2, "nothing of interest", 50);
  write(std::nullopt, "another needle");
  write(2, "their needle");
  limits_.rare = 3;
  const SearchResult result = search("needle");
  EXPECT_EQ(ids(result), (Ids{1, 52}));
  EXPECT_EQ(result.rows, 6) << "three were counted, and three looked at";
  EXPECT_EQ(result.lookups, 0);
}

TEST_F(MessageSearchTest, ACommonWordIsLookedForWhereSomethingHappenedLast) {
  limits_.rare = 3;
  limits_.ranked = 4;
  write(1, "hay", 20);
  write(2, "hay", 20);
  write(std::nullopt, "hay", 2);
  const SearchResult result = search("hay");
  EXPECT_EQ(ids(result), (Ids{42, 41, 20, 19}));
  EXPECT_EQ(result.rows, 4 + 4) << "as many as make it common, and as many as are ranked";
}

TEST_F(MessageSearchTest, CommonWordsThatAreNeverTogetherAreGivenUp) {
  limits_.rare = 3;
  limits_.window = 10;
  limits_.looked_at = 30;
  write(1, "hay");
  write(1, "straw hay");
  for (int i = 0; i < 20; ++i) {
    write(1, "hay");
    write(1, "straw");
  }
  SearchResult result = search("hay straw");
  EXPECT_EQ(ids(result), Ids{});
  EXPECT_EQ(result.looked_at, 30);
  limits_.looked_at = 1000;
  result = search("hay straw");
  EXPECT_EQ(ids(result), Ids{2});
  EXPECT_EQ(result.looked_at, 42);
  limits_.lookups = 6;
  result = search("hay straw");
  EXPECT_EQ(ids(result), Ids{});
  EXPECT_EQ(result.lookups, 6) << "two words in three windows";
}

TEST_F(MessageSearchTest, OneRareWordAmongCommonOnesDecides) {
  limits_.rare = 3;
  limits_.looked_at = 0;
  write(1, "the needle in the hay");
  write(1, "the hay", 20);
  EXPECT_EQ(ids(search("hay needle")), Ids{1});
  EXPECT_EQ(ids(search("needl hay")), Ids{}) << "only the last word may go on";
}

TEST_F(MessageSearchTest, ALongWordThatIsCommonDoesNotGoOn) {
  limits_.rare = 3;
  write(1, "stone", 2);
  write(1, "stones");
  EXPECT_EQ(ids(search("stone")).size(), 3u);
  write(1, "stone", 2);
  EXPECT_EQ(ids(search("stone")), (Ids{5, 4, 2, 1}));
  EXPECT_EQ(ids(search("ston")).size(), 5u) << "a short beginning is a word of the index";
}

TEST_F(MessageSearchTest, NoMoreThanSoManyAreReadWithARareWord) {
  limits_.passed = 5;
  limits_.ranked = 3;
  write(2, "needle", 2);
  write(1, "needle", 10);
  const SearchResult result = search("needle");
  EXPECT_EQ(result.found.size(), 3u);
  EXPECT_EQ(result.rows, 12 + 5) << "all of them were counted";
}

}  // namespace
}  // namespace turms::store
