#include "im/meeting/codec.h"
#include "im/meetings_testing.h"

namespace turms::im {
namespace {

using meeting::Action;
using meeting::Call;
using meeting::Phase;
using meeting::Place;

/// A meeting of the group of owner 1 and members 2, 3 and 4, made by 2.
class MeetingLifeTest : public MeetingsTest {
 protected:
  MeetingLifeTest() {
    group_ = make_group(1, {2, 3, 4});
    id_ = begin(2, in_group());
  }
  MeetingId begin(int64_t creator, CreateMeeting command) {
    const auto made = ok(meetings_->create(caller(creator), std::move(command)));
    deliver(made.effects);
    return made.data;
  }

  int control(int64_t by, Action action, std::initializer_list<int64_t> targets = {},
              bool on = true, uint8_t room = 0) {
    ControlMeeting command;
    command.meeting_id = id_;
    command.action = action;
    command.user_ids = users(targets);
    command.on = on;
    command.room = room;
    auto outcome = run(meetings_->control(caller(by), command));
    if (outcome) deliver(outcome->effects);
    loop_.run_posted();
    return static_cast<int>(outcome ? Code::kOk : outcome.error().code);
  }
  /// As the gateway does after the answer.
  void deliver(const Effects& effects) {
    for (const Push& push : effects.pushes) domain_->delivery.push(push);
  }
  /// Does not wait: what is told of a meeting counts the people of all of its rooms together.
  void come(std::initializer_list<int64_t> present, MeetingId where) {
    std::vector<MeetingParticipant> list;
    for (const int64_t user : present) list.push_back(participant(user, clock_.time.unix_ms));
    meetings_->participants_changed(where, list);
  }
  void come(std::initializer_list<int64_t> present) {
    come(present, id_);
    loop_.run_until([&] { return participants_now() == present.size(); });
  }
  size_t participants_now() { return states().empty() ? 0 : states().back().participants.size(); }
  std::shared_ptr<const meeting::State> life(int64_t user = 2) {
    QueryMeetingState query;
    query.meeting_id = id_;
    const auto found = ok(meetings_->query_state(caller(user), query));
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? std::make_shared<meeting::State>() : found.front().life;
  }
  std::vector<MeetingSignal> signals(MeetingSignal::Kind kind) {
    std::vector<MeetingSignal> out;
    for (const Event& event : told_.events) {
      const auto* signal = std::get_if<MeetingSignal>(&event);
      if (signal != nullptr && signal->kind == kind) out.push_back(*signal);
    }
    return out;
  }
  /// Hangs when that never comes.
  void until_told(int64_t user, const std::function<bool(const MeetingMember&)>& as) {
    loop_.run_until([&] {
      const auto meeting = provider_.members.find(id_);
      if (meeting == provider_.members.end()) return false;
      const auto member = meeting->second.find(UserId(user));
      return member != meeting->second.end() && as(member->second);
    });
  }
  void resume() {
    run([](Meetings& meetings) -> Task<None> {
      co_await meetings.resume();
      co_return None();
    }(*meetings_));
  }
  /// The server anew, over the store as it is.
  void restart() {
    provider_.rooms.clear();
    make({});
    provider_.members.clear();
    resume();
    loop_.run_until([&] { return provider_.members.contains(id_); });
  }

  MeetingId id_;
};

TEST_F(MeetingLifeTest, RingsOnEveryDeviceUntilItIsAnswered) {
  const auto rings = signals(MeetingSignal::Kind::kRing);
  ASSERT_EQ(rings.size(), 3u);
  EXPECT_EQ(rings[0].user_id, UserId(1));
  EXPECT_EQ(rings[0].by, UserId(2));
  EXPECT_EQ(rings[0].until, WallTime{clock_.time.unix_ms + 45'000});
  for (const Envelope& envelope : told_.envelopes) {
    if (envelope.recipients->size() == 1) {
      EXPECT_TRUE(envelope.extensions_only);
    }
  }

  EXPECT_EQ(control(3, Action::kRinging), 1000);
  EXPECT_EQ(life()->find(UserId(3))->call, Call::kRinging);
  EXPECT_EQ(accept_code(3, id_), 1000);
  ASSERT_EQ(signals(MeetingSignal::Kind::kRingOver).size(), 1u);
  EXPECT_EQ(signals(MeetingSignal::Kind::kRingOver)[0].call, static_cast<uint8_t>(Call::kAnswered));

  run(meetings_->reply_to_invitation(caller(4), reply(id_, ResponseAction::kDecline)));
  EXPECT_EQ(life()->find(UserId(4))->call, Call::kDeclined) << "also by a standard client";
  pass(45s);
  meetings_->tick();
  EXPECT_EQ(life()->find(UserId(1))->call, Call::kMissed);
}

TEST_F(MeetingLifeTest, ACallBetweenTwoThatIsDeclinedIsOver) {
  id_ = begin(3, with_user(4));
  const size_t active = 1;
  run(meetings_->reply_to_invitation(caller(4), reply(id_, ResponseAction::kDecline)));
  loop_.run_until([&] { return meetings_->active() == active; });
  EXPECT_TRUE(stored(id_).end_date);
  EXPECT_EQ(meetings_->active(), 1u) << "the other one goes on";
}

TEST_F(MeetingLifeTest, TheProviderIsToldWhatTheMeetingSays) {
  EXPECT_EQ(accept_code(2, id_), 1000);
  EXPECT_EQ(accept_code(3, id_), 1000);
  come({2, 3});
  EXPECT_EQ(control(3, Action::kMute, {2}), 8255);
  EXPECT_EQ(control(2, Action::kMute, {3}), 1000);
  until_told(3, [](const auto& member) {
    return member.tracks == (meeting::kCamera | meeting::kScreen) && member.allowed;
  });
  EXPECT_EQ(provider_.silenced, (std::vector<std::string>{std::to_string(id_.value) + " 3 1"}));
  EXPECT_EQ(accept_code(3, id_), 1000);
  EXPECT_EQ(provider_.admissions.back().tracks, meeting::kCamera | meeting::kScreen)
      << "in a new token too";
  EXPECT_EQ(control(2, Action::kUnmute, {3}), 1000);
  EXPECT_EQ(signals(MeetingSignal::Kind::kUnmuteAsked).size(), 1u);
  until_told(3, [](const auto& m) { return m.tracks == meeting::kAllTracks; });

  EXPECT_EQ(control(2, Action::kRemove, {3}), 1000);
  until_told(3, [](const auto& member) { return !member.allowed; });
  EXPECT_EQ(control(2, Action::kHoldOut, {3, 4}), 1000);
  EXPECT_EQ(accept_code(3, id_), 8252);
  EXPECT_EQ(accept_code(4, id_), 8252);
  EXPECT_EQ(control(2, Action::kMute, {9}), 8256) << "no member";
  EXPECT_EQ(control(9, Action::kEnd), 8205) << "does not see it";
}

TEST_F(MeetingLifeTest, LockAndLobbyHoldForThoseWhoNeverCame) {
  EXPECT_EQ(accept_code(2, id_), 1000);
  come({2});
  EXPECT_EQ(control(2, Action::kLock), 1000);
  until_told(3, [](const auto& member) { return !member.allowed; });
  EXPECT_EQ(accept_code(3, id_), 8251);
  EXPECT_EQ(accept_code(1, id_), 1000) << "the group's owner";
  EXPECT_EQ(control(2, Action::kLock, {}, false), 1000);
  EXPECT_EQ(control(2, Action::kLobby), 1000);
  EXPECT_EQ(accept_code(3, id_), 8250);
  EXPECT_EQ(life()->find(UserId(3))->place, Place::kLobby);
  EXPECT_EQ(control(2, Action::kAdmit, {3}), 1000);
  EXPECT_EQ(signals(MeetingSignal::Kind::kAdmitted).size(), 1u);
  EXPECT_EQ(accept_code(3, id_), 1000);
  EXPECT_EQ(accept_code(4, id_), 8250);
  EXPECT_EQ(control(2, Action::kDeny, {4}), 1000);
  EXPECT_EQ(accept_code(4, id_), 8253);
}

TEST_F(MeetingLifeTest, ADemotedManagerHasLostTheRightAtOnce) {
  set_role(group_, 3, GroupMemberRole::kManager);
  EXPECT_EQ(accept_code(2, id_), 1000);
  come({2, 3});
  EXPECT_EQ(control(3, Action::kLock), 1000);
  set_role(group_, 3, GroupMemberRole::kMember);
  EXPECT_EQ(control(3, Action::kLock, {}, false), 8255);
}

TEST_F(MeetingLifeTest, EndsForAll) {
  EXPECT_EQ(accept_code(2, id_), 1000);
  come({2, 3});
  EXPECT_EQ(control(3, Action::kEnd), 8255);
  EXPECT_EQ(control(2, Action::kEnd), 1000);
  loop_.run_until([&] { return provider_.rooms.empty(); });
  EXPECT_TRUE(provider_.rooms.empty());
  EXPECT_TRUE(stored(id_).end_date);
  EXPECT_EQ(control(2, Action::kLock), 8202);
  const auto after = life();
  EXPECT_EQ(after->phase, Phase::kEnded);
  EXPECT_TRUE(after->find(UserId(3))->attended) << "who was there is known afterwards";
  EXPECT_EQ(after->find(UserId(4))->call, Call::kMissed);
}

TEST_F(MeetingLifeTest, EndsWhenEverybodyHasLeft) {
  EXPECT_EQ(accept_code(2, id_), 1000);
  come({2});
  come({});
  pass(30s);
  meetings_->tick();
  loop_.run_until([&] { return meetings_->active() == 0; });
  EXPECT_EQ(meetings_->active(), 0u);
}

TEST_F(MeetingLifeTest, WhatWasForbiddenIsForbiddenAfterARestart) {
  EXPECT_EQ(accept_code(2, id_), 1000);
  come({2, 3});
  EXPECT_EQ(control(2, Action::kMute, {3}), 1000);
  EXPECT_EQ(control(2, Action::kHoldOut, {4}), 1000);
  EXPECT_EQ(control(2, Action::kLock), 1000);
  EXPECT_EQ(control(3, Action::kRaiseHand), 1000);
  restart();
  until_told(4, [](const auto& member) { return !member.allowed; });
  until_told(3, [](const auto& member) {
    return member.allowed && member.tracks == (meeting::kCamera | meeting::kScreen);
  });
  EXPECT_EQ(accept_code(4, id_), 8252);
  EXPECT_TRUE(life()->locked);
  EXPECT_EQ(meeting::hands(*life()), std::vector<UserId>{UserId(3)});
  EXPECT_EQ(life()->host, UserId(2));

  // Only one of them is still there.
  come({2});
  pass(30s);
  meetings_->tick();
  loop_.run_posted();
  EXPECT_FALSE(life()->is_in(UserId(3))) << "no ghost";
  EXPECT_TRUE(life()->is_in(UserId(2)));
}

TEST_F(MeetingLifeTest, AnEndThatWasDecidedIsCarriedOutAfterARestart) {
  meeting::State ended = *life();
  ended.phase = Phase::kEnded;
  flush();
  EXPECT_TRUE(*run(store_->repositories().meetings.put_state(
      Rights::server(action::PutMeetingState{id_}), meeting::encode(ended))));
  make({});
  const size_t active = 0;
  resume();
  loop_.run_until([&] { return meetings_->active() == active; });
  EXPECT_TRUE(stored(id_).end_date);
}

TEST_F(MeetingLifeTest, AStateThatCannotBeReadIsMadeAnew) {
  flush();
  EXPECT_TRUE(*run(store_->repositories().meetings.put_state(
      Rights::server(action::PutMeetingState{id_}), Bytes{9, 9})));
  make({});
  resume();
  EXPECT_EQ(life()->owner, UserId(2));
}

TEST_F(MeetingLifeTest, BreakoutRoomsAreRoomsOfTheProvider) {
  for (const int64_t user : {2, 3, 4}) EXPECT_EQ(accept_code(user, id_), 1000);
  come({2, 3, 4});
  ControlMeeting rooms;
  rooms.meeting_id = id_;
  rooms.action = Action::kMakeBreakouts;
  rooms.names = {"red", "blue"};
  EXPECT_EQ(code(meetings_->control(caller(2), rooms)), 1000);
  EXPECT_EQ(control(2, Action::kAssign, {3}, true, 2), 1000);
  EXPECT_EQ(control(2, Action::kOpenBreakouts), 1000);
  const MeetingId blue = Meetings::breakout_id(id_, 2);
  loop_.run_until([&] { return provider_.members[blue].contains(UserId(3)); });
  EXPECT_EQ(provider_.rooms.size(), 3u);
  EXPECT_TRUE(provider_.members[blue][UserId(3)].allowed);
  EXPECT_EQ(signals(MeetingSignal::Kind::kMoved).size(), 1u);
  EXPECT_EQ(accept_code(3, id_), 1000);
  EXPECT_EQ(provider_.admissions.back().meeting_id, blue);
  EXPECT_EQ(accept_code(4, id_), 1000);
  EXPECT_EQ(provider_.admissions.back().meeting_id, id_);

  come({3}, blue);
  come({2, 4}, id_);
  loop_.run_until([&] { return participants_now() == 3; });
  EXPECT_EQ(participants_now(), 3u) << "all rooms together";
  EXPECT_EQ(control(2, Action::kOpenBreakouts, {}, false), 1000);
  loop_.run_until([&] { return provider_.rooms.size() == 1; });
  EXPECT_EQ(provider_.rooms, std::vector<MeetingId>{id_});
}

TEST_F(MeetingLifeTest, EverybodyIsRemindedAndCalledInTime) {
  MeetingSettings settings;
  settings.max_start_offset = std::chrono::hours(1);
  make(settings);
  CreateMeeting later = in_group();
  later.start_date = WallTime{clock_.time.unix_ms + 600'000};
  id_ = begin(3, later);
  told_.events.clear();
  pass(300s);
  meetings_->tick();
  loop_.run_until([&] { return !signals(MeetingSignal::Kind::kReminder).empty(); });
  EXPECT_EQ(signals(MeetingSignal::Kind::kReminder).size(), 1u);
  EXPECT_TRUE(signals(MeetingSignal::Kind::kRing).empty());
  pass(300s);
  meetings_->tick();
  loop_.run_until([&] { return signals(MeetingSignal::Kind::kRing).size() == 3; });
  EXPECT_EQ(signals(MeetingSignal::Kind::kRing).size(), 3u);
}

TEST_F(MeetingLifeTest, RightsOfRolesAreTheOperators) {
  MeetingSettings settings;
  settings.rules.rights[static_cast<size_t>(meeting::Role::kParticipant)] = meeting::kMaySpeak;
  id_ = MeetingId();
  make(settings);
  id_ = begin(3, in_group());
  EXPECT_EQ(accept_code(4, id_), 1000);
  EXPECT_EQ(provider_.admissions.back().tracks, meeting::kMicrophone);
  EXPECT_FALSE(provider_.admissions.back().data);
}

}  // namespace
}  // namespace turms::im
