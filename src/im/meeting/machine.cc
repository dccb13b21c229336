#include "im/meeting/machine.h"

#include <algorithm>
#include <tuple>

#include "im/meeting/internal.h"

namespace turms::im::meeting {
namespace {

bool is_ringing(const Person& person) {
  return person.call == Call::kCalling || person.call == Call::kRinging;
}

/// Nothing is lost when such a one is forgotten.
bool is_dispensable(const Person& person) {
  return !person.attended && !person.cohost && !person.admitted &&
         person.place == Place::kOutside && !is_ringing(person) && person.stopped == 0 &&
         person.room == 0;
}

}  // namespace

// --- people ---

Person* Machine::person(UserId user) {
  const auto it = state_.people.find(user);
  return it == state_.people.end() ? nullptr : &it->second;
}

Person* Machine::person(const Subject& subject) {
  Person* known = person(subject.user);
  if (known == nullptr) {
    if (!make_room_for_one()) return nullptr;
    known = &state_.people[subject.user];
    if (is_guest(subject.user)) known->name = subject.name;
    if (state_.muted) known->stopped = kMicrophone;
  }
  known->standing = subject.standing;
  return known;
}

bool Machine::make_room_for_one() {
  if (state_.people.size() < State::kMaxPeople) return true;
  const auto it = std::find_if(state_.people.begin(), state_.people.end(),
                               [](const auto& entry) { return is_dispensable(entry.second); });
  if (it == state_.people.end()) return false;
  state_.people.erase(it);
  return true;
}

RightSet Machine::rights(UserId user) const {
  const Person* person = state_.find(user);
  return person == nullptr ? 0 : rights_of(state_, user, *person, rules_);
}

// --- calling ---

void Machine::call(UserId user, Person& person, UserId by) {
  if (is_ringing(person) || person.place == Place::kIn || person.place == Place::kHeldOut) return;
  person.call = Call::kCalling;
  person.ringing = 0;
  person.call_until = after(now_, rules_.ring);
  effect({.kind = Kind::kRing, .user = user, .by = by, .until = person.call_until});
}

void Machine::end_call(UserId user, Person& person, Call how) {
  if (!is_ringing(person)) return;
  person.call = how;
  person.ringing = 0;
  person.call_until = {};
  effect({.kind = Kind::kRingOver, .user = user, .call = how});
}

Answer Machine::handle(const Called& event) {
  if (state_.phase == Phase::kScheduled && state_.start <= now_) state_.phase = Phase::kRinging;
  if (state_.phase == Phase::kScheduled || event.users.size() > State::kMaxCalled) {
    return Answer::kDone;
  }
  for (const Subject& subject : event.users) {
    if (subject.user == event.by) continue;
    Person* known = person(subject);
    if (known != nullptr) call(subject.user, *known, event.by);
  }
  return Answer::kDone;
}

/// A call between two that is not taken is over for both.
void Machine::end_unanswered() {
  if (state_.in_group || state_.phase == Phase::kEnded) return;
  bool refused = false;
  for (const auto& [user, person] : state_.people) {
    if (user == state_.owner) continue;
    if (person.place == Place::kIn || person.place == Place::kLobby || is_ringing(person)) return;
    // Who was in and left was there; the other one may wait for them.
    refused = refused ||
              (!person.attended && person.call != Call::kNone && person.call != Call::kAnswered);
  }
  if (refused) end();
}

// --- coming and going ---

Answer Machine::handle(const Asked& event) {
  const UserId user = event.who.user;
  if (const Person* before = person(user); before != nullptr) {
    if (before->place == Place::kHeldOut) return Answer::kHeldOut;
    if (before->place == Place::kOutside && before->deadline > now_) return Answer::kDenied;
  }
  Person* known = person(event.who);
  if (known == nullptr) return Answer::kFull;
  const bool leads = role_of(state_, user, *known) <= Role::kCohost || user == state_.owner;
  const bool again = known->place == Place::kIn;
  if (!again && !leads && !known->admitted) {
    if (state_.locked) return Answer::kLocked;
    if (state_.lobby || is_guest(user)) {
      end_call(user, *known, Call::kAnswered);
      known->place = Place::kLobby;
      known->deadline = after(now_, rules_.lobby);
      return Answer::kWaits;
    }
  }
  admit(user, *known);
  return Answer::kDone;
}

/// May come in from now on.
void Machine::admit(UserId user, Person& person) {
  end_call(user, person, Call::kAnswered);
  if (person.call != Call::kNone) person.call = Call::kAnswered;
  const bool changed = !person.admitted || person.place != Place::kIn;
  person.admitted = true;
  if (person.place != Place::kIn) {
    person.place = Place::kOutside;
    person.deadline = {};
  }
  if (changed) tell_provider(user);
}

void Machine::appear(const Subject& who, WallTime joined, uint8_t room) {
  Person* known = person(who);
  if (known == nullptr || !may_be_in(state_, who.user, room)) return tell_provider(who.user);
  end_call(who.user, *known, Call::kAnswered);
  if (known->call != Call::kNone) known->call = Call::kAnswered;
  const bool was_in = known->place == Place::kIn;
  if (!was_in) {
    known->place = Place::kIn;
    known->joined = std::min(joined, now_);
    known->attended = true;
    known->admitted = true;
  }
  // A list may be from before they moved.
  const uint8_t target = state_.breakouts_open ? known->room : 0;
  if (known->deadline.unix_ms == 0 && room != target && known->seen_in == target && was_in) return;
  known->deadline = {};
  known->seen_in = room;
}

/// Not in the room any more: gone, or on the way to another one.
void Machine::disappear(UserId user, Person& person) {
  const bool moves = person.seen_in != (state_.breakouts_open ? person.room : 0);
  if (!moves) return leave(user, person);
  if (person.deadline.unix_ms == 0) person.deadline = after(now_, rules_.moving);
}

void Machine::leave(UserId user, Person& person) {
  if (person.place == Place::kIn) {
    person.present_ms += std::max<int64_t>(0, now_.unix_ms - person.joined.unix_ms);
    person.left = now_;
  }
  if (person.place == Place::kIn || person.place == Place::kLobby) person.place = Place::kOutside;
  person.hand = 0;
  person.seen_in = 0;
  person.deadline = {};
  if (state_.spotlight == user) state_.spotlight.reset();
}

Answer Machine::handle(const Seen& event) {
  std::map<UserId, WallTime> present;
  for (const Seen::One& one : event.present) present.emplace(one.who.user, one.joined);
  for (auto& [user, person] : state_.people) {
    if (person.place == Place::kIn && person.seen_in == event.room && !present.contains(user)) {
      disappear(user, person);
    }
  }
  for (const Seen::One& one : event.present) appear(one.who, one.joined, event.room);
  return Answer::kDone;
}

Answer Machine::handle(const StandingChanged& event) {
  Person* known = person(event.who.user);
  if (known == nullptr) return Answer::kDone;
  const RightSet before = rights(event.who.user);
  known->standing = event.who.standing;
  if (rights(event.who.user) != before) tell_provider(event.who.user);
  return Answer::kDone;
}

Answer Machine::handle(const Excluded& event) {
  Person* known = person(event.user);
  if (known == nullptr) return Answer::kDone;
  end_call(event.user, *known, Call::kMissed);
  leave(event.user, *known);
  known->cohost = false;
  known->admitted = false;
  known->standing = GroupMemberRole::kMember;
  return Answer::kDone;
}

Answer Machine::handle(const Resumed&) {
  for (auto& [user, person] : state_.people) {
    if (person.place == Place::kIn) person.deadline = after(now_, rules_.absence);
  }
  return Answer::kDone;
}

// --- time ---

void Machine::tick(UserId user, Person& person) {
  if (is_ringing(person) && person.call_until <= now_) end_call(user, person, Call::kMissed);
  if (person.deadline.unix_ms == 0 || person.deadline > now_) return;
  leave(user, person);
}

Answer Machine::handle(const Tick&) {
  if (state_.phase == Phase::kScheduled) {
    const int64_t lead = to_ms(rules_.reminder);
    if (!state_.reminded && lead > 0 && state_.start.unix_ms - lead <= now_.unix_ms &&
        state_.start > now_) {
      state_.reminded = true;
      effect({.kind = Kind::kRemind});
    }
    if (state_.start <= now_) {
      state_.phase = Phase::kRinging;
      effect({.kind = Kind::kBegin});
    }
  }
  for (auto& [user, person] : state_.people) tick(user, person);
  return Answer::kDone;
}

Answer Machine::handle(const Over&) {
  end();
  return Answer::kDone;
}

void Machine::end() {
  for (auto& [user, person] : state_.people) {
    end_call(user, person, Call::kMissed);
    leave(user, person);
    person.room = 0;
  }
  if (state_.breakouts_open) {
    for (size_t room = 1; room <= state_.breakouts.size(); ++room) {
      effect({.kind = Kind::kCloseRoom, .room = static_cast<uint8_t>(room)});
    }
  }
  state_.breakouts_open = false;
  state_.phase = Phase::kEnded;
  state_.ended = now_;
  state_.empty_since = {};
  state_.host.reset();
  state_.spotlight.reset();
  effect({.kind = Kind::kEnd});
}

// --- succession ---

bool Machine::host_may_be(UserId user, const Person& person) const {
  return person.place == Place::kIn && !is_guest(user) &&
         person.standing != GroupMemberRole::kGuest &&
         person.standing != GroupMemberRole::kAnonymousGuest;
}

/// The owner, who has it still, a co-host, a manager, who is in for longest.
std::optional<UserId> Machine::next_host() const {
  using Order = std::tuple<int, WallTime, UserId>;
  std::optional<Order> best;
  for (const auto& [user, person] : state_.people) {
    if (!host_may_be(user, person)) continue;
    const bool manager =
        person.standing == GroupMemberRole::kOwner || person.standing == GroupMemberRole::kManager;
    const int rank = user == state_.owner  ? 0
                     : user == state_.host ? 1
                     : person.cohost       ? 2
                     : manager             ? 3
                                           : 4;
    const Order place{rank, person.joined, user};
    if (!best || place < *best) best = place;
  }
  if (!best) return std::nullopt;
  return std::get<UserId>(*best);
}

void Machine::settle() {
  if (state_.phase == Phase::kEnded) return;
  const std::optional<UserId> before = state_.host;
  const std::optional<UserId> host = next_host();
  if (host != before) {
    state_.host = host;
    if (host) tell_provider(*host);
    if (before && state_.is_in(*before)) tell_provider(*before);
  }
  const bool anybody = std::any_of(state_.people.begin(), state_.people.end(),
                                   [](const auto& one) { return one.second.place == Place::kIn; });
  if (anybody) {
    if (state_.live_since.unix_ms == 0) state_.live_since = now_;
    state_.phase = Phase::kLive;
    state_.empty_since = {};
  } else if (state_.phase == Phase::kLive) {
    if (state_.empty_since.unix_ms == 0) state_.empty_since = now_;
    if (after(state_.empty_since, rules_.empty) <= now_) return end();
  }
  end_unanswered();
}

// --- the function ---

State make(UserId owner, bool in_group, WallTime start, WallTime now) {
  State state;
  state.owner = owner;
  state.in_group = in_group;
  state.start = start;
  state.phase = start > now ? Phase::kScheduled : Phase::kRinging;
  return state;
}

Step advance(State state, const Event& event, WallTime now, const Rules& rules) {
  if (state.phase == Phase::kEnded) {
    return {
        std::move(state), std::holds_alternative<Over>(event) ? Answer::kDone : Answer::kOver, {}};
  }
  Machine machine(state, now, rules);
  const Answer answer = std::visit([&](const auto& one) { return machine.handle(one); }, event);
  if (answer != Answer::kDone && answer != Answer::kWaits) return {std::move(state), answer, {}};
  machine.settle();
  return {std::move(machine.state_), answer, std::move(machine.effects_)};
}

std::optional<WallTime> next_deadline(const State& state, const Rules& rules) {
  if (state.phase == Phase::kEnded) return std::nullopt;
  std::optional<WallTime> next;
  const auto sooner = [&](WallTime time) {
    if (time.unix_ms != 0 && (!next || time < *next)) next = time;
  };
  if (state.phase == Phase::kScheduled) {
    sooner(state.start);
    if (!state.reminded && rules.reminder > Duration())
      sooner(WallTime{state.start.unix_ms - to_ms(rules.reminder)});
  }
  if (state.empty_since.unix_ms != 0) sooner(after(state.empty_since, rules.empty));
  for (const auto& [user, person] : state.people) {
    if (is_ringing(person)) sooner(person.call_until);
    sooner(person.deadline);
  }
  return next;
}

bool may_be_in(const State& state, UserId user, uint8_t room) {
  if (state.phase == Phase::kEnded) return false;
  const Person* person = state.find(user);
  if (person == nullptr) return room == 0 && !state.locked && !state.lobby && !is_guest(user);
  if (person->place == Place::kHeldOut || person->place == Place::kRemoved) return false;
  if (room != 0 && (!state.breakouts_open || person->room != room)) return false;
  if (person->place == Place::kIn || person->admitted) return true;
  if (role_of(state, user, *person) <= Role::kCohost || user == state.owner) return true;
  return !state.locked && !state.lobby && !is_guest(user) && person->place != Place::kLobby &&
         person->deadline.unix_ms == 0;
}

}  // namespace turms::im::meeting
