#include "im/messages.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class MessagesTest : public DomainTest {
 protected:
  static CreateMessage to_user(int64_t recipient, std::optional<std::string> text = "text") {
    CreateMessage command;
    command.recipient_id = UserId(recipient);
    command.text = std::move(text);
    return command;
  }
  static CreateMessage to_group(GroupId id) {
    CreateMessage command;
    command.group_id = id;
    command.text = "text";
    return command;
  }
  static CreateMessage forward(MessageId id, int64_t recipient) {
    CreateMessage command;
    command.message_id = id;
    command.recipient_id = UserId(recipient);
    return command;
  }
  static UpdateMessage edit(MessageId id, std::string text) {
    UpdateMessage command;
    command.message_id = id;
    command.text = std::move(text);
    return command;
  }
  UpdateMessage recall(MessageId id) {
    UpdateMessage command;
    command.message_id = id;
    command.recall_date = clock_.time;
    return command;
  }
  static QueryMessages query(bool of_groups) {
    QueryMessages query;
    query.are_group_messages = of_groups;
    return query;
  }
  int send_code(int64_t sender, CreateMessage command) {
    return code(domain_->messages.create(caller(sender), std::move(command)));
  }
  int update_code(int64_t requester, UpdateMessage command) {
    return code(domain_->messages.update(caller(requester), std::move(command)));
  }
  std::vector<MessageId> found(int64_t requester, QueryMessages query) {
    std::vector<MessageId> ids;
    for (const Message& message : ok(domain_->messages.query(caller(requester), query)).messages) {
      ids.push_back(message.id);
    }
    return ids;
  }
};

TEST_F(MessagesTest, AMessageIsCheckedBeforeAnythingElse) {
  const auto with = [](auto change) {
    CreateMessage command = to_user(2);
    change(command);
    return command;
  };
  const std::pair<CreateMessage, int> cases[] = {
      {to_user(2), 1000},
      {with([](CreateMessage& c) { c.is_system_message = false; }), 1000},
      {with([](CreateMessage& c) { c.is_system_message = true; }), 1102},
      {with([](CreateMessage& c) { c.recipient_id.reset(); }), 1102},
      {with([](CreateMessage& c) { c.group_id = GroupId(1); }), 1102},
      {with([](CreateMessage& c) { c.text.reset(); }), 1102},
      {with([](CreateMessage& c) { c.text = ""; }), 1102},
      {with([](CreateMessage& c) {
         c.text.reset();
         c.records = {Bytes{1}};
       }),
       1000},
      {with([](CreateMessage& c) { c.text = std::string(500, 'x'); }), 1000},
      {with([](CreateMessage& c) { c.text = std::string(501, 'x'); }), 1102},
      {with([](CreateMessage& c) { c.burn_after = 0; }), 1000},
      {with([](CreateMessage& c) { c.burn_after = -1; }), 1102},
  };
  int number = 0;
  for (const auto& [command, expected] : cases) {
    EXPECT_EQ(send_code(1, command), expected) << "case " << number++;
  }
}

TEST_F(MessagesTest, TextIsCountedInUtf16) {
  std::string two_units;
  std::string one_unit;
  for (int i = 0; i < 250; ++i) two_units += "\xF0\x9F\x98\x80";
  for (int i = 0; i < 500; ++i) one_unit += "\xE4\xB8\xAD";
  EXPECT_EQ(send_code(1, to_user(2, two_units)), 1000);
  EXPECT_EQ(send_code(1, to_user(2, two_units + "x")), 1102);
  EXPECT_EQ(send_code(1, to_user(2, one_unit)), 1000);
  EXPECT_EQ(send_code(1, to_user(2, one_unit + "x")), 1102);
}

TEST_F(MessagesTest, PrivateMessagesReachWhoDoesNotBlockTheSender) {
  relate(3, 1, true);
  EXPECT_EQ(send_code(1, to_user(2)), 1000) << "strangers may write";
  EXPECT_EQ(send_code(1, to_user(1)), 5007);
  EXPECT_EQ(send_code(1, to_user(3)), 5002);
  EXPECT_EQ(send_code(3, to_user(1)), 1000) << "blocking is one-sided";
  EXPECT_EQ(send_code(1, to_user(9)), 5000) << "inactive";
  EXPECT_EQ(send_code(1, to_user(99)), 5000) << "nonexistent";
  pass(1ms);
  const auto reply = ok(domain_->messages.create(caller(1), to_user(2)));
  EXPECT_EQ(relayed_to(reply), "2 +other");
  EXPECT_EQ(reply.effects.relay.amendments.message_id, reply.data.id);
  EXPECT_EQ(reply.effects.relay.amendments.delivery_date, clock_.time);
}

TEST_F(MessagesTest, GroupMessagesFollowMembershipAndMutes) {
  const GroupId id = make_group(1, {2, 3});
  EXPECT_EQ(send_code(4, to_group(id)), 5009);
  block_in_group(id, 3);
  EXPECT_EQ(send_code(3, to_group(id)), 5009) << "blocked, in a group where no guest speaks";
  EXPECT_EQ(send_code(1, to_group(GroupId(5))), 5004);
  const auto sent = ok(domain_->messages.create(caller(2), to_group(id)));
  EXPECT_EQ(relayed_to(sent), "1 2 +other");

  UpdateGroupMember mute;
  mute.group_id = id;
  mute.member_id = UserId(2);
  mute.mute_end_date = WallTime{clock_.time.unix_ms + 1000};
  ok(domain_->group_members.update(caller(1), mute));
  EXPECT_EQ(send_code(2, to_group(id)), 5008);
  EXPECT_EQ(update_code(2, edit(sent.data.id, "speaking anyway")), 5008);
  pass(1s);
  EXPECT_EQ(send_code(2, to_group(id)), 1000) << "the mute is over at once";

  UpdateGroup mute_all;
  mute_all.group_id = id;
  mute_all.mute_end_date = WallTime{clock_.time.unix_ms + 1000};
  ok(domain_->groups.update(caller(1), mute_all));
  EXPECT_EQ(send_code(1, to_group(id)), 5005) << "the owner too";
  EXPECT_EQ(update_code(2, edit(sent.data.id, "speaking anyway")), 5005);
  mute_all.mute_end_date = WallTime{0};
  ok(domain_->groups.update(caller(1), mute_all));
  EXPECT_EQ(send_code(1, to_group(id)), 1000);
  block_in_group(id, 2);
  EXPECT_EQ(update_code(2, edit(sent.data.id, "from outside")), 5009);
  EXPECT_EQ(update_code(2, recall(sent.data.id)), 1000) << "taking back is no speaking";

  ok(domain_->groups.remove(caller(1), id));
  EXPECT_EQ(send_code(1, to_group(id)), 5004);
}

TEST_F(MessagesTest, GuestsSpeakWhereTheTypeLetsThem) {
  GroupType type;
  type.guest_speakable = true;
  const GroupId id = make_group_of_type(type, 1, {2});
  block_in_group(id, 5);
  EXPECT_EQ(send_code(4, to_group(id)), 1000);
  EXPECT_EQ(send_code(5, to_group(id)), 5003);
}

TEST_F(MessagesTest, ForwardingNeedsToHaveSeenTheMessage) {
  const GroupId id = make_group(1, {2});
  const MessageId direct = send(1, std::nullopt, 2, "direct");
  const MessageId in_group = send(1, id, std::nullopt, "group");
  EXPECT_EQ(send_code(3, forward(direct, 4)), 5011);
  EXPECT_EQ(send_code(3, forward(in_group, 4)), 5011);
  EXPECT_EQ(send_code(1, forward(MessageId(5), 4)), 5011);
  EXPECT_EQ(send_code(1, forward(direct, 99)), 5000);
  const auto reply = ok(domain_->messages.create(caller(2), forward(direct, 4)));
  ASSERT_TRUE(reply.effects.relay.amendments.forwarded);
  EXPECT_EQ(reply.effects.relay.amendments.forwarded->text, "direct");
  EXPECT_NE(reply.data.id, direct);
  const auto copy = run(store_->repositories().messages.find(reply.data.id));
  EXPECT_EQ((*copy)->text, "direct");
  EXPECT_EQ((*copy)->sender_id, UserId(2));
  EXPECT_EQ(send_code(2, forward(in_group, 4)), 1000);
  ok(domain_->messages.update(caller(1), recall(direct)));
  EXPECT_EQ(send_code(2, forward(direct, 4)), 5011) << "recalled";
}

TEST_F(MessagesTest, OnlyTheSenderEdits) {
  GroupType fixed;
  fixed.message_editable = false;
  const GroupId id = make_group(1, {2});
  const GroupId fixed_id = make_group_of_type(fixed, 1, {2});
  const MessageId direct = send(1, std::nullopt, 2);
  const MessageId in_group = send(2, id, std::nullopt);
  const MessageId in_fixed = send(2, fixed_id, std::nullopt);
  EXPECT_EQ(update_code(2, edit(direct, "x")), 5101);
  EXPECT_EQ(update_code(1, edit(MessageId(5), "x")), 5101);
  EXPECT_EQ(update_code(1, edit(direct, std::string(501, 'x'))), 1102);
  EXPECT_EQ(update_code(2, edit(in_fixed, "x")), 5103);
  UpdateMessage nothing;
  nothing.message_id = direct;
  EXPECT_EQ(relayed_to(ok(domain_->messages.update(caller(1), nothing))), "");
  EXPECT_EQ(relayed_to(ok(domain_->messages.update(caller(1), edit(direct, "new")))), "2 +other");
  EXPECT_EQ(relayed_to(ok(domain_->messages.update(caller(2), edit(in_group, "new")))),
            "1 2 +other +self");
  const auto edited = run(store_->repositories().messages.find(direct));
  EXPECT_EQ((*edited)->text, "new");
  EXPECT_EQ((*edited)->modification_date, clock_.time);
  ok(domain_->groups.remove(caller(1), id));
  EXPECT_EQ(update_code(2, edit(in_group, "x")), 5102);
}

TEST_F(MessagesTest, RecallingHidesTheMessageAndTellsEverybody) {
  const GroupId id = make_group(1, {2});
  const MessageId in_group = send(2, id, std::nullopt);
  EXPECT_EQ(update_code(1, recall(in_group)), 5202) << "not even the owner";
  EXPECT_EQ(update_code(1, recall(MessageId(5))), 5202);
  const auto reply = ok(domain_->messages.update(caller(2), recall(in_group)));
  EXPECT_EQ(relayed_to(reply), "1 2 +other +self");
  ASSERT_EQ(reply.effects.pushes.size(), 1u);
  EXPECT_EQ(audience(reply.effects.pushes[0].audience), "1 2 +other");
  const Message& notice = std::get<SystemMessagePushed>(reply.effects.pushes[0].event).message;
  Bytes big_endian(8);
  store_be64(big_endian.data(), static_cast<uint64_t>(in_group.value));
  EXPECT_EQ(notice.records, (std::vector<Bytes>{Bytes{1}, big_endian}));
  EXPECT_TRUE(notice.is_system_message);
  EXPECT_EQ(notice.sender_id, UserId(2));
  EXPECT_EQ(notice.group_id, id);

  EXPECT_EQ(found(1, query(true)), std::vector<MessageId>{notice.id});
  const auto kept = ok(domain_->messages.query(caller(1), query(true))).messages;
  EXPECT_EQ(kept[0].records, notice.records) << "the records of system messages are kept";
  const auto again = ok(domain_->messages.update(caller(2), recall(in_group)));
  EXPECT_EQ(relayed_to(again), "");
  EXPECT_TRUE(again.effects.pushes.empty());
  EXPECT_EQ(update_code(2, edit(in_group, "x")), 1102);
  EXPECT_EQ(update_code(2, recall(notice.id)), 5202) << "a notice is not the sender's";
  EXPECT_EQ(update_code(2, edit(notice.id, "x")), 5101);
}

TEST_F(MessagesTest, RecallIsPossibleForFiveMinutes) {
  const GroupId id = make_group(1, {2});
  const MessageId first = send(1, std::nullopt, 2);
  const MessageId second = send(1, std::nullopt, 3);
  const MessageId in_group = send(1, id, std::nullopt);
  ok(domain_->groups.remove(caller(1), id));
  EXPECT_EQ(update_code(1, recall(in_group)), 5203);
  pass(300s);
  EXPECT_EQ(update_code(1, recall(first)), 1000);
  pass(1ms);
  EXPECT_EQ(update_code(1, recall(second)), 5204);
}

TEST_F(MessagesTest, QueriesShowWhatWasWrittenToTheRequester) {
  const GroupId mine = make_group(1, {2});
  const GroupId theirs = make_group(3, {4});
  const MessageId to_me = send(2, std::nullopt, 1);
  send(1, std::nullopt, 2);
  const MessageId other_sender = send(3, std::nullopt, 1);
  const MessageId in_mine = send(2, mine, std::nullopt);
  const MessageId own = send(1, mine, std::nullopt);
  const MessageId in_theirs = send(3, theirs, std::nullopt);

  EXPECT_EQ(code(domain_->messages.query(caller(1), QueryMessages{})), 1100);
  EXPECT_EQ(found(1, query(false)), (std::vector<MessageId>{to_me, other_sender}));
  EXPECT_EQ(found(1, query(true)), (std::vector<MessageId>{in_mine, own}));
  QueryMessages from = query(false);
  from.from_ids = {3};
  EXPECT_EQ(found(1, from), std::vector<MessageId>{other_sender});
  from = query(true);
  from.from_ids = {mine.value};
  EXPECT_EQ(found(1, from), (std::vector<MessageId>{in_mine, own}));
  from.from_ids = {mine.value, theirs.value};
  EXPECT_EQ(code(domain_->messages.query(caller(1), from)), 5300);
  EXPECT_EQ(code(domain_->messages.query(caller(5), query(true))), 1001)
      << "in no group: nothing, not everything";
  EXPECT_EQ(code(domain_->messages.query(caller(5), query(false))), 1001);

  QueryMessages by_id = query(true);
  by_id.ids = {in_theirs, own, to_me};
  EXPECT_EQ(found(1, by_id), std::vector<MessageId>{own});
  by_id.are_group_messages = false;
  EXPECT_EQ(found(1, by_id), std::vector<MessageId>{to_me});
  by_id.ids = {in_theirs};
  EXPECT_EQ(code(domain_->messages.query(caller(1), by_id)), 1001);
}

TEST_F(MessagesTest, WhatElseQueriesShowIsTheOperators) {
  Settings::Message& settings = domain_->context().settings.message;
  const MessageId to_me = send(2, std::nullopt, 1);
  pass(1s);
  const MessageId mine = send(1, std::nullopt, 2);
  pass(1s);
  const MessageId to_another = send(1, std::nullopt, 3);
  EXPECT_EQ(update_code(1, recall(mine)), 1000);
  settings.show_own = true;
  const auto texts = [&](bool recalled) {
    settings.show_recalled = recalled;
    QueryMessages users = query(false);
    users.are_system_messages = false;
    return found(1, users);
  };
  EXPECT_EQ(texts(false), (std::vector<MessageId>{to_me, to_another}));
  EXPECT_EQ(texts(true), (std::vector<MessageId>{to_me, mine, to_another}));
  QueryMessages with_one = query(false);
  with_one.are_system_messages = false;
  with_one.from_ids = {2};
  EXPECT_EQ(found(1, with_one), (std::vector<MessageId>{to_me, mine}));
  with_one.ids = {to_me, mine, to_another};
  EXPECT_EQ(found(1, with_one), (std::vector<MessageId>{to_me, mine}));
  EXPECT_EQ(code(domain_->messages.query(caller(4), with_one)), 1001);
  QueryMessages totals = query(false);
  totals.are_system_messages = false;
  totals.with_total = true;
  totals.max_count = 10;
  const auto parts = ok(domain_->messages.query(caller(1), totals)).with_total;
  ASSERT_EQ(parts.size(), 2u) << "by whom the user talks to";
  EXPECT_EQ(parts[0].from_id, 2);
  EXPECT_EQ(parts[0].total, 2);
  EXPECT_EQ(parts[1].from_id, 3);

  settings.default_query_count = 1;
  settings.max_query_count = 2;
  EXPECT_EQ(texts(true).size(), 1u);
  with_one = query(false);
  with_one.max_count = 1000;
  EXPECT_EQ(found(1, with_one).size(), 2u);
}

TEST_F(MessagesTest, WhoIsToldIsTheOperators) {
  Settings::Message& settings = domain_->context().settings.message;
  const GroupId id = make_group(1, {2, 3});
  const auto told = [&](CreateMessage command) {
    return relayed_to(ok(domain_->messages.create(caller(1), std::move(command))));
  };
  settings.created = {false, true};
  EXPECT_EQ(told(to_user(2)), "2");
  settings.created = {true, false};
  EXPECT_EQ(told(to_user(2)), "+other");
  EXPECT_EQ(told(to_group(id)), "+other");
  const MessageId in_group = send(1, id, std::nullopt);
  settings.updated = {true, false};
  EXPECT_EQ(relayed_to(ok(domain_->messages.update(caller(1), edit(in_group, "new")))), "+other");
  settings.updated = {false, false};
  const auto recalled = ok(domain_->messages.update(caller(1), recall(in_group)));
  EXPECT_EQ(relayed_to(recalled), "");
  EXPECT_EQ(audience(recalled.effects.pushes.at(0).audience), "1 2 3 +other");
}

TEST_F(MessagesTest, QueryingIsReadingWhereTheOperatorSaysSo) {
  const GroupId id = make_group(1, {2});
  send(2, id, std::nullopt);
  send(2, std::nullopt, 1);
  const auto reads = [&] {
    int count = 0;
    const auto direct =
        run(store_->repositories().conversations.find_private({UserId(1)}, UserId(2)));
    count += direct && !direct->empty() && direct->front().read_date.unix_ms > 0 ? 1 : 0;
    const auto group = run(store_->repositories().conversations.find_group({id}));
    for (const auto& read : group->front().reads) count += read.member_id == UserId(1) ? 1 : 0;
    return count;
  };
  found(1, query(true));
  found(1, query(false));
  EXPECT_EQ(reads(), 0);
  domain_->context().settings.conversation.read_by_querying = true;
  found(1, query(true));
  found(1, query(false));
  EXPECT_EQ(reads(), 2);
}

TEST_F(MessagesTest, OrderIsThatOfAcceptanceWithinAMillisecondToo) {
  std::vector<MessageId> sent;
  for (int i = 0; i < 20; ++i) sent.push_back(send(1 + i % 2, std::nullopt, 3));
  EXPECT_EQ(found(3, query(false)), sent);
  QueryMessages newest = query(false);
  newest.descending = true;
  newest.max_count = 3;
  EXPECT_EQ(found(3, newest), (std::vector<MessageId>{sent[19], sent[18], sent[17]}));
  newest.max_count = 0;
  EXPECT_EQ(code(domain_->messages.query(caller(3), newest)), 1102);
}

TEST_F(MessagesTest, DatesBoundAQuery) {
  const WallTime start = clock_.time;
  std::vector<MessageId> sent;
  for (int i = 0; i < 4; ++i) {
    sent.push_back(send(1, std::nullopt, 2));
    pass(1s);
  }
  QueryMessages between = query(false);
  between.delivery_date_start = WallTime{start.unix_ms + 1000};
  between.delivery_date_end = WallTime{start.unix_ms + 3000};
  EXPECT_EQ(found(2, between), (std::vector<MessageId>{sent[1], sent[2]}));
}

TEST_F(MessagesTest, TotalsAreCountedPerConversation) {
  const MessageId first = send(1, std::nullopt, 3);
  send(1, std::nullopt, 3);
  send(2, std::nullopt, 3);
  QueryMessages totals = query(false);
  totals.with_total = true;
  auto parts = ok(domain_->messages.query(caller(3), totals)).with_total;
  ASSERT_EQ(parts.size(), 1u) << "one message by default";
  EXPECT_EQ(parts[0].total, 2);
  EXPECT_EQ(parts[0].from_id, 1);
  EXPECT_FALSE(parts[0].is_group_message);
  ASSERT_EQ(parts[0].messages.size(), 1u);
  EXPECT_EQ(parts[0].messages[0].id, first);
  totals.max_count = 10;
  parts = ok(domain_->messages.query(caller(3), totals)).with_total;
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[1].total, 1);
  EXPECT_EQ(parts[1].from_id, 2);
}

TEST_F(MessagesTest, RecordsAreNotKeptByDefault) {
  CreateMessage command = to_user(2);
  command.records = {Bytes{9}};
  ok(domain_->messages.create(caller(1), command));
  EXPECT_TRUE(ok(domain_->messages.query(caller(2), query(false))).messages[0].records.empty());
  // Then there is nothing that could be forwarded.
  command.text.reset();
  const MessageId bare = ok(domain_->messages.create(caller(1), command)).data.id;
  EXPECT_EQ(send_code(2, forward(bare, 3)), 1102);
}

TEST_F(MessagesTest, TheServersOwnMessageGoesToAll) {
  const GroupId id = make_group(1, {2});
  auto push = run(domain_->messages.create_system_message(UserId(1), id, std::nullopt, {Bytes{2}}));
  ASSERT_TRUE(push);
  EXPECT_EQ(audience(push->audience), "1 2 +other");
  const auto messages = ok(domain_->messages.query(caller(2), query(true))).messages;
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_TRUE(messages[0].is_system_message);
  EXPECT_EQ(messages[0].records, std::vector<Bytes>{Bytes{2}});
  QueryMessages system = query(true);
  system.are_system_messages = false;
  EXPECT_EQ(code(domain_->messages.query(caller(2), system)), 1001);
}

class StrictMessagesTest : public MessagesTest {
 protected:
  Settings settings() override { return {}; }
  StrictMessagesTest() {
    Settings::Message& message = domain_->context().settings.message;
    message.allow_messages_to_strangers = false;
    message.allow_messages_to_oneself = true;
    message.allow_edit_by_sender = false;
    message.allow_recall = false;
    message.persist_records = true;
  }
};

TEST_F(StrictMessagesTest, SettingsAreObeyed) {
  relate(2, 1, false);
  EXPECT_EQ(send_code(1, to_user(1)), 1000);
  EXPECT_EQ(send_code(1, to_user(2)), 1000);
  EXPECT_EQ(send_code(1, to_user(3)), 5001);
  CreateMessage command = to_user(2);
  command.records = {Bytes{9}};
  const MessageId id = ok(domain_->messages.create(caller(1), command)).data.id;
  const auto kept = run(store_->repositories().messages.find(id));
  EXPECT_EQ((*kept)->records, command.records);
  EXPECT_EQ(update_code(1, edit(id, "x")), 5100);
  EXPECT_EQ(update_code(1, recall(id)), 5201);
}

TEST_F(MessagesTest, AClockThatStepsBackChangesNothing) {
  const GroupId id = make_group(1, {2, 3});
  std::vector<MessageId> sent;
  for (int i = 0; i < 3; ++i) {
    pass(std::chrono::seconds(1));
    sent.push_back(send(1, id, std::nullopt));
  }
  pass(-std::chrono::hours(1));
  for (int i = 0; i < 3; ++i) {
    pass(std::chrono::seconds(1));
    sent.push_back(send(2, id, std::nullopt));
  }
  // As a client of upstream's pages: by date, from behind the last one it has.
  QueryMessages query;
  query.are_group_messages = true;
  query.max_count = 2;
  std::vector<MessageId> paged;
  for (int page = 0; page < 3; ++page) {
    for (const Message& message : ok(domain_->messages.query(caller(3), query)).messages) {
      paged.push_back(message.id);
      EXPECT_EQ(message.sequence, static_cast<int64_t>(paged.size()));
      query.delivery_date_start = WallTime{message.delivery_date.unix_ms + 1};
    }
  }
  EXPECT_EQ(paged, sent);
  UpdateConversation read;
  read.group_id = id;
  EXPECT_EQ(code(domain_->conversations.update_read_date(caller(2), read)), 1000);
}

TEST_F(MessagesTest, WhatIsSentAgainIsToldOnce) {
  CreateMessage command = to_user(2);
  command.sender_key = "key";
  const auto first = ok(domain_->messages.create(caller(1), command));
  EXPECT_EQ(relayed_to(first), "2 +other");
  EXPECT_EQ(first.effects.relay.amendments.sequence, 1);
  const auto again = ok(domain_->messages.create(caller(1), command));
  EXPECT_EQ(again.data.id, first.data.id);
  EXPECT_EQ(again.data.sequence, 1);
  EXPECT_EQ(relayed_to(again), "");
  command.sender_key = "";
  EXPECT_EQ(code(domain_->messages.create(caller(1), command)), 1102);
  command.sender_key = std::string(65, 'k');
  EXPECT_EQ(code(domain_->messages.create(caller(1), command)), 1102);
}

TEST_F(MessagesTest, AnAnswerWithTotalsEndsBeforeOneConversationTooMany) {
  const auto append = [this](size_t sender) {
    pass(1ms);
    NewMessage added;
    added.message.id = MessageId(ids_.next(clock_.time));
    added.message.delivery_date = clock_.time;
    added.message.sender_id = UserId(static_cast<int64_t>(1000 + sender));
    added.message.recipient_id = UserId(1);
    added.message.text = "text";
    EXPECT_TRUE(run(store_->repositories().messages.append(
        Rights::administrator(
            action::SendMessage{added.message.sender_id, std::nullopt, UserId(1)}),
        added)));
  };
  for (size_t sender = 0; sender < Messages::kMaxTotals; ++sender) append(sender);
  append(0);
  append(Messages::kMaxTotals);  // one too many
  append(0);
  QueryMessages query;
  query.are_group_messages = false;
  query.with_total = true;
  query.max_count = 1000;
  const auto parts = ok(domain_->messages.query(caller(1), query)).with_total;
  ASSERT_EQ(parts.size(), Messages::kMaxTotals);
  EXPECT_EQ(parts[0].messages.size(), 2u) << "a prefix of all, so that one can go on from there";
  EXPECT_EQ(parts[0].total, 3);
}

}  // namespace
}  // namespace turms::im
