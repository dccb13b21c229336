#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "im/domain_testing.h"

// Random operations of some users over groups and private conversations, on virtual time whose
// clock steps both ways, against a small model of what must come of them. TURMS_MODEL_SEEDS=1000
// plays more seeds, TURMS_MODEL_SEED=N one.

namespace turms::im {
namespace {

constexpr int64_t kUsers = 20;
constexpr int kGroups = 3;
constexpr int kOperations = 120;

/// What must be known of a message.
struct Known {
  MessageId id;
  int64_t sender = 0;
  std::string text;
  WallTime date;
  bool recalled = false;
  bool system = false;
};

/// A group or a pair of users.
using Key = std::pair<int64_t, int64_t>;

struct Conversation {
  std::vector<Known> messages;
  std::map<int64_t, int64_t> read;
};

class ModelTest : public DomainTest {
 protected:
  ModelTest() {
    for (int64_t id = 10; id <= kUsers; ++id) {
      User user;
      user.id = UserId(id);
      user.name = "user";
      user.registration_date = clock_.time;
      user.last_updated_date = clock_.time;
      EXPECT_TRUE(run(store_->repositories().users.create(
          Rights::administrator(action::CreateUser{user.id}), user, "x")));
    }
  }

  void play(uint64_t seed) {
    random_.seed(seed);
    groups_.clear();
    members_.clear();
    conversations_.clear();
    keys_.clear();
    for (int i = 0; i < kGroups; ++i) add_group();
    for (int i = 0; i < kOperations && !HasFailure(); ++i) step();
    for (const auto& [key, conversation] : conversations_) check(key, conversation);
    for (int64_t user = 1; user <= kUsers && !HasFailure(); ++user) check_list(user);
  }

 private:
  int64_t pick(int64_t first, int64_t last) {
    return std::uniform_int_distribution<int64_t>(first, last)(random_);
  }
  /// 9 is inactive.
  int64_t anybody() {
    const int64_t user = pick(1, kUsers);
    return user == 9 ? 1 : user;
  }
  static Key of(GroupId group) { return {-1, group.value}; }
  static Key of(int64_t a, int64_t b) { return {std::min(a, b), std::max(a, b)}; }

  void add_group() {
    std::set<int64_t> members;
    const int64_t owner = anybody();
    while (members.size() < 5) members.insert(anybody());
    members.erase(owner);
    std::vector<UserId> ids;
    for (const int64_t id : members) ids.emplace_back(id);
    auto made = run(domain_->administration.add_group("group", UserId(owner), ids));
    ASSERT_TRUE(made);
    members.insert(owner);
    members_[*made] = members;
    groups_.push_back(*made);
    conversations_[of(*made)];
  }

  void step() {
    // Mostly forward, sometimes far back: nothing may depend on it.
    clock_.time.unix_ms += pick(0, 9) == 0 ? -pick(0, 7'200'000) : pick(0, 5000);
    switch (pick(0, 11)) {
      case 0:
        recall_one();
        break;
      case 1:
        read_some();
        break;
      case 2:
        change_members();
        break;
      case 3:
        repeat_one();
        break;
      case 4:
      case 5:
        follow(anybody());
        break;
      default:
        write();
        break;
    }
  }

  void write() {
    const int64_t sender = anybody();
    CreateMessage command;
    command.text = "text " + std::to_string(++texts_);
    const std::string text = *command.text;
    Key key;
    bool may = true;
    if (pick(0, 1) == 0) {
      const GroupId group = groups_[static_cast<size_t>(pick(0, kGroups - 1))];
      command.group_id = group;
      key = of(group);
      may = members_[group].contains(sender);
    } else {
      const int64_t other = anybody();
      if (other == sender) return;
      command.recipient_id = UserId(other);
      key = of(sender, other);
    }
    if (pick(0, 3) == 0) command.sender_key = "key " + std::to_string(texts_);
    auto sent = run(domain_->messages.create(caller(sender), command));
    ASSERT_EQ(sent.has_value(), may);
    if (!may) return;
    if (command.sender_key) keys_.push_back({sender, command, sent->data});
    Conversation& conversation = conversations_[key];
    ASSERT_EQ(sent->data.sequence, static_cast<int64_t>(conversation.messages.size()) + 1);
    if (!conversation.messages.empty()) {
      ASSERT_GT(sent->data.delivery_date, conversation.messages.back().date);
    }
    conversation.messages.push_back({sent->data.id, sender, text, sent->data.delivery_date});
    conversation.read[sender] = sent->data.sequence;
  }

  /// Sent again: the answer is the first one's, also when the sender has left the group since.
  void repeat_one() {
    if (keys_.empty()) return;
    const auto& [sender, command, first] =
        keys_[static_cast<size_t>(pick(0, static_cast<int64_t>(keys_.size()) - 1))];
    auto again = run(domain_->messages.create(caller(sender), command));
    if (!again) {
      ASSERT_TRUE(command.group_id && !members_[*command.group_id].contains(sender));
      return;
    }
    ASSERT_TRUE(again->data.repeated);
    ASSERT_EQ(again->data.id, first.id);
    ASSERT_EQ(again->data.sequence, first.sequence);
  }

  void recall_one() {
    auto& [key, conversation] = any_conversation();
    if (conversation.messages.empty()) return;
    const auto last = static_cast<int64_t>(conversation.messages.size()) - 1;
    Known& known = conversation.messages[static_cast<size_t>(pick(0, last))];
    if (known.system) return;
    UpdateMessage command;
    command.message_id = known.id;
    command.recall_date = clock_.time;
    auto done = run(domain_->messages.update(caller(known.sender), command));
    if (!done || known.recalled) return;  // too late, or done before
    known.recalled = true;
    Known notice;
    notice.sender = known.sender;
    notice.system = true;
    ASSERT_EQ(done->effects.pushes.size(), 1u);
    const Message& told = std::get<SystemMessagePushed>(done->effects.pushes[0].event).message;
    ASSERT_EQ(told.sequence, static_cast<int64_t>(conversation.messages.size()) + 1);
    notice.id = told.id;
    notice.date = told.delivery_date;
    conversation.messages.push_back(notice);
  }

  void read_some() {
    auto& [key, conversation] = any_conversation();
    const auto last = static_cast<int64_t>(conversation.messages.size());
    UpdateConversation command;
    int64_t reader = anybody();
    if (key.first == -1) {
      command.group_id = GroupId(key.second);
    } else {
      reader = pick(0, 1) == 0 ? key.first : key.second;
      command.user_id = UserId(reader == key.first ? key.second : key.first);
    }
    if (pick(0, 1) == 0) command.read_sequence = pick(0, last + 2);
    auto done = run(domain_->conversations.update_read_date(caller(reader), command));
    if (key.first == -1 && !members_[GroupId(key.second)].contains(reader)) {
      ASSERT_FALSE(done);
      return;
    }
    int64_t& read = conversation.read[reader];
    const int64_t asked = std::min(command.read_sequence.value_or(last), last);
    if (!done) {
      ASSERT_EQ(done.error().code, Code::kReadDateMovesBackwards);
      ASSERT_LT(asked, read);
      return;
    }
    // Nothing happens where the other side has written nothing.
    if (!done->effects.pushes.empty()) read = asked;
  }

  void change_members() {
    const GroupId group = groups_[static_cast<size_t>(pick(0, kGroups - 1))];
    std::set<int64_t>& members = members_[group];
    const int64_t user = anybody();
    const auto owner = run(domain_->context().groups.get(group));
    ASSERT_TRUE(owner && *owner);
    if ((*owner)->group.owner_id == UserId(user)) return;
    auto& repository = store_->repositories().groups;
    if (members.contains(user)) {
      ASSERT_TRUE(run(repository.remove_members(
          Rights::administrator(action::RemoveMembers{group, users({user})}), clock_.time)));
      members.erase(user);
    } else {
      GroupMember member;
      member.group_id = group;
      member.user_id = UserId(user);
      member.join_date = clock_.time;
      ASSERT_TRUE(run(
          repository.add_members(Rights::administrator(action::AddMembers{group, users({user})}),
                                 {member}, 500, clock_.time)));
      members.insert(user);
      Conversation& conversation = conversations_[of(group)];
      conversation.read[user] = static_cast<int64_t>(conversation.messages.size());
    }
    domain_->forget_cached();
  }

  /// A client that has lost its connection at some point catches up in pages.
  void follow(int64_t user) {
    auto& [key, conversation] = any_conversation();
    QueryConversationMessages query;
    bool may = true;
    if (key.first == -1) {
      query.conversation.group_id = GroupId(key.second);
      may = members_[GroupId(key.second)].contains(user);
    } else if (user == key.first || user == key.second) {
      query.conversation.user_id = UserId(user == key.first ? key.second : key.first);
    } else {
      return;
    }
    const auto last = static_cast<int64_t>(conversation.messages.size());
    query.after_sequence = pick(0, last);
    query.max_count = static_cast<int32_t>(pick(1, 5));
    int64_t next = query.after_sequence + 1;
    for (;;) {
      auto page = run(domain_->conversations.messages_after(caller(user), query));
      ASSERT_EQ(page.has_value(), may);
      if (!may) return;
      ASSERT_EQ(page->last_sequence, last);
      for (const Message& message : page->messages) {
        const Known& known = conversation.messages[static_cast<size_t>(next - 1)];
        ASSERT_EQ(message.sequence, next++);
        ASSERT_EQ(message.id, known.id);
        ASSERT_EQ(message.recall_date.has_value(), known.recalled);
        ASSERT_EQ(message.text.value_or(""), known.recalled ? "" : known.text);
      }
      ASSERT_GE(page->through_sequence, query.after_sequence);
      query.after_sequence = page->through_sequence;
      if (page->through_sequence >= page->last_sequence) break;
    }
    ASSERT_EQ(next, last + 1);
  }

  std::pair<const Key, Conversation>& any_conversation() {
    auto at = conversations_.begin();
    std::advance(at, pick(0, static_cast<int64_t>(conversations_.size()) - 1));
    return *at;
  }

  /// Everybody in it pages by date to the same messages in the same order, as upstream's clients
  /// do.
  void check(const Key& key, const Conversation& conversation) {
    if (key.first != -1) return;
    std::vector<MessageId> expected;
    for (const Known& known : conversation.messages) {
      if (!known.recalled) expected.push_back(known.id);
    }
    for (int64_t user = 1; user <= kUsers; ++user) {
      QueryMessages query;
      query.are_group_messages = true;
      query.from_ids.push_back(key.second);
      query.max_count = 7;
      std::vector<MessageId> paged;
      for (;;) {
        auto found = run(domain_->messages.query(caller(user), query));
        if (!members_[GroupId(key.second)].contains(user)) {
          ASSERT_FALSE(found);
          ASSERT_EQ(found.error().code, Code::kQueryMessagesNotMember);
          break;
        }
        if (!found) break;
        for (const Message& message : found->messages) paged.push_back(message.id);
        query.delivery_date_start = WallTime{found->messages.back().delivery_date.unix_ms + 1};
      }
      if (members_[GroupId(key.second)].contains(user)) {
        ASSERT_EQ(paged, expected);
      }
    }
  }

  void check_list(int64_t user) {
    QueryConversationList query;
    query.limit = 1000;
    auto list = run(domain_->conversations.list(caller(user), query));
    ASSERT_TRUE(list);
    std::set<Key> listed;
    for (const ConversationSummary& summary : *list) {
      const Key key = summary.conversation.group_id ? of(*summary.conversation.group_id)
                                                    : of(user, summary.conversation.user_id->value);
      ASSERT_TRUE(listed.insert(key).second);
      Conversation& conversation = conversations_[key];
      ASSERT_EQ(summary.last_sequence, static_cast<int64_t>(conversation.messages.size()));
      const int64_t read = conversation.read[user];
      int32_t unread = 0;
      for (size_t i = static_cast<size_t>(read); i < conversation.messages.size(); ++i) {
        const Known& known = conversation.messages[i];
        if (!known.recalled && !known.system && known.sender != user) ++unread;
      }
      ASSERT_EQ(summary.read_sequence, read);
      ASSERT_EQ(summary.unread, unread);
    }
    for (const auto& [key, conversation] : conversations_) {
      const bool theirs = key.first == -1 ? members_[GroupId(key.second)].contains(user)
                                          : key.first == user || key.second == user;
      const bool expected = theirs && (key.first == -1 || !conversation.messages.empty());
      ASSERT_EQ(listed.contains(key), expected);
    }
  }

  struct Repeatable {
    int64_t sender = 0;
    CreateMessage command;
    Placed first;
  };

  std::mt19937_64 random_;
  std::vector<GroupId> groups_;
  std::map<GroupId, std::set<int64_t>> members_;
  std::map<Key, Conversation> conversations_;
  std::vector<Repeatable> keys_;
  int64_t texts_ = 0;
};

int64_t number_from(const char* name, int64_t fallback) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atoll(text) : fallback;
}

// A store for each: they are independent of what was played before.
class SeededModelTest : public ModelTest, public ::testing::WithParamInterface<int64_t> {};

TEST_P(SeededModelTest, WhatIsSeenIsWhatWasDone) {
  play(static_cast<uint64_t>(GetParam()));
}

std::vector<int64_t> seeds() {
  if (const int64_t one = number_from("TURMS_MODEL_SEED", -1); one >= 0) return {one};
  std::vector<int64_t> all;
  for (int64_t seed = 0; seed < number_from("TURMS_MODEL_SEEDS", 100); ++seed) all.push_back(seed);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Seeds, SeededModelTest, ::testing::ValuesIn(seeds()),
                         [](const auto& seed) { return std::to_string(seed.param); });

}  // namespace
}  // namespace turms::im
