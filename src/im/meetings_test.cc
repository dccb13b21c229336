#include "im/meetings.h"

#include "im/meetings_testing.h"

namespace turms::im {
namespace {

TEST_F(MeetingsTest, CreatingRingsAndShowsTheState) {
  CreateMeeting command = in_group();
  command.name = "weekly";
  const auto made = ok(meetings_->create(caller(2), command));
  EXPECT_GE(made.data.value, 100'000'000);
  EXPECT_LE(made.data.value, 999'999'999);
  EXPECT_EQ(relayed_to(made), "+other");
  EXPECT_EQ(made.effects.relay.amendments.created_id, made.data.value);
  EXPECT_TRUE(made.effects.relay.amendments.clear_password);
  EXPECT_EQ(provider_.calls, std::vector<std::string>{"create 100"});

  ASSERT_EQ(made.effects.pushes.size(), 4u);
  const auto& invitation = std::get<SystemMessagePushed>(made.effects.pushes[0].event).message;
  EXPECT_TRUE(invitation.is_system_message);
  EXPECT_EQ(invitation.group_id, group_);
  EXPECT_EQ(invitation.records, (std::vector<Bytes>{{2}, {static_cast<uint8_t>(made.data.value)}}));
  const Push& told = made.effects.pushes.back();
  const auto& state = std::get<MeetingStateChanged>(told.event);
  EXPECT_EQ(audience(told.audience), "1 2 3 +self");
  EXPECT_TRUE(told.audience.extensions_only);
  EXPECT_EQ(state.meeting.name, "weekly");
  EXPECT_EQ(state.media_url, "wss://media");
  EXPECT_TRUE(state.participants.empty());

  std::vector<std::string> called;
  for (const Push& push : made.effects.pushes) {
    const auto* signal = std::get_if<MeetingSignal>(&push.event);
    if (signal == nullptr) continue;
    EXPECT_EQ(signal->kind, MeetingSignal::Kind::kRing);
    called.push_back(audience(push.audience));
  }
  EXPECT_EQ(called, (std::vector<std::string>{"1", "3"})) << "all but the caller";

  const Meeting meeting = stored(made.data);
  EXPECT_EQ(meeting.creator_id, UserId(2));
  EXPECT_EQ(meeting.group_id, group_);
  EXPECT_FALSE(meeting.password);
}

TEST_F(MeetingsTest, CreatingChecksEverythingBeforeAnythingIsMade) {
  const auto with = [this](auto change) {
    CreateMeeting command = in_group();
    change(command);
    return command;
  };
  const struct {
    const char* what;
    int64_t creator;
    CreateMeeting command;
    int code;
  } cases[] = {
      {"neither", 1, {}, 1102},
      {"both", 1, with([](CreateMeeting& c) { c.user_id = UserId(2); }), 1102},
      {"name of 21", 1, with([](CreateMeeting& c) { c.name = std::string(21, 'x'); }), 1102},
      {"intro of 201", 1, with([](CreateMeeting& c) { c.intro = std::string(201, 'x'); }), 1102},
      {"password", 1, with([](CreateMeeting& c) { c.password = "secret"; }), 1102},
      {"in the future", 1,
       with([this](CreateMeeting& c) { c.start_date = WallTime{clock_.time.unix_ms + 1}; }), 1102},
      {"group of others", 4, in_group(), 5009},
      {"no such group", 1, with([](CreateMeeting& c) { c.group_id = GroupId(5); }), 5004},
      {"no such user", 1, with_user(77), 5000},
      {"oneself", 1, with_user(1), 5007},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(code(meetings_->create(caller(c.creator), c.command)), c.code) << c.what;
  }
  EXPECT_TRUE(provider_.calls.empty());
  EXPECT_TRUE(found(1, {}).empty());
  EXPECT_EQ(meetings_->active(), 0u);

  CreateMeeting longest = in_group();
  longest.name = std::string(20, 'x');
  longest.intro = std::string(200, 'x');
  longest.start_date = WallTime{clock_.time.unix_ms - 1000};
  EXPECT_EQ(code(meetings_->create(caller(1), longest)), 1000);
}

TEST_F(MeetingsTest, NobodyHoldsMeetings) {
  const MeetingId id = create(1, in_group());
  provider_.running = false;
  EXPECT_EQ(code(meetings_->create(caller(2), in_group())), 8000);
  EXPECT_EQ(accept_code(2, id), 8000);
  EXPECT_EQ(found(1, {}), std::vector<int64_t>{id.value}) << "reading works";
  EXPECT_EQ(code(meetings_->cancel(caller(1), id)), 1000) << "so does ending";
}

TEST_F(MeetingsTest, QuotaCountsMeetingsThatGoOn) {
  const MeetingId first = create(1, in_group());
  EXPECT_EQ(code(meetings_->create(caller(1), with_user(2))), 8100);
  EXPECT_EQ(code(meetings_->create(caller(2), in_group())), 1000) << "another user";
  ok(meetings_->cancel(caller(1), first));
  const MeetingId second = create(1, with_user(2));
  meetings_->meeting_ended(second, clock_.time);
  loop_.run_until([&] { return meetings_->active() == 1; });
  provider_.active = 1;
  EXPECT_EQ(code(meetings_->create(caller(1), in_group())), 8100) << "known to the provider only";
  provider_.active = 0;
  EXPECT_EQ(code(meetings_->create(caller(1), in_group())), 1000);
}

TEST_F(MeetingsTest, QuotaHoldsForRequestsAtOnce) {
  std::vector<int> codes;
  for (int i = 0; i < 3; ++i) {
    spawn([](Task<Outcome<Reply<MeetingId>>> task, std::vector<int>& out) -> Task<void> {
      auto outcome = co_await std::move(task);
      out.push_back(static_cast<int>(outcome ? Code::kOk : outcome.error().code));
    }(meetings_->create(caller(1), in_group()), codes));
  }
  loop_.run_until([&] { return codes.size() == 3; });
  EXPECT_EQ(std::count(codes.begin(), codes.end(), 1000), 1);
  EXPECT_EQ(std::count(codes.begin(), codes.end(), 8100), 2);
}

TEST_F(MeetingsTest, FailedRoomLeavesNothing) {
  provider_.create_error = Error{ErrorCode::kUnavailable, "no media server"};
  EXPECT_EQ(code(meetings_->create(caller(1), in_group())), 1201);
  EXPECT_TRUE(found(1, {}).empty());
  EXPECT_EQ(meetings_->active(), 0u);
  QueryMessages query;
  query.are_group_messages = true;
  EXPECT_EQ(code(domain_->messages.query(caller(2), query)), 1001) << "nobody rang";
  provider_.create_error.reset();
  EXPECT_EQ(code(meetings_->create(caller(1), in_group())), 1000);
}

TEST_F(MeetingsTest, CancelingIsTheCreators) {
  const MeetingId id = create(2, in_group());
  EXPECT_EQ(code(meetings_->cancel(caller(2), std::nullopt)), 1102);
  EXPECT_EQ(code(meetings_->cancel(caller(2), MeetingId(5))), 8103);
  EXPECT_EQ(code(meetings_->cancel(caller(1), id)), 8101) << "the owner of the group sees it";
  EXPECT_EQ(code(meetings_->cancel(caller(4), id)), 8103) << "a stranger does not";
  EXPECT_EQ(meetings_->active(), 1u);

  const auto reply = ok(meetings_->cancel(caller(2), id));
  EXPECT_EQ(relayed_to(reply), "1 2 3 +other");
  ASSERT_EQ(reply.effects.pushes.size(), 1u);
  const auto& state = std::get<MeetingStateChanged>(reply.effects.pushes[0].event);
  EXPECT_TRUE(state.meeting.end_date && state.meeting.cancel_date);
  EXPECT_EQ(provider_.calls.back(), "cancel");
  EXPECT_EQ(stored(id).cancel_date, clock_.time);
  EXPECT_EQ(stored(id).end_date, clock_.time);
  EXPECT_EQ(meetings_->active(), 0u);
  const auto again = ok(meetings_->cancel(caller(2), id));
  EXPECT_EQ(relayed_to(again), "") << "no error, nothing done, nobody told";

  MeetingSettings fixed;
  fixed.allow_cancel = false;
  make(fixed);
  EXPECT_EQ(code(meetings_->cancel(caller(2), id)), 8102);
}

TEST_F(MeetingsTest, PrivateMeetingsAreForTwo) {
  const MeetingId id = create(1, with_user(2));
  EXPECT_EQ(provider_.calls, std::vector<std::string>{"create 2"});
  EXPECT_EQ(accept_code(1, id), 1000) << "the creator too";
  EXPECT_EQ(accept_code(2, id), 1000);
  EXPECT_EQ(accept_code(3, id), 8205);
  EXPECT_EQ(code(meetings_->cancel(caller(3), id)), 8103);
  EXPECT_EQ(code(meetings_->cancel(caller(2), id)), 8101);
  ASSERT_EQ(provider_.admissions.size(), 2u);
  EXPECT_EQ(provider_.admissions[0].role, GroupMemberRole::kOwner);
  EXPECT_EQ(provider_.admissions[1].role, GroupMemberRole::kMember);
  EXPECT_EQ(provider_.admissions[1].user_name, "user");
  UpdateMeeting rename;
  rename.id = id;
  rename.name = "x";
  EXPECT_EQ(code(meetings_->update(caller(3), rename)), 8105);
}

TEST_F(MeetingsTest, RepliesToInvitations) {
  const MeetingId id = create(1, in_group());
  const auto accepted = ok(meetings_->reply_to_invitation(caller(2), reply(id)));
  EXPECT_EQ(accepted.data, "token of 2");
  EXPECT_EQ(relayed_to(accepted), "1 2 3 +other");
  const auto declined =
      ok(meetings_->reply_to_invitation(caller(3), reply(id, ResponseAction::kDecline, "any")));
  EXPECT_FALSE(declined.data);
  EXPECT_EQ(relayed_to(declined), "1 2 3 +other");
  const auto ignored =
      ok(meetings_->reply_to_invitation(caller(3), reply(id, ResponseAction::kIgnore)));
  EXPECT_FALSE(ignored.data);
  EXPECT_EQ(relayed_to(ignored), "+other");
  EXPECT_EQ(code(meetings_->reply_to_invitation(caller(3), reply(id, ResponseAction(9)))), 1102);
  EXPECT_EQ(accept_code(4, id), 8205);
  EXPECT_EQ(accept_code(2, MeetingId(5)), 8205);
  EXPECT_EQ(
      code(meetings_->reply_to_invitation(caller(4), reply(MeetingId(5), ResponseAction::kIgnore))),
      1000);
}

TEST_F(MeetingsTest, AMeetingThatIsOverHasOneLastVersion) {
  const MeetingId id = create(1, in_group());
  const auto canceled = ok(meetings_->cancel(caller(1), id));
  ASSERT_EQ(canceled.effects.pushes.size(), 1u);
  const auto told = std::get<MeetingStateChanged>(canceled.effects.pushes[0].event);
  QueryMeetingState query;
  query.meeting_id = id;
  const auto first = ok(meetings_->query_state(caller(2), query));
  pass(5s);
  const auto second = ok(meetings_->query_state(caller(2), query));
  EXPECT_EQ(first[0].version, second[0].version);
  EXPECT_GT(first[0].version, told.version);
}

TEST_F(MeetingsTest, OverMeansNoToken) {
  const MeetingId canceled = create(1, in_group());
  ok(meetings_->cancel(caller(1), canceled));
  EXPECT_EQ(accept_code(2, canceled), 8201);
  const MeetingId ended = create(1, in_group());
  meetings_->meeting_ended(ended, clock_.time);
  loop_.run_until([&] { return meetings_->active() == 0; });
  EXPECT_EQ(accept_code(2, ended), 8202);
  EXPECT_TRUE(provider_.admissions.empty());
}

TEST_F(MeetingsTest, PasswordsWhereTheyAreAllowed) {
  MeetingSettings optional;
  optional.password = MeetingSettings::Password::kOptional;
  make(optional);
  CreateMeeting command = in_group();
  command.password = "";
  EXPECT_EQ(code(meetings_->create(caller(1), command)), 1102);
  command.password = "secret";
  const MeetingId id = create(1, command);
  EXPECT_EQ(accept_code(2, id), 8200);
  const auto with = [&](std::string password) {
    return code(meetings_->reply_to_invitation(
        caller(2), reply(id, ResponseAction::kAccept, std::move(password))));
  };
  EXPECT_EQ(with("Secret"), 8200);
  EXPECT_EQ(with("secre"), 8200);
  EXPECT_EQ(with("secret2"), 8200);
  EXPECT_EQ(with("secret"), 1000);
  EXPECT_EQ(code(meetings_->reply_to_invitation(caller(2), reply(id, ResponseAction::kDecline))),
            1000)
      << "declining needs none";
  QueryMeetings query;
  query.ids = {id};
  EXPECT_EQ(ok(meetings_->query(caller(1), query)).front().password, "secret");
  EXPECT_EQ(ok(meetings_->query(caller(2), query)).front().password, std::nullopt)
      << "the creator's to give";
  UpdateMeeting change;
  change.id = id;
  change.password = "other";
  EXPECT_EQ(code(meetings_->update(caller(1), change)), 1102) << "too short";
  change.password = "others";
  EXPECT_EQ(code(meetings_->update(caller(2), change)), 8104);
  EXPECT_EQ(code(meetings_->update(caller(1), change)), 1000);
  EXPECT_EQ(with("others"), 1000);

  MeetingSettings required;
  required.password = MeetingSettings::Password::kRequired;
  make(required);
  EXPECT_EQ(code(meetings_->create(caller(2), in_group())), 1102);
}

TEST_F(MeetingsTest, PasswordsThatTheServerMakes) {
  MeetingSettings settings;
  settings.password = MeetingSettings::Password::kMade;
  settings.max_active_meetings_per_user = 10;
  make(settings);
  CreateMeeting command = in_group();
  command.password = "my own";
  const MeetingId id = create(1, command);
  const std::string made = stored(id).password.value_or("");
  EXPECT_EQ(made.size(), 6u);
  EXPECT_EQ(made.find_first_not_of("0123456789"), std::string::npos) << made;
  EXPECT_EQ(accept_code(2, id), 8200);
  EXPECT_EQ(
      code(meetings_->reply_to_invitation(caller(2), reply(id, ResponseAction::kAccept, made))),
      1000);
  UpdateMeeting change;
  change.id = id;
  change.password = "123456";
  EXPECT_EQ(code(meetings_->update(caller(1), change)), 1102);

  settings.password = MeetingSettings::Password::kOptionalOrMade;
  settings.password_size = {3, 4};
  settings.password_characters = "ab";
  make(settings);
  EXPECT_EQ(stored(create(1, in_group())).password.value_or("").size(), 4u);
  command.password = "own";
  EXPECT_EQ(stored(create(1, command)).password, "own");
}

TEST_F(MeetingsTest, SizesOfTextsAndIdsAreTheOperators) {
  MeetingSettings settings;
  settings.name_size = {2, 0};
  settings.intro_size = {1, 3};
  settings.id_digits = 10;
  make(settings);
  CreateMeeting command = in_group();
  command.name = "x";
  EXPECT_EQ(code(meetings_->create(caller(1), command)), 1102);
  command.name = std::string(300, 'x');
  command.intro = "";
  EXPECT_EQ(code(meetings_->create(caller(1), command)), 1102);
  command.intro = "four";
  EXPECT_EQ(code(meetings_->create(caller(1), command)), 1102);
  command.intro = "it";
  const MeetingId id = create(1, command);
  EXPECT_GE(id.value, 1'000'000'000);
  EXPECT_LE(id.value, 9'999'999'999);
}

TEST_F(MeetingsTest, WhoIsToldOfAnswersIsTheOperators) {
  const auto told = [&](Settings::Notify notify) {
    MeetingSettings settings;
    settings.invitation_updated = notify;
    settings.max_active_meetings_per_user = 10;
    make(settings);
    const MeetingId id = create(1, in_group());
    return relayed_to(ok(meetings_->reply_to_invitation(caller(2), reply(id))));
  };
  EXPECT_EQ(told({true, true}), "1 2 3 +other");
  EXPECT_EQ(told({true, false}), "+other");
  EXPECT_EQ(told({false, false}), "");
}

TEST_F(MeetingsTest, MeetingsAheadHaveARoomWhenTheyStart) {
  MeetingSettings settings;
  settings.max_start_offset = 1h;
  make(settings);
  CreateMeeting command = in_group();
  command.start_date = WallTime{clock_.time.unix_ms + 60'000};
  const MeetingId id = create(1, command);
  EXPECT_TRUE(provider_.calls.empty());
  EXPECT_EQ(accept_code(2, id), 8204);
  pass(1min);
  EXPECT_EQ(accept_code(2, id), 1000);
  // Whoever is first in is the host, which is told.
  EXPECT_EQ(provider_.calls, (std::vector<std::string>{"create 100", "unmuted 2"}));
}

TEST_F(MeetingsTest, Updating) {
  const MeetingId id = create(1, in_group());
  UpdateMeeting change;
  EXPECT_EQ(code(meetings_->update(caller(1), change)), 1102);
  change.id = id;
  EXPECT_EQ(code(meetings_->update(caller(1), change)), 1000) << "nothing to do";
  change.name = std::string(21, 'x');
  EXPECT_EQ(code(meetings_->update(caller(1), change)), 1102);
  change.name = "renamed";
  EXPECT_EQ(code(meetings_->update(caller(4), change)), 8105);
  const auto reply = ok(meetings_->update(caller(2), change));
  EXPECT_EQ(relayed_to(reply), "") << "upstream tells nobody; the state tells those who ask for it";
  ASSERT_EQ(reply.effects.pushes.size(), 1u);
  EXPECT_EQ(std::get<MeetingStateChanged>(reply.effects.pushes[0].event).meeting.name, "renamed");
  EXPECT_EQ(stored(id).name, "renamed");
  change.id = MeetingId(5);
  EXPECT_EQ(code(meetings_->update(caller(1), change)), 8105);
}

TEST_F(MeetingsTest, QueriesShowWhatOneMaySee) {
  const GroupId other_group = make_group(4, {2});
  const int64_t mine = create(1, in_group()).value;
  pass(1s);
  const int64_t with_me = create(2, with_user(1)).value;
  pass(1s);
  CreateMeeting elsewhere;
  elsewhere.group_id = other_group;
  const int64_t others = create(4, elsewhere).value;

  using Ids = std::vector<int64_t>;
  EXPECT_EQ(found(1, {}), (Ids{mine, with_me}));
  EXPECT_EQ(found(3, {}), Ids{}) << "a group's meetings are asked for by group";
  EXPECT_EQ(found(3, {.group_ids = {group_}}), Ids{mine});
  EXPECT_EQ(found(3, {.group_ids = {group_, other_group}}), Ids{mine});
  EXPECT_EQ(found(2, {.group_ids = {group_, other_group}}), (Ids{mine, others}));
  EXPECT_EQ(found(1, {.group_ids = {other_group}}), Ids{});
  EXPECT_EQ(found(3, {.ids = {MeetingId(mine), MeetingId(with_me), MeetingId(others)}}), Ids{mine});
  EXPECT_EQ(found(1, {.creator_ids = {UserId(2)}}), Ids{with_me});
  EXPECT_EQ(found(3, {.creator_ids = {UserId(2)}}), Ids{});
  EXPECT_EQ(found(1, {.user_ids = {UserId(1)}}), Ids{with_me});
  EXPECT_EQ(found(2, {.user_ids = {UserId(1)}}), Ids{with_me}) << "made by oneself";
  EXPECT_EQ(found(3, {.user_ids = {UserId(1)}}), Ids{});
  EXPECT_EQ(found(1, {.skip = 1}), Ids{with_me});
  EXPECT_EQ(found(1, {.limit = 1}), Ids{mine});
  EXPECT_EQ(found(1, {.creation_date_start = WallTime{clock_.time.unix_ms - 1000}}), Ids{with_me});
  EXPECT_EQ(code(meetings_->query(caller(1), {.skip = -1})), 1102);
}

TEST_F(MeetingsTest, PushesWhoIsIn) {
  const MeetingId id = create(1, in_group());
  meetings_->participants_changed(id, {participant(2, 2000, true), participant(1, 1000)});
  until_states(1);
  MeetingStateChanged state = states().back();
  ASSERT_EQ(state.participants.size(), 2u);
  EXPECT_EQ(state.participants[0].user_id, UserId(1)) << "in the order of joining";
  EXPECT_EQ(state.participants[0].name, "user");
  EXPECT_EQ(state.participants[0].role, GroupMemberRole::kOwner);
  EXPECT_EQ(state.participants[1].role, GroupMemberRole::kMember);
  EXPECT_TRUE(state.participants[1].microphone);
  EXPECT_TRUE(told_.envelopes.back().extensions_only);
  EXPECT_EQ(*told_.envelopes.back().recipients, users({1, 2, 3}));

  const int64_t version = state.version;
  meetings_->participants_changed(id, {participant(1, 1000), participant(2, 2000, true)});
  meetings_->participants_changed(id, {participant(1, 1000)});
  until_states(2);
  EXPECT_EQ(states().size(), 2u) << "the same again is no news";
  EXPECT_GT(states().back().version, version);

  QueryMeetingState query;
  query.group_id = group_;
  const auto seen = ok(meetings_->query_state(caller(3), query));
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].participants.size(), 1u);
  EXPECT_EQ(code(meetings_->query_state(caller(4), query)), 1001);
  query.meeting_id = id;
  EXPECT_EQ(code(meetings_->query_state(caller(3), query)), 1102) << "both";
  EXPECT_EQ(code(meetings_->query_state(caller(3), {})), 1102) << "neither";
  EXPECT_EQ(code(meetings_->query_state(caller(3), {.meeting_id = MeetingId(5)})), 1001);
  EXPECT_EQ(code(meetings_->query_state(caller(3), {.meeting_id = id})), 1000);
}

TEST_F(MeetingsTest, EndsWhenTheRoomIsOver) {
  const MeetingId id = create(1, in_group());
  const WallTime when{clock_.time.unix_ms + 5};
  meetings_->meeting_ended(id, when);
  until_states(1);
  EXPECT_EQ(stored(id).end_date, when);
  EXPECT_FALSE(stored(id).cancel_date);
  EXPECT_EQ(states()[0].meeting.end_date, when);
  const bool finished = std::any_of(told_.events.begin(), told_.events.end(), [](const Event& e) {
    return std::holds_alternative<MeetingFinished>(e);
  });
  EXPECT_TRUE(finished) << "for standard clients";
  meetings_->meeting_ended(id, when);
  meetings_->participants_changed(id, {participant(1, 1)});
  EXPECT_EQ(states().size(), 1u) << "no later state follows";
  QueryMeetingState query;
  query.meeting_id = id;
  EXPECT_EQ(ok(meetings_->query_state(caller(2), query))[0].meeting.end_date, when);
}

TEST_F(MeetingsTest, FollowsTheGroup) {
  const MeetingId id = create(1, in_group());
  provider_.calls.clear();
  DeleteGroupMembers leave;
  leave.group_id = group_;
  leave.member_ids = users({3});
  ok(domain_->group_members.remove(caller(1), leave));
  EXPECT_EQ(provider_.calls, std::vector<std::string>{"removed 3"});
  EXPECT_EQ(accept_code(3, id), 8205) << "no way back";

  UpdateGroupMember mute;
  mute.group_id = group_;
  mute.member_id = UserId(2);
  mute.mute_end_date = WallTime{clock_.time.unix_ms + 60'000};
  ok(domain_->group_members.update(caller(1), mute));
  until_call("muted 2");
  EXPECT_EQ(accept_code(2, id), 1000);
  EXPECT_TRUE(provider_.admissions.back().muted);
  meetings_->tick();
  EXPECT_EQ(provider_.calls.back(), "muted 2");
  pass(1min);
  meetings_->tick();
  until_call("unmuted 2");
  const size_t calls = provider_.calls.size();
  meetings_->tick();
  EXPECT_EQ(provider_.calls.size(), calls) << "said once";

  UpdateGroupMember promote;
  promote.group_id = group_;
  promote.member_id = UserId(2);
  promote.role = GroupMemberRole::kManager;
  ok(domain_->group_members.update(caller(1), promote));
  loop_.run_until([&] { return told(id, 2).role == GroupMemberRole::kManager; });
  EXPECT_EQ(told(id, 2).role, GroupMemberRole::kManager);
  EXPECT_TRUE(told(id, 2).allowed);

  EXPECT_FALSE(told(id, 3).allowed);
  GroupMember back;
  back.group_id = group_;
  back.user_id = UserId(3);
  back.role = GroupMemberRole::kMember;
  ASSERT_TRUE(run(store_->repositories().groups.add_members(
      Rights::administrator(action::AddMembers{group_, users({3})}), {back}, 100, clock_.time)));
  domain_->context().publish({.group_id = group_, .joined = users({3})});
  loop_.run_until([&] { return told(id, 3).allowed; });
  EXPECT_TRUE(told(id, 3).allowed);
}

TEST_F(MeetingsTest, AMuteOfAllReachesItUntilItEnds) {
  const MeetingId id = create(1, in_group());
  UpdateGroupMember mute;
  mute.group_id = group_;
  mute.member_id = UserId(2);
  mute.mute_end_date = WallTime{clock_.time.unix_ms + 120'000};
  ok(domain_->group_members.update(caller(1), mute));
  until_call("muted 2");
  provider_.calls.clear();
  UpdateGroup mute_all;
  mute_all.group_id = group_;
  mute_all.mute_end_date = WallTime{clock_.time.unix_ms + 60'000};
  ok(domain_->groups.update(caller(1), mute_all));
  until_call("muted 3");
  EXPECT_EQ(provider_.calls, (std::vector<std::string>{"muted 1", "muted 2", "muted 3"}));
  EXPECT_EQ(accept_code(3, id), 1000);
  EXPECT_TRUE(provider_.admissions.back().muted);

  provider_.calls.clear();
  pass(1min);
  meetings_->tick();
  until_call("unmuted 3");
  EXPECT_EQ(provider_.calls, (std::vector<std::string>{"unmuted 1", "unmuted 3"}))
      << "2 is muted for longer";
  pass(1min);
  meetings_->tick();
  until_call("unmuted 2");
  EXPECT_EQ(accept_code(2, id), 1000);
  EXPECT_FALSE(provider_.admissions.back().muted);
}

TEST_F(MeetingsTest, TellsWhoMayBeIn) {
  const MeetingId of_group = create(1, in_group());
  EXPECT_EQ(provider_.told_complete, 1);
  ASSERT_EQ(provider_.members[of_group].size(), 3u);
  EXPECT_EQ(told(of_group, 1).role, GroupMemberRole::kOwner);
  EXPECT_EQ(told(of_group, 2).role, GroupMemberRole::kMember);
  const MeetingId of_two = create(2, with_user(3));
  ASSERT_EQ(provider_.members[of_two].size(), 2u);
  EXPECT_EQ(told(of_two, 2).role, GroupMemberRole::kOwner);
  EXPECT_EQ(told(of_two, 3).role, GroupMemberRole::kMember);
}

TEST_F(MeetingsTest, PutsOutWhoIsNoMember) {
  const MeetingId id = create(1, in_group());
  provider_.calls.clear();
  meetings_->participants_changed(id, {participant(2, 1), participant(4, 2)});
  until_states(1);
  EXPECT_EQ(provider_.calls, (std::vector<std::string>{"unmuted 2", "removed 4"}));
}

TEST_F(MeetingsTest, EndsWithTheGroup) {
  const MeetingId id = create(1, in_group());
  meetings_->participants_changed(id, {participant(2, 1)});
  until_states(1);
  ok(domain_->groups.remove(caller(1), group_));
  until_states(2);
  EXPECT_TRUE(states().back().meeting.end_date);
  EXPECT_EQ(*told_.envelopes.back().recipients, users({1, 2, 3})) << "who were its members";
  EXPECT_EQ(provider_.calls.back(), "cancel");
  EXPECT_TRUE(stored(id).end_date);
}

}  // namespace
}  // namespace turms::im
