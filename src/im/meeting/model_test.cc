// Random events over meetings of all kinds, on virtual time. TURMS_MODEL_SEEDS=1000 plays more
// seeds, TURMS_MODEL_SEED=N one.
#include <cstdlib>

#include "base/random.h"
#include "im/meeting/codec.h"
#include "im/meeting/machine_testing.h"

namespace turms::im::meeting {
namespace {

constexpr int kEvents = 400;

int64_t number_from(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

class MeetingModelTest : public MachineTest {
 protected:
  void play(uint64_t seed) {
    Rng random(seed);
    random_ = &random;
    const bool in_group = random.chance(0.8);
    const WallTime start{now_.unix_ms + (random.chance(0.3) ? 200'000 : 0)};
    state_ = make(UserId(3), in_group, start, now_);
    rooms_.assign(3, {});
    for (int i = 0; i < kEvents && !HasFailure(); ++i) {
      now_.unix_ms += static_cast<int64_t>(random.below(8'000));
      step(draw());
    }
  }

 private:
  int64_t user() {
    const auto drawn = static_cast<int64_t>(random_->below(10));
    return drawn == 0 ? kGuest : drawn;
  }
  Subject subject() {
    Subject out = who(user());
    if (random_->chance(0.05) && !is_guest(out.user)) out.standing = GroupMemberRole::kMember;
    return out;
  }

  Event draw() {
    switch (random_->below(10)) {
      case 0:
        return Called{UserId(3), all({3, 4, 5, 6})};
      case 1:
      case 2:
        return Asked{subject()};
      case 3:
      case 4:
        return seen_now();
      case 5:
        return Tick{};
      case 6:
        if (random_->chance(0.1)) return Resumed{};
        if (random_->chance(0.1)) return Excluded{UserId(user())};
        return StandingChanged{subject()};
      default:
        return drawn_command();
    }
  }

  Event drawn_command() {
    static constexpr Action kActions[] = {
        Action::kRinging,       Action::kDecline, Action::kBusy,          Action::kLeaveLobby,
        Action::kRaiseHand,     Action::kCall,    Action::kMute,          Action::kUnmute,
        Action::kRemove,        Action::kHoldOut, Action::kAdmit,         Action::kDeny,
        Action::kLock,          Action::kLobby,   Action::kSpotlight,     Action::kLowerHands,
        Action::kMakeBreakouts, Action::kAssign,  Action::kOpenBreakouts, Action::kCohost,
        Action::kHandOver};
    Command command;
    command.by = subject();
    command.device = static_cast<uint8_t>(random_->below(6));
    command.action =
        random_->chance(0.005) ? Action::kEnd : kActions[random_->below(std::size(kActions))];
    for (uint64_t n = random_->below(3); n > 0; --n) command.targets.push_back(subject());
    command.on = random_->chance(0.6);
    command.tracks = static_cast<Tracks>(random_->below(8));
    command.room = static_cast<uint8_t>(random_->below(4));
    if (random_->chance(0.8)) command.names = {"red", "blue"};
    return command;
  }

  /// The media server lets in whom the provider lets in, loses some, and sometimes is late.
  Event seen_now() {
    Seen seen;
    seen.room = random_->chance(0.3) ? static_cast<uint8_t>(1 + random_->below(2)) : uint8_t{0};
    auto& room = rooms_[seen.room];
    std::erase_if(room, [&](const auto& one) {
      return !may_be_in(state_, one.first, seen.room) || random_->chance(0.1);
    });
    const Subject comes = who(user());
    if (may_be_in(state_, comes.user, seen.room) || random_->chance(0.1)) {
      room.emplace(comes.user, now_);
    }
    for (const auto& [user, joined] : room) seen.present.push_back({who(user.value), joined});
    return seen;
  }

  void step(const Event& event) {
    const State before = state_;
    const Step step = advance(before, event, now_, rules_);
    if (step.answer != Answer::kDone && step.answer != Answer::kWaits) {
      ASSERT_EQ(step.state, before);
      ASSERT_TRUE(step.effects.empty());
    }
    if (before.phase == Phase::kEnded) {
      ASSERT_EQ(step.state, before) << "an ended meeting stays ended";
    }
    // Done once is done: the same again changes nothing more.
    const Step again = advance(step.state, event, now_, rules_);
    if (!std::holds_alternative<Resumed>(event)) {
      ASSERT_EQ(again.state, step.state) << "event " << event.index();
      for (const Effect& effect : again.effects) {
        const bool harmless = effect.kind == Effect::Kind::kMember ||
                              effect.kind == Effect::Kind::kSilence ||
                              effect.kind == Effect::Kind::kUnmuteAsked;
        ASSERT_TRUE(harmless) << words(effect);
      }
    }
    const auto decoded = decode_state(encode(step.state));
    ASSERT_TRUE(decoded);
    ASSERT_EQ(*decoded, step.state);
    state_ = step.state;
    check();
  }

  void check() {
    bool somebody = false;
    bool could_host = false;
    for (const auto& [user, person] : state_.people) {
      if (person.place != Place::kIn) {
        ASSERT_EQ(person.hand, 0) << "only who is in has a hand up";
        ASSERT_NE(state_.host, user);
        ASSERT_NE(state_.spotlight, user);
        continue;
      }
      somebody = true;
      could_host = could_host || role_of(state_, user, person) <= Role::kParticipant;
    }
    if (could_host) {
      ASSERT_TRUE(state_.host) << "one host while anybody is in who may be it";
    }
    if (state_.host) {
      ASSERT_FALSE(is_guest(*state_.host));
    }
    ASSERT_EQ(somebody, state_.phase == Phase::kLive && state_.empty_since.unix_ms == 0);
    if (state_.phase == Phase::kEnded) {
      ASSERT_EQ(next_deadline(state_, rules_), std::nullopt);
    }
    const auto raised = hands(state_);
    for (size_t i = 1; i < raised.size(); ++i) {
      ASSERT_LT(state_.find(raised[i - 1])->hand, state_.find(raised[i])->hand);
    }
    for (const auto& [user, person] : state_.people) {
      if (person.place != Place::kHeldOut && person.place != Place::kRemoved) continue;
      for (uint8_t room = 0; room < 3; ++room) ASSERT_FALSE(may_be_in(state_, user, room));
    }
  }

  Rng* random_ = nullptr;
  std::vector<std::map<UserId, WallTime>> rooms_;
};

TEST_F(MeetingModelTest, RandomEvents) {
  const int64_t one = number_from("TURMS_MODEL_SEED", -1);
  const int64_t seeds = number_from("TURMS_MODEL_SEEDS", 100);
  for (int64_t seed = one >= 0 ? one : 0; seed < (one >= 0 ? one + 1 : seeds); ++seed) {
    SCOPED_TRACE("TURMS_MODEL_SEED=" + std::to_string(seed));
    play(static_cast<uint64_t>(seed));
    if (HasFailure()) return;
  }
}

TEST_F(MeetingModelTest, WhatIsNoStateIsRefused) {
  const Bytes good = encode(state_);
  EXPECT_TRUE(decode_state(good));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_state(ByteView(good).first(size)));
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(decode_state(longer));
  Bytes newer = good;
  newer[0] = 2;
  EXPECT_FALSE(decode_state(newer));
  Bytes unknown = good;
  unknown[1] = 9;
  EXPECT_FALSE(decode_state(unknown));
}

TEST_F(MeetingModelTest, TimesThatCannotBeAreBroughtIntoBounds) {
  State odd = make(UserId(3), true, WallTime{INT64_MAX}, now_);
  odd.last_hand = INT64_MAX;
  Person& person = odd.people[UserId(4)];
  person.place = Place::kHeldOut;
  person.deadline.unix_ms = INT64_MIN;
  person.present_ms = INT64_MAX;
  const auto decoded = decode_state(encode(odd));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->start.unix_ms, int64_t{1} << 42);
  EXPECT_EQ(decoded->last_hand, int64_t{1} << 42);
  const Person* back = decoded->find(UserId(4));
  ASSERT_NE(back, nullptr);
  EXPECT_EQ(back->place, Place::kHeldOut) << "what was forbidden stays so";
  EXPECT_EQ(back->deadline, WallTime());
  EXPECT_EQ(time_present(*back, now_), std::chrono::milliseconds(int64_t{1} << 42));
}

}  // namespace
}  // namespace turms::im::meeting
