#include "im/meeting/machine.h"

#include "im/meeting/machine_testing.h"

namespace turms::im::meeting {
namespace {

using enum Answer;

class RingingTest : public MachineTest {
 protected:
  RingingTest() { apply(Called{UserId(3), all({3, 4, 5})}); }
};

TEST_F(RingingTest, CallsEverybodyButTheCaller) {
  EXPECT_EQ(told_, (Told{"ring 4", "ring 5"}));
  EXPECT_EQ(person(4).call_until, WallTime{now_.unix_ms + 45'000});
  apply(Called{UserId(3), all({4})});
  EXPECT_EQ(told_, Told()) << "it rings already";
}

TEST_F(RingingTest, EndsWithAnAnswer) {
  from_device(4, Action::kRinging, 1);
  EXPECT_EQ(person(4).call, Call::kRinging);
  EXPECT_EQ(ask(4), kDone);
  EXPECT_EQ(told_, (Told{"ring over 4 3", "member 4"}));
  from_device(5, Action::kDecline, 2);
  EXPECT_EQ(told_, Told{"ring over 5 4"});
  from_device(5, Action::kDecline, 1);
  EXPECT_EQ(told_, Told()) << "twice is once";
  EXPECT_EQ(person(5).call, Call::kDeclined);
}

TEST_F(RingingTest, IsMissedInTheEndAndCanBeDoneAgain) {
  pass(44s);
  EXPECT_EQ(told_, Told());
  pass(1s);
  EXPECT_EQ(told_, (Told{"ring over 4 6", "ring over 5 6"}));
  enter({3});
  EXPECT_EQ(command(3, Action::kCall, {4}), kDone);
  EXPECT_EQ(told_, Told{"ring 4"});
  EXPECT_EQ(command(9, Action::kCall, {5}), kNotAllowed) << "who is not in calls nobody";
}

TEST_F(RingingTest, IsBusyWhenNoDeviceIsFree) {
  from_device(4, Action::kRinging, 1);
  from_device(4, Action::kRinging, 2);
  from_device(4, Action::kBusy, 1);
  EXPECT_EQ(person(4).call, Call::kRinging) << "the other device is free";
  from_device(4, Action::kBusy, 2);
  EXPECT_EQ(person(4).call, Call::kBusy);
}

TEST_F(RingingTest, ALargeGroupIsNotCalled) {
  Called many{UserId(3), {}};
  for (int64_t i = 0; i <= static_cast<int64_t>(State::kMaxCalled); ++i) {
    many.users.push_back({UserId(100 + i)});
  }
  apply(many);
  EXPECT_EQ(told_, Told());
}

TEST_F(MachineTest, ACallBetweenTwoThatIsNotTakenIsOver) {
  for (const bool declined : {true, false}) {
    state_ = make(UserId(3), false, now_, now_);
    apply(Called{UserId(3), all({4})});
    enter({3});
    if (declined) {
      from_device(4, Action::kDecline, 0);
    } else {
      pass(45s);
    }
    EXPECT_TRUE(told("end"));
    EXPECT_EQ(state_.phase, Phase::kEnded);
    EXPECT_EQ(person(4).call, declined ? Call::kDeclined : Call::kMissed);
  }
}

TEST_F(MachineTest, BothOfTwoHangUp) {
  state_ = make(UserId(3), false, now_, now_);
  apply(Called{UserId(3), all({4})});
  enter({3, 4});
  EXPECT_EQ(command(4, Action::kEnd), kDone);
  EXPECT_EQ(state_.phase, Phase::kEnded);
}

TEST_F(MachineTest, IsRemindedOfAndBegins) {
  state_ = make(UserId(3), true, WallTime{now_.unix_ms + 600'000}, now_);
  EXPECT_EQ(state_.phase, Phase::kScheduled);
  EXPECT_EQ(next_deadline(state_, rules_), WallTime{now_.unix_ms + 300'000});
  pass(300s);
  EXPECT_EQ(told_, Told{"remind"});
  pass(299s);
  EXPECT_EQ(told_, Told());
  apply(Called{UserId(3), all({4})});
  EXPECT_EQ(told_, Told()) << "nobody is called before";
  pass(1s);
  EXPECT_EQ(told_, Told{"begin"});
  apply(Called{UserId(3), all({4})});
  EXPECT_EQ(told_, Told{"ring 4"});
}

// --- who is in ---

TEST_F(MachineTest, IsLiveWhileSomebodyIsInAndEndsWhenAllLeft) {
  enter({3});
  EXPECT_EQ(state_.phase, Phase::kLive);
  pass(60s);
  seen({});
  EXPECT_EQ(person(3).present_ms, 60'000);
  pass(29s);
  EXPECT_EQ(state_.phase, Phase::kLive) << "they may come back";
  pass(1s);
  EXPECT_EQ(told_, Told{"end"});
  EXPECT_EQ(state_.phase, Phase::kEnded);
  EXPECT_EQ(ask(3), kOver);
  seen({3});
  EXPECT_FALSE(state_.is_in(UserId(3))) << "an ended meeting stays ended";
}

TEST_F(MachineTest, NobodyIsAGhostAfterARestart) {
  enter({3, 4});
  apply(Resumed{});
  EXPECT_TRUE(state_.is_in(UserId(4)));
  now_.unix_ms += 10'000;
  seen({3});
  pass(19s);
  EXPECT_FALSE(state_.is_in(UserId(4)));
  pass(30s);
  EXPECT_TRUE(state_.is_in(UserId(3)));
}

TEST_F(MachineTest, ALockedMeetingTakesNobodyNew) {
  enter({3, 4});
  EXPECT_EQ(command(3, Action::kLock), kDone);
  EXPECT_EQ(ask(5), kLocked);
  EXPECT_FALSE(may_be_in(state_, UserId(5), 0));
  seen({3});
  EXPECT_EQ(ask(4), kDone) << "was in, and comes back";
  EXPECT_EQ(ask(2), kDone) << "a manager may";
  command(3, Action::kLock, {}, false);
  EXPECT_EQ(ask(5), kDone);
}

TEST_F(MachineTest, TheLobbyHoldsUntilSomebodyAdmits) {
  enter({3, 4});
  command(3, Action::kLobby);
  EXPECT_EQ(ask(5), kWaits);
  EXPECT_FALSE(may_be_in(state_, UserId(5), 0));
  EXPECT_EQ(command(4, Action::kAdmit, {5}), kNotAllowed);
  EXPECT_EQ(command(3, Action::kAdmit, {5}), kDone);
  EXPECT_EQ(told_, (Told{"member 5", "admitted 5"}));
  EXPECT_EQ(ask(5), kDone);

  EXPECT_EQ(ask(6), kWaits);
  EXPECT_EQ(command(3, Action::kDeny, {6}), kDone);
  EXPECT_EQ(ask(6), kDenied);
  pass(30s);
  EXPECT_EQ(ask(6), kWaits);
  pass(60s);
  EXPECT_EQ(person(6).place, Place::kOutside) << "asked no more: no ghost in the lobby";
  EXPECT_EQ(ask(6), kWaits);
  command(3, Action::kLobby, {}, false);
  EXPECT_TRUE(told("admitted 6"));
  EXPECT_EQ(ask(7), kDone);
}

TEST_F(MachineTest, AGuestAlwaysWaits) {
  enter({3});
  EXPECT_EQ(ask(kGuest), kWaits);
  EXPECT_EQ(person(kGuest).name, "Ada");
  command(3, Action::kLobby);
  command(3, Action::kLobby, {}, false);
  EXPECT_EQ(person(kGuest).place, Place::kLobby) << "an open lobby opens nothing for guests";
  command(3, Action::kAdmit);
  enter({kGuest});
  EXPECT_EQ(rights(kGuest), kMaySpeak | kMayShow | kMayChat);
  seen({kGuest});
  EXPECT_EQ(host(), 0) << "a guest is no host";
}

TEST_F(MachineTest, RemovedAndHeldOut) {
  enter({3, 4, 5});
  EXPECT_EQ(command(3, Action::kRemove, {4}), kDone);
  EXPECT_EQ(told_, (Told{"removed 4", "member 4"}));
  EXPECT_FALSE(may_be_in(state_, UserId(4), 0)) << "with the token from before";
  seen({3, 4, 5});
  EXPECT_FALSE(state_.is_in(UserId(4)));
  EXPECT_TRUE(told("member 4"));
  command(3, Action::kLock);
  EXPECT_EQ(ask(4), kLocked) << "as whoever comes anew";
  command(3, Action::kLock, {}, false);
  EXPECT_EQ(ask(4), kDone);
  EXPECT_TRUE(may_be_in(state_, UserId(4), 0));

  EXPECT_EQ(command(3, Action::kHoldOut, {5, 6}), kDone);
  EXPECT_EQ(ask(5), kHeldOut);
  EXPECT_EQ(ask(6), kHeldOut) << "before they ever came";
  seen({3, 5});
  EXPECT_FALSE(state_.is_in(UserId(5)));
  EXPECT_EQ(command(5, Action::kHoldOut, {5}, false), kNotAllowed);
  EXPECT_EQ(command(3, Action::kHoldOut, {5}, false), kDone);
  EXPECT_EQ(ask(5), kDone);
}

TEST_F(MachineTest, WhoLeavesTheGroupIsOut) {
  enter({3, 4});
  apply(Excluded{UserId(3)});
  EXPECT_FALSE(state_.is_in(UserId(3)));
  EXPECT_EQ(host(), 4);
}

// --- who may ---

TEST_F(MachineTest, OnlyThoseWhoLeadMay) {
  enter({3, 2, 4, 5, 9});
  struct Row {
    Action action;
    int64_t by;
    int64_t target;
    Answer answer;
  };
  const Row rows[] = {
      {Action::kMute, 3, 4, kDone},
      {Action::kMute, 2, 4, kDone},
      {Action::kMute, 4, 5, kNotAllowed},
      {Action::kMute, 9, 4, kNotAllowed},
      {Action::kMute, 2, 3, kNotThere},
      {Action::kMute, 3, 6, kNotThere},
      {Action::kMute, 1, 4, kDone},
      {Action::kUnmute, 5, 4, kNotAllowed},
      {Action::kRemove, 5, 4, kNotAllowed},
      {Action::kRemove, 2, 3, kNotThere},
      {Action::kHoldOut, 4, 5, kNotAllowed},
      {Action::kLock, 4, 0, kNotAllowed},
      {Action::kLock, 2, 0, kDone},
      {Action::kLobby, 5, 0, kNotAllowed},
      {Action::kSpotlight, 4, 4, kNotAllowed},
      {Action::kSpotlight, 3, 6, kNotThere},
      {Action::kSpotlight, 3, 4, kDone},
      {Action::kLowerHands, 4, 5, kNotAllowed},
      {Action::kCohost, 2, 4, kNotAllowed},
      {Action::kCohost, 3, 9, kDone},
      {Action::kHandOver, 2, 4, kNotAllowed},
      {Action::kHandOver, 3, 9, kNotThere},
      {Action::kHandOver, 3, 8, kNotThere},
      {Action::kEnd, 4, 0, kNotAllowed},
      {Action::kEnd, 9, 0, kNotAllowed},
      {Action::kEnd, 2, 0, kDone},
      {Action::kEnd, 3, 0, kDone},
      {Action::kAdmit, 4, 5, kNotAllowed},
  };
  const State before = state_;
  for (const Row& row : rows) {
    state_ = before;
    const auto answer =
        row.target == 0 ? command(row.by, row.action) : command(row.by, row.action, {row.target});
    EXPECT_EQ(answer, row.answer) << "action " << static_cast<int>(row.action) << " by " << row.by;
    if (answer != kDone) {
      EXPECT_EQ(state_, before);
      EXPECT_EQ(told_, Told());
    }
  }
  EXPECT_EQ(role_of(before, UserId(9), *before.find(UserId(9))), Role::kViewer);
}

TEST_F(MachineTest, CoHostsDoNothingToEachOther) {
  enter({3, 2, 4});
  command(3, Action::kCohost, {4});
  EXPECT_EQ(command(4, Action::kRemove, {2}), kNotThere);
  EXPECT_EQ(command(2, Action::kMute, {4}), kNotThere);
  EXPECT_EQ(command(3, Action::kMute, {4}), kDone) << "the host does";
}

TEST_F(MachineTest, WhoIsDemotedHasLostTheRightAtOnce) {
  enter({3, 2, 4});
  EXPECT_EQ(command(2, Action::kMute, {4}), kDone);
  Command late;
  late.by = {UserId(2)};  // a member by now
  late.action = Action::kMute;
  late.targets = all({4});
  EXPECT_EQ(apply(late), kNotAllowed);
  apply(StandingChanged{{UserId(2)}});
  EXPECT_EQ(rights(2) & kMayAdmit, 0);
}

TEST_F(MachineTest, MutingIsOnceOrForGood) {
  enter({3, 4, 5});
  command(3, Action::kMute, {4}, false);
  EXPECT_EQ(told_, Told{"silence 4"});
  EXPECT_NE(rights(4) & kMaySpeak, 0);
  command(3, Action::kMute);
  EXPECT_EQ(told_, (Told{"member 4", "silence 4", "member 5", "silence 5"}));
  EXPECT_EQ(rights(4) & kMaySpeak, 0);
  enter({6});
  EXPECT_EQ(rights(6) & kMaySpeak, 0) << "whoever comes, too";
  EXPECT_NE(rights(3) & kMaySpeak, 0);
  command(3, Action::kUnmute, {4});
  EXPECT_EQ(told_, (Told{"member 4", "unmute asked 4"}));
  EXPECT_NE(rights(4) & kMaySpeak, 0);
  EXPECT_EQ(rights(5) & kMaySpeak, 0);
  command(3, Action::kUnmute);
  EXPECT_NE(rights(5) & kMaySpeak, 0);
  command(3, Action::kMute, {4}, true, kCamera | kScreen);
  EXPECT_EQ(rights(4), kMaySpeak | kMayChat);
}

TEST_F(MachineTest, HandsStandInOrder) {
  enter({3, 4, 5, 6});
  EXPECT_EQ(command(7, Action::kRaiseHand), kNotThere);
  for (const int64_t user : {5, 4, 6, 5}) command(user, Action::kRaiseHand);
  EXPECT_EQ(hands(state_), (std::vector<UserId>{UserId(5), UserId(4), UserId(6)}));
  command(5, Action::kRaiseHand, {}, false);
  command(5, Action::kRaiseHand);
  EXPECT_EQ(hands(state_), (std::vector<UserId>{UserId(4), UserId(6), UserId(5)}));
  command(3, Action::kLowerHands, {6});
  seen({3, 5, 6});
  EXPECT_EQ(hands(state_), std::vector<UserId>{UserId(5)}) << "who leaves lowers it";
  command(3, Action::kLowerHands);
  EXPECT_TRUE(hands(state_).empty());
}

TEST_F(MachineTest, TheSpotlightGoesWithWhoLeaves) {
  enter({3, 4});
  command(3, Action::kSpotlight, {4});
  EXPECT_EQ(state_.spotlight, UserId(4));
  seen({3});
  EXPECT_EQ(state_.spotlight, std::nullopt);
}

// --- succession ---

TEST_F(MachineTest, TheHostIsFollowedAndReclaims) {
  enter({4, 5});
  EXPECT_EQ(host(), 4) << "the first who comes, until the owner does";
  enter({3});
  EXPECT_EQ(host(), 3);
  EXPECT_TRUE(told("member 3"));
  EXPECT_TRUE(told("member 4"));
  seen({4, 5});
  EXPECT_EQ(host(), 4) << "longest present";
  enter({2});
  EXPECT_EQ(host(), 4) << "a manager who comes later takes nothing away";
  seen({5, 2});
  EXPECT_EQ(host(), 2) << "a manager before who is in for longer";
  enter({3});
  EXPECT_EQ(host(), 3);
  EXPECT_EQ(command(3, Action::kCohost, {5}), kDone);
  seen({5, 2});
  EXPECT_EQ(host(), 5) << "a co-host before a manager";
  enter({3});
  EXPECT_EQ(command(3, Action::kHandOver, {2}), kDone);
  EXPECT_EQ(host(), 2);
  seen({3, 5});
  EXPECT_EQ(host(), 5);
  enter({2});
  EXPECT_EQ(host(), 2) << "whom it was handed over to reclaims";
}

TEST_F(MachineTest, AnEndForAllIsAlwaysThere) {
  enter({3, 4});
  EXPECT_EQ(command(1, Action::kEnd), kDone) << "the group's owner, from outside";
  EXPECT_TRUE(told("end"));
  EXPECT_FALSE(state_.is_in(UserId(4)));
  EXPECT_EQ(apply(Over{}), kDone);
  EXPECT_EQ(told_, Told());
}

// --- breakout rooms ---

TEST_F(MachineTest, BreakoutRooms) {
  enter({3, 4, 5});
  EXPECT_EQ(command(3, Action::kOpenBreakouts), kIllegal) << "there are none";
  Command rooms;
  rooms.by = who(3);
  rooms.action = Action::kMakeBreakouts;
  rooms.names = {"red", "blue"};
  EXPECT_EQ(apply(rooms), kDone);
  EXPECT_EQ(command(3, Action::kAssign, {4}, true, 0, 3), kIllegal);
  command(3, Action::kAssign, {4}, true, 0, 1);
  command(3, Action::kAssign, {5}, true, 0, 2);
  EXPECT_FALSE(may_be_in(state_, UserId(4), 1));
  command(3, Action::kOpenBreakouts);
  EXPECT_EQ(told_, (Told{"open room 1", "open room 2", "member 4", "moved to 1 4", "member 5",
                         "moved to 2 5"}));
  EXPECT_TRUE(may_be_in(state_, UserId(4), 1));
  EXPECT_FALSE(may_be_in(state_, UserId(4), 2));
  EXPECT_EQ(apply(rooms), kIllegal) << "they are open";

  seen({3});  // 4 and 5 are on their way
  EXPECT_TRUE(state_.is_in(UserId(4)));
  seen({4}, 1);
  seen({3, 4});  // of before
  EXPECT_EQ(person(4).seen_in, 1);
  pass(15s);
  EXPECT_TRUE(state_.is_in(UserId(4)));
  EXPECT_FALSE(state_.is_in(UserId(5))) << "never arrived";

  command(3, Action::kOpenBreakouts, {}, false);
  EXPECT_TRUE(told("close room 1"));
  EXPECT_TRUE(told("moved to 0 4"));
  seen({}, 1);
  EXPECT_TRUE(state_.is_in(UserId(4)));
  seen({3, 4});
  pass(60s);
  EXPECT_TRUE(state_.is_in(UserId(4)));
}

TEST_F(MachineTest, IsBounded) {
  enter({3});
  for (size_t i = 0; i < State::kMaxPeople + 10; ++i) {
    Seen::One one{{UserId(static_cast<int64_t>(100 + i))}, now_};
    // Lobby, so that none of them can be dispensed with.
    state_.lobby = true;
    Asked asked{one.who};
    if (i < State::kMaxPeople - 1) {
      state_.people[one.who.user].place = Place::kLobby;
    } else {
      EXPECT_EQ(apply(asked), kFull);
    }
  }
  EXPECT_EQ(state_.people.size(), State::kMaxPeople);
  state_.people.begin()->second = Person{};
  std::next(state_.people.begin())->second = Person{};
  EXPECT_EQ(ask(8), kWaits) << "who only was called makes room";
  EXPECT_EQ(state_.people.size(), State::kMaxPeople);
}

}  // namespace
}  // namespace turms::im::meeting
