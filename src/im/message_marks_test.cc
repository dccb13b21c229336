#include "im/message_marks.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class MessageMarksTest : public DomainTest {
 protected:
  MessageMarks& marks() { return domain_->message_marks; }

  /// "1: 2 (3 4), …": kinds, how many, and who.
  std::string reactions(int64_t reader, GroupId group) {
    QueryConversationMessages query;
    query.conversation.group_id = group;
    std::string text;
    for (const Message& message :
         ok(domain_->conversations.messages_after(caller(reader), query)).messages) {
      for (const ReactionGroup& one : message.reactions) {
        text += std::to_string(one.type) + ": " + std::to_string(one.count) + " (";
        for (const UserId user : one.users) text += std::to_string(user.value) + " ";
        text.back() = ')';
        text += " ";
      }
    }
    return text;
  }
};

TEST_F(MessageMarksTest, ReactionsAreCounted) {
  const GroupId id = make_group(1, {2, 3});
  const MessageId message = send(1, id, std::nullopt);
  const auto reply = ok(marks().react(caller(2), message, {7, 5, 7}));
  EXPECT_EQ(relayed_to(reply), "1 2 3 +other");
  EXPECT_TRUE(reply.effects.relay.audience.extensions_only);
  EXPECT_EQ(relayed_to(ok(marks().react(caller(2), message, {5}))), "") << "it is there already";
  pass(std::chrono::seconds(1));
  ok(marks().react(caller(3), message, {5}));
  EXPECT_EQ(reactions(1, id), "5: 2 (2 3) 7: 1 (2) ");
  ok(marks().take_back(caller(2), message, {5}));
  EXPECT_EQ(reactions(1, id), "5: 1 (3) 7: 1 (2) ");
  ok(marks().take_back(caller(2), message, {}));
  EXPECT_EQ(reactions(1, id), "5: 1 (3) ");

  EXPECT_EQ(code(marks().react(caller(4), message, {5})), 1102) << "no member";
  EXPECT_EQ(code(marks().react(caller(2), message, {})), 1102);
  EXPECT_EQ(code(marks().react(caller(2), message, {-1})), 1102);
  EXPECT_EQ(code(marks().react(caller(2), MessageId(5), {1})), 1102);
  for (int32_t type = 100; type < 100 + MessageMarks::kMaxReactionTypes - 1; ++type) {
    ok(marks().react(caller(2), message, {type}));
  }
  EXPECT_EQ(code(marks().react(caller(2), message, {200})), 1102) << "too many kinds";
  EXPECT_EQ(code(marks().react(caller(2), message, {5})), 1000) << "one that is there";
}

TEST_F(MessageMarksTest, ManagersPinInAGroupAndBothInPrivate) {
  const GroupId id = make_group(1, {2});
  const MessageId first = send(1, id, std::nullopt);
  const MessageId second = send(2, id, std::nullopt);
  EXPECT_EQ(code(marks().pin(caller(2), first, true)), 1106);
  EXPECT_EQ(relayed_to(ok(marks().pin(caller(1), first, true))), "1 2 +other");
  EXPECT_EQ(relayed_to(ok(marks().pin(caller(1), first, true))), "");
  ok(marks().pin(caller(1), second, true));
  auto found = ok(marks().pinned(caller(2), {{}, id}));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].id, second);
  EXPECT_EQ(code(marks().pinned(caller(3), {{}, id})), 5300);
  ok(marks().pin(caller(1), second, false));
  EXPECT_EQ(ok(marks().pinned(caller(2), {{}, id})).size(), 1u);

  const MessageId direct = send(1, std::nullopt, 2);
  EXPECT_EQ(code(marks().pin(caller(3), direct, true)), 1102);
  EXPECT_EQ(relayed_to(ok(marks().pin(caller(2), direct, true))), "1 2 +other");
  EXPECT_EQ(ok(marks().pinned(caller(1), {UserId(2), {}})).size(), 1u);
  UpdateMessage recall;
  recall.message_id = direct;
  recall.recall_date = clock_.time;
  ok(domain_->messages.update(caller(1), recall));
  EXPECT_EQ(code(marks().pinned(caller(1), {UserId(2), {}})), 1001);
  EXPECT_EQ(code(marks().pin(caller(1), direct, true)), 1102);
}

class MessageLifeTest : public DomainTest {
 protected:
  MessageId write(int64_t from, std::optional<GroupId> group, std::optional<int64_t> to,
                  std::optional<int32_t> burn_after, std::string text = "text") {
    CreateMessage command;
    command.group_id = group;
    if (to) command.recipient_id = UserId(*to);
    command.text = std::move(text);
    command.burn_after = burn_after;
    return ok(domain_->messages.create(caller(from), command)).data.id;
  }
  void tidy() {
    run([](Messages& messages) -> Task<None> {
      co_await messages.tidy();
      co_return None{};
    }(domain_->messages));
  }
  bool is_kept(MessageId id) {
    const auto found = run(store_->repositories().messages.find(id));
    EXPECT_TRUE(found);
    return found && found->has_value();
  }
  std::vector<MessageId> found(int64_t reader, std::string query,
                               std::optional<GroupId> group = std::nullopt) {
    std::vector<MessageId> ids;
    auto all = run(domain_->messages.search(caller(reader), {std::move(query), {}, group, {}}));
    if (!all) {
      EXPECT_EQ(all.error().code, Code::kNoContent);
      return ids;
    }
    for (const FoundText& text : *all) ids.push_back(text.message.id);
    return ids;
  }
};

TEST_F(MessageLifeTest, APrivateMessageBurnsAfterItWasRead) {
  const MessageId message = write(1, std::nullopt, 2, 10);
  const MessageId other = write(1, std::nullopt, 2, std::nullopt);
  pass(std::chrono::seconds(100));
  tidy();
  EXPECT_TRUE(is_kept(message)) << "not read yet";
  UpdateConversation read;
  read.user_id = UserId(1);
  ok(domain_->conversations.update_read_date(caller(2), read));
  tidy();
  pass(std::chrono::seconds(9));
  tidy();
  EXPECT_TRUE(is_kept(message));
  pass(std::chrono::seconds(1));
  tidy();
  EXPECT_FALSE(is_kept(message));
  EXPECT_TRUE(is_kept(other));
}

TEST_F(MessageLifeTest, WhatIsDeletedFreesNoSequence) {
  const GroupId id = make_group(1, {2});
  write(1, id, std::nullopt, 5);
  const MessageId last = write(1, id, std::nullopt, 5);
  pass(std::chrono::seconds(6));
  tidy();
  EXPECT_FALSE(is_kept(last));
  CreateMessage command;
  command.group_id = id;
  command.text = "next";
  EXPECT_EQ(ok(domain_->messages.create(caller(1), command)).data.sequence, 3);
  QueryConversationMessages query;
  query.conversation.group_id = id;
  const auto page = ok(domain_->conversations.messages_after(caller(2), query));
  ASSERT_EQ(page.messages.size(), 1u);
  EXPECT_EQ(page.through_sequence, 3) << "what is missing was deleted";
}

TEST_F(MessageLifeTest, MessagesAreKeptAsLongAsIsConfigured) {
  const MessageId old = send(1, std::nullopt, 2);
  pass(std::chrono::hours(2));
  const MessageId young = send(1, std::nullopt, 2);
  tidy();
  EXPECT_TRUE(is_kept(old));
  domain_->context().settings.message.retention_period = std::chrono::hours(1);
  tidy();
  EXPECT_FALSE(is_kept(old));
  EXPECT_TRUE(is_kept(young));
}

TEST_F(MessageLifeTest, WhoSaysItMoreAndInFewerWordsIsFirst) {
  const GroupId id = make_group(1, {2});
  const MessageId once = send(1, id, std::nullopt, "tea");
  const MessageId twice = send(1, id, std::nullopt, "tea, tea");
  const MessageId among_others = send(1, id, std::nullopt, "tea " + std::string(300, 'x'));
  const MessageId again = send(1, id, std::nullopt, "Tea");
  EXPECT_EQ(found(2, "tea"), (std::vector<MessageId>{twice, again, once, among_others}));
}

TEST_F(MessageLifeTest, AGroupKeepsItsMessagesAsItsOwnerSays) {
  const GroupId id = make_group(1, {2});
  const GroupId other = make_group(1, {2});
  const MessageId old = send(1, id, std::nullopt);
  const MessageId elsewhere = send(1, other, std::nullopt);
  pass(std::chrono::hours(2));
  const MessageId young = send(1, id, std::nullopt);
  EXPECT_EQ(code(domain_->messages.set_retention(caller(2), id, 1)), 3001);
  EXPECT_EQ(code(domain_->messages.set_retention(caller(1), GroupId(5), 1)), 3000);
  EXPECT_EQ(code(domain_->messages.set_retention(caller(1), id, 0)), 1102);
  EXPECT_EQ(relayed_to(ok(domain_->messages.set_retention(caller(1), id, 1))), "1 2 +other");
  EXPECT_EQ(ok(domain_->conversations.list(caller(2), {}))[0].retention_hours, 1);
  tidy();
  EXPECT_FALSE(is_kept(old));
  EXPECT_TRUE(is_kept(young));
  EXPECT_TRUE(is_kept(elsewhere));
  ok(domain_->messages.set_retention(caller(1), id, std::nullopt));
  pass(std::chrono::hours(2));
  tidy();
  EXPECT_TRUE(is_kept(young));
}

TEST_F(MessageLifeTest, TextsAreFoundByThoseWhoMaySeeThem) {
  const GroupId id = make_group(1, {2});
  const MessageId english = send(1, id, std::nullopt, "See you at the Meeting tomorrow");
  const MessageId chinese = send(2, id, std::nullopt, "明天下午开会");
  const MessageId direct = send(3, std::nullopt, 1, "about the meeting");
  using Ids = std::vector<MessageId>;
  EXPECT_EQ(found(1, "开会"), Ids{chinese});
  EXPECT_EQ(found(1, "会"), Ids{chinese});
  EXPECT_EQ(found(1, "下午开"), Ids{chinese});
  EXPECT_EQ(found(1, "午明"), Ids{});
  EXPECT_EQ(found(2, "MEET"), Ids{english}) << "not what is between others";
  EXPECT_EQ(found(1, "meeting").size(), 2u);
  EXPECT_EQ(found(3, "meeting"), Ids{direct});
  EXPECT_EQ(found(1, "at the"), Ids{english});
  EXPECT_EQ(found(1, "meeting", id), Ids{english});
  EXPECT_EQ(found(4, "meeting"), Ids{});
  EXPECT_EQ(code(domain_->messages.search(caller(4), {"x", {}, id, {}})), 5300);
  EXPECT_EQ(found(1, "\" OR place : g"), Ids{});

  UpdateMessage edit;
  edit.message_id = english;
  edit.text = "See you in the evening";
  ok(domain_->messages.update(caller(1), edit));
  EXPECT_EQ(found(2, "meeting"), Ids{});
  EXPECT_EQ(found(2, "evening"), Ids{english});
  UpdateMessage recall;
  recall.message_id = english;
  recall.recall_date = clock_.time;
  ok(domain_->messages.update(caller(1), recall));
  EXPECT_EQ(found(2, "evening"), Ids{});

  const auto highlighted = ok(domain_->messages.search(caller(1), {"开会", {}, {}, {}}));
  using Highlight = FoundText::Highlight;
  EXPECT_EQ(highlighted[0].highlights, (std::vector<Highlight>{{4, 2}}));
}

}  // namespace
}  // namespace turms::im
