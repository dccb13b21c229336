#include "im/conversations.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class ConversationsTest : public DomainTest {
 protected:
  static UpdateConversation with_user(int64_t user) {
    UpdateConversation command;
    command.user_id = UserId(user);
    return command;
  }
  static UpdateConversation in_group(GroupId id) {
    UpdateConversation command;
    command.group_id = id;
    return command;
  }
  int update_code(int64_t requester, UpdateConversation command) {
    return code(domain_->conversations.update_read_date(caller(requester), command));
  }
  std::string typed(int64_t requester, bool in_group, int64_t to) {
    UpdateTypingStatus command{in_group, to};
    return relayed_to(ok(domain_->conversations.update_typing_status(caller(requester), command)));
  }
  int typing_code(int64_t requester, bool in_group, int64_t to) {
    UpdateTypingStatus command{in_group, to};
    return code(domain_->conversations.update_typing_status(caller(requester), command));
  }
};

TEST_F(ConversationsTest, ReadDatesAreTheServersTime) {
  send(2, std::nullopt, 1);
  pass(5s);
  UpdateConversation command = with_user(2);
  command.read_date = WallTime{1};
  EXPECT_EQ(relayed_to(ok(domain_->conversations.update_read_date(caller(1), command))), "+other");
  QueryConversations theirs;
  theirs.user_ids = users({1, 3});
  // The other side's record: how far 1 has read what 2 wrote.
  const auto found = ok(domain_->conversations.query(caller(2), theirs));
  ASSERT_EQ(found.private_conversations.size(), 1u);
  EXPECT_EQ(found.private_conversations[0].owner_id, UserId(1));
  EXPECT_EQ(found.private_conversations[0].target_id, UserId(2));
  EXPECT_EQ(found.private_conversations[0].read_date, clock_.time);
}

TEST_F(ConversationsTest, ReadingWhoNeverWroteIsSilentlyDone) {
  EXPECT_EQ(relayed_to(ok(domain_->conversations.update_read_date(caller(1), with_user(2)))), "");
  send(1, std::nullopt, 2);
  EXPECT_EQ(relayed_to(ok(domain_->conversations.update_read_date(caller(1), with_user(2)))), "");
  QueryConversations query;
  query.user_ids = users({2});
  EXPECT_TRUE(ok(domain_->conversations.query(caller(1), query)).private_conversations.empty());
  // That the other side has read is no message from them.
  ok(domain_->conversations.update_read_date(caller(2), with_user(1)));
  EXPECT_EQ(relayed_to(ok(domain_->conversations.update_read_date(caller(1), with_user(2)))), "");
  // The server's message on their behalf (a meeting's invitation) is one.
  ok(domain_->messages.create_system_message(UserId(2), std::nullopt, UserId(1), {Bytes{1}}));
  EXPECT_EQ(relayed_to(ok(domain_->conversations.update_read_date(caller(1), with_user(2)))),
            "+other");
}

TEST_F(ConversationsTest, AClockThatStepsBackIsNoReasonToRefuse) {
  const GroupId id = make_group(1, {2});
  send(2, std::nullopt, 1);
  EXPECT_EQ(update_code(1, with_user(2)), 1000);
  EXPECT_EQ(update_code(1, with_user(2)), 1000);
  EXPECT_EQ(update_code(1, in_group(id)), 1000);
  clock_.time.unix_ms -= 1000;
  EXPECT_EQ(update_code(1, with_user(2)), 1000);
  EXPECT_EQ(update_code(1, in_group(id)), 1000);
}

TEST_F(ConversationsTest, WhoWroteIsToldHowFarItWasRead) {
  send(2, std::nullopt, 1);
  const auto reply = ok(domain_->conversations.update_read_date(caller(1), with_user(2)));
  ASSERT_EQ(reply.effects.pushes.size(), 1u);
  EXPECT_EQ(audience(reply.effects.pushes[0].audience), "2 +other");
  EXPECT_TRUE(reply.effects.pushes[0].audience.extensions_only);
  const auto& moved = std::get<ReadPositionMoved>(reply.effects.pushes[0].event);
  EXPECT_EQ(moved.read_sequence, 1);
  EXPECT_EQ(moved.reader_id, UserId(1));
}

TEST_F(ConversationsTest, TheListShowsWhatIsNew) {
  const GroupId id = make_group(1, {2, 3});
  const MessageId first = send(2, id, std::nullopt, "one");
  pass(std::chrono::seconds(1));
  send(3, id, std::nullopt, "two for @{1}");
  pass(std::chrono::seconds(1));
  send(4, std::nullopt, 1, "psst");
  pass(std::chrono::seconds(1));
  UpdateMessage recall;
  recall.message_id = first;
  recall.recall_date = clock_.time;
  ok(domain_->messages.update(caller(2), recall));
  pass(std::chrono::seconds(1));
  auto list = ok(domain_->conversations.list(caller(1), {}));
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].conversation.group_id, id) << "the notice came last";
  EXPECT_EQ(list[0].last_sequence, 3);
  EXPECT_EQ(list[0].unread, 1) << "neither what was recalled nor the notice";
  EXPECT_TRUE(list[0].mentioned);
  EXPECT_EQ(list[1].conversation.user_id, UserId(4));
  EXPECT_EQ(list[1].unread, 1);
  EXPECT_FALSE(list[1].mentioned);
  ASSERT_TRUE(list[1].last_message);
  EXPECT_EQ(list[1].last_message->text, "psst");
  EXPECT_EQ(ok(domain_->conversations.list(caller(4), {}))[0].their_read_sequence, 0);
  EXPECT_EQ(update_code(1, with_user(4)), 1000);
  EXPECT_EQ(update_code(1, in_group(id)), 1000);
  list = ok(domain_->conversations.list(caller(1), {.skip = 1, .limit = 1}));
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].unread, 0);
  EXPECT_EQ(list[0].read_sequence, 1);
  EXPECT_EQ(ok(domain_->conversations.list(caller(4), {}))[0].their_read_sequence, 1);
  EXPECT_EQ(code(domain_->conversations.list(caller(1), {.skip = -1})), 1102);
  EXPECT_TRUE(ok(domain_->conversations.list(caller(5), {})).empty());
}

TEST_F(ConversationsTest, AClientGetsWhatItMissedInPages) {
  const GroupId id = make_group(1, {2});
  for (int i = 0; i < 5; ++i) send(1, id, std::nullopt, std::to_string(i));
  QueryConversationMessages query;
  query.conversation.group_id = id;
  query.after_sequence = 1;
  query.max_count = 3;
  auto page = ok(domain_->conversations.messages_after(caller(2), query));
  ASSERT_EQ(page.messages.size(), 3u);
  EXPECT_EQ(page.messages[0].sequence, 2);
  EXPECT_EQ(page.through_sequence, 4);
  EXPECT_EQ(page.last_sequence, 5);
  query.after_sequence = page.through_sequence;
  page = ok(domain_->conversations.messages_after(caller(2), query));
  ASSERT_EQ(page.messages.size(), 1u);
  EXPECT_EQ(page.through_sequence, 5);
  EXPECT_EQ(code(domain_->conversations.messages_after(caller(3), query)), 5300);
  query.max_count = 0;
  EXPECT_EQ(code(domain_->conversations.messages_after(caller(2), query)), 1102);
  EXPECT_EQ(code(domain_->conversations.messages_after(caller(2), {})), 1102);
}

class ConversationSettingsTest : public DomainTest {
 protected:
  ConversationSettingsTest() {
    domain_->context().settings.conversation.settings = {"colour", "born!"};
  }
  Caller aware(int64_t user) {
    Caller one = caller(user);
    one.extensions = true;
    return one;
  }
  static ConversationRef with(int64_t user) { return {UserId(user), {}}; }
};

TEST_F(ConversationSettingsTest, AreKeptForAllDevices) {
  auto& service = domain_->conversation_settings;
  const GroupId id = make_group(1, {2});
  relate(1, 2, false);
  EXPECT_EQ(relayed_to(ok(service.update(caller(1), with(2), {{"colour", "red"}, {"born", "x"}}))),
            "+other");
  EXPECT_EQ(relayed_to(ok(service.update(caller(1), with(2), {{"colour", "red"}}))), "")
      << "nothing changed";
  EXPECT_EQ(code(service.update(caller(1), with(2), {{"born", "y"}})), 1102);
  EXPECT_EQ(code(service.update(caller(1), with(2), {{"other", "y"}})), 1102);
  EXPECT_EQ(code(service.update(caller(1), {}, {{"colour", "y"}})), 1102);
  EXPECT_EQ(code(service.update(caller(1), with(3), {{"colour", "y"}})), 4200);
  EXPECT_EQ(code(service.update(caller(3), {{}, id}, {{"colour", "y"}})), 4201);
  EXPECT_EQ(code(service.update(caller(1), with(2), {{"pinned", "y"}})), 1102);
  pass(std::chrono::seconds(1));
  EXPECT_EQ(code(service.update(caller(1), {{}, id}, {{"colour", "blue"}})), 1000);

  auto found = ok(service.query(caller(1), {}, {}));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].settings.at("colour"), "red");
  EXPECT_EQ(ok(service.query(caller(1), {}, clock_.time)).size(), 1u);
  EXPECT_EQ(ok(service.query(caller(1), {.group_ids = {id}}, {})).size(), 1u);
  EXPECT_TRUE(ok(service.query(caller(2), {}, {})).empty());
  EXPECT_EQ(code(service.remove(caller(1), {.names = {"born"}})), 1102);
  EXPECT_EQ(relayed_to(ok(service.remove(caller(1), {.user_ids = users({2})}))), "+other");
  EXPECT_EQ(relayed_to(ok(service.remove(caller(1), {.user_ids = users({2})}))), "");
  found = ok(service.query(caller(1), {.user_ids = users({2})}, {}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].settings.size(), 1u) << "what does not change stays";
}

TEST_F(ConversationSettingsTest, TheListShowsWhatIsPinnedAndMuted) {
  send(3, std::nullopt, 1);
  const std::string yes("\x28\x01", 2);
  EXPECT_EQ(code(domain_->conversation_settings.update(aware(1), with(3),
                                                       {{"pinned", yes}, {"muted", "\x28"}})),
            1000)
      << "of strangers too";
  const auto list = ok(domain_->conversations.list(aware(1), {}));
  ASSERT_EQ(list.size(), 1u);
  EXPECT_TRUE(list[0].pinned);
  EXPECT_FALSE(list[0].muted);
}

TEST_F(ConversationsTest, ReadPositionsDoNotMoveBackwards) {
  const GroupId id = make_group(1, {2});
  for (int i = 0; i < 3; ++i) send(2, id, std::nullopt);
  UpdateConversation read = in_group(id);
  read.read_sequence = 2;
  EXPECT_EQ(update_code(1, read), 1000);
  EXPECT_EQ(update_code(1, read), 1000);
  read.read_sequence = 1;
  EXPECT_EQ(update_code(1, read), 4004);
  read.read_sequence = -1;
  EXPECT_EQ(update_code(1, read), 1102);
}

TEST_F(ConversationsTest, GroupReadDatesAreTheMembers) {
  const GroupId id = make_group(1, {2});
  GroupType silent;
  silent.read_receipt = false;
  const GroupId silent_id = make_group_of_type(silent, 1, {2});
  EXPECT_EQ(update_code(3, in_group(id)), 4003);
  EXPECT_EQ(update_code(1, in_group(GroupId(5))), 4002);
  EXPECT_EQ(update_code(1, in_group(silent_id)), 4001);
  UpdateConversation both = in_group(id);
  both.user_id = UserId(2);
  EXPECT_EQ(update_code(1, both), 1102);
  EXPECT_EQ(update_code(1, UpdateConversation{}), 1102);
  EXPECT_EQ(update_code(2, in_group(id)), 1000);
  send(1, id, std::nullopt);
  QueryConversations query;
  query.group_ids = {id, GroupId(5)};
  const auto found = ok(domain_->conversations.query(caller(1), query));
  ASSERT_EQ(found.group_conversations.size(), 1u);
  EXPECT_EQ(found.group_conversations[0].reads.size(), 2u) << "sending is reading";
}

TEST_F(ConversationsTest, GroupReadDatesAreShownToMembersOnly) {
  const GroupId theirs = make_group(1, {2});
  const GroupId mine = make_group(3, {2});
  send(1, theirs, std::nullopt);
  send(3, mine, std::nullopt);
  QueryConversations query;
  query.group_ids = {theirs, mine};
  const auto found = ok(domain_->conversations.query(caller(3), query));
  ASSERT_EQ(found.group_conversations.size(), 1u);
  EXPECT_EQ(found.group_conversations[0].group_id, mine);
  EXPECT_TRUE(ok(domain_->conversations.query(caller(8), query)).group_conversations.empty());
  EXPECT_EQ(ok(domain_->conversations.query(caller(2), query)).group_conversations.size(), 2u);

  ok(domain_->group_members.remove(caller(3), {.group_id = mine, .member_ids = users({2})}));
  EXPECT_EQ(ok(domain_->conversations.query(caller(2), query)).group_conversations.size(), 1u);
}

TEST_F(ConversationsTest, QueryingNothingIsNoContent) {
  EXPECT_EQ(code(domain_->conversations.query(caller(1), {})), 1001);
  QueryConversations query;
  query.user_ids = users({2});
  EXPECT_TRUE(ok(domain_->conversations.query(caller(1), query)).private_conversations.empty());
}

TEST_F(ConversationsTest, TypingIsShownToWhomItConcerns) {
  const GroupId id = make_group(1, {2, 3});
  EXPECT_EQ(typed(2, true, id.value), "1 2 3 +self");
  EXPECT_EQ(typing_code(4, true, id.value), 4101);
  EXPECT_EQ(typing_code(1, true, 5), 4101);
  EXPECT_EQ(typing_code(1, false, 2), 4102) << "no relationship";
  relate(2, 1, false);
  EXPECT_EQ(typed(1, false, 2), "2");
  EXPECT_EQ(typing_code(2, false, 1), 4102) << "one-sided";
  relate(2, 1, true);
  EXPECT_EQ(typing_code(1, false, 2), 4102) << "blocked";
}

}  // namespace
}  // namespace turms::im
