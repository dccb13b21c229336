// What people want of a meeting, each checked against their role at this moment.
#include <algorithm>

#include "im/meeting/internal.h"

namespace turms::im::meeting {

Machine::Authority Machine::authority(const Subject& who) const {
  Authority out;
  const Person* known = state_.find(who.user);
  Person person = known == nullptr ? Person() : *known;
  person.standing = who.standing;
  out.inside = person.place == Place::kIn;
  out.role = role_of(state_, who.user, person);
  const bool in_charge = who.user == state_.owner || who.standing == GroupMemberRole::kOwner ||
                         who.standing == GroupMemberRole::kManager;
  // A co-host acts from inside; whose meeting or group it is, from anywhere.
  out.leads = out.role <= Role::kCohost ? out.inside || in_charge : who.user == state_.owner;
  if (person.place == Place::kHeldOut && !in_charge) out.leads = false;
  out.owns = out.role == Role::kHost || who.user == state_.owner ||
             (state_.in_group && who.standing == GroupMemberRole::kOwner);
  return out;
}

Answer Machine::handle(const Command& command) {
  if (command.action <= Action::kBusy) return answer_call(command);
  if (command.action <= Action::kRaiseHand) return own_action(command);
  const Authority by = authority(command.by);
  if (command.action == Action::kCall) return call_others(command, by);
  for (const Subject& target : command.targets) {
    if (Person* known = person(target.user)) known->standing = target.standing;
  }
  if (command.action >= Action::kCohost) return by.owns ? own(command, by) : Answer::kNotAllowed;
  if (command.action == Action::kAdmit || command.action == Action::kDeny) {
    const RightSet rights = rules_.rights[static_cast<size_t>(by.role)];
    const bool may = (rights & kMayAdmit) != 0 && (by.leads || by.inside);
    return may ? answer_lobby(command) : Answer::kNotAllowed;
  }
  // A call between two belongs to both.
  const bool hangs_up = command.action == Action::kEnd && !state_.in_group && by.inside;
  return by.leads || hangs_up ? lead(command, by) : Answer::kNotAllowed;
}

// --- of those who are called, or in ---

Answer Machine::answer_call(const Command& command) {
  Person* known = person(command.by.user);
  if (known == nullptr) return Answer::kNotThere;
  const auto device = static_cast<uint8_t>(1u << (command.device & 7));
  const bool rings = known->call == Call::kCalling || known->call == Call::kRinging;
  if (!rings) return Answer::kDone;  // it was answered elsewhere, or too late
  if (command.action == Action::kRinging) {
    known->call = Call::kRinging;
    known->ringing |= device;
  } else if (command.action == Action::kDecline) {
    end_call(command.by.user, *known, Call::kDeclined);
  } else {
    known->ringing &= static_cast<uint8_t>(~device);
    // Another device of theirs may be free.
    if (known->ringing == 0) end_call(command.by.user, *known, Call::kBusy);
  }
  return Answer::kDone;
}

Answer Machine::own_action(const Command& command) {
  Person* known = person(command.by.user);
  if (command.action == Action::kLeaveLobby) {
    if (known == nullptr || known->place != Place::kLobby) return Answer::kDone;
    leave(command.by.user, *known);
    return Answer::kDone;
  }
  if (known == nullptr || known->place != Place::kIn) return Answer::kNotThere;
  if (!command.on) {
    known->hand = 0;
  } else if (known->hand == 0) {
    known->hand = ++state_.last_hand;
  }
  return Answer::kDone;
}

Answer Machine::call_others(const Command& command, const Authority& by) {
  const bool may = by.leads || (by.inside && by.role <= Role::kParticipant);
  if (!may) return Answer::kNotAllowed;
  if (state_.phase == Phase::kScheduled) return Answer::kIllegal;
  if (command.targets.empty() || command.targets.size() > State::kMaxCalled) {
    return Answer::kIllegal;
  }
  for (const Subject& target : command.targets) {
    if (target.user == command.by.user || is_guest(target.user)) continue;
    Person* known = person(target);
    if (known == nullptr) return Answer::kFull;
    call(target.user, *known, command.by.user);
  }
  return Answer::kDone;
}

// --- of hosts ---

std::vector<UserId> Machine::below(const Command& command, const Authority& by,
                                   std::initializer_list<Place> places) const {
  std::vector<UserId> out;
  const auto consider = [&](UserId user, const Person& person) {
    if (user == command.by.user) return;
    if (std::find(places.begin(), places.end(), person.place) == places.end()) return;
    if (!by.owns && role_of(state_, user, person) <= Role::kCohost) return;
    if (!by.owns && user == state_.owner) return;
    out.push_back(user);
  };
  if (command.targets.empty()) {
    for (const auto& [user, person] : state_.people) consider(user, person);
    return out;
  }
  for (const Subject& target : command.targets) {
    if (const Person* known = state_.find(target.user)) consider(target.user, *known);
  }
  return out;
}

Answer Machine::lead(const Command& command, const Authority& by) {
  switch (command.action) {
    case Action::kMute:
      return mute(command, by);
    case Action::kUnmute:
      return unmute(command, by);
    case Action::kRemove:
      return remove(command, by);
    case Action::kHoldOut:
      return hold_out(command, by);
    case Action::kLock:
    case Action::kLobby:
      return lock(command);
    case Action::kSpotlight:
      return spotlight(command);
    case Action::kLowerHands:
      return lower_hands(command);
    case Action::kEnd:
      end();
      return Answer::kDone;
    case Action::kMakeBreakouts:
      return make_breakouts(command);
    case Action::kAssign:
      return assign(command);
    case Action::kOpenBreakouts:
      return open_breakouts(command.on);
    default:
      return Answer::kIllegal;
  }
}

Answer Machine::mute(const Command& command, const Authority& by) {
  const Tracks tracks = command.tracks & kAllTracks;
  if (tracks == 0) return Answer::kIllegal;
  const bool all = command.targets.empty();
  const auto whom = below(command, by, {Place::kIn});
  if (!all && whom.empty()) return Answer::kNotThere;
  for (const UserId user : whom) {
    Person& known = *person(user);
    if (all && role_of(state_, user, known) <= Role::kCohost) continue;
    if (command.on && (known.stopped & tracks) != tracks) {
      known.stopped |= tracks;
      tell_provider(user);
    }
    effect({.kind = Kind::kSilence, .user = user, .tracks = tracks});
  }
  if (all && command.on && (tracks & kMicrophone) != 0) state_.muted = true;
  return Answer::kDone;
}

Answer Machine::unmute(const Command& command, const Authority& by) {
  const Tracks tracks = command.tracks & kAllTracks;
  if (tracks == 0) return Answer::kIllegal;
  const bool all = command.targets.empty();
  const auto whom = all ? below(command, by, {Place::kIn, Place::kOutside, Place::kLobby})
                        : below(command, by, {Place::kIn});
  if (!all && whom.empty()) return Answer::kNotThere;
  for (const UserId user : whom) {
    Person& known = *person(user);
    if ((known.stopped & tracks) != 0) {
      known.stopped &= static_cast<Tracks>(~tracks);
      tell_provider(user);
    }
    // Nobody's microphone is opened for them: they are asked.
    if (!all) {
      effect({.kind = Kind::kUnmuteAsked, .user = user, .by = command.by.user, .tracks = tracks});
    }
  }
  if (all && (tracks & kMicrophone) != 0) state_.muted = false;
  return Answer::kDone;
}

Answer Machine::remove(const Command& command, const Authority& by) {
  if (command.targets.empty()) return Answer::kIllegal;
  const auto whom = below(command, by, {Place::kIn});
  if (whom.empty()) return Answer::kNotThere;
  for (const UserId user : whom) {
    Person& known = *person(user);
    leave(user, known);
    known.place = Place::kRemoved;
    known.admitted = false;
    signal(Kind::kRemoved, user, command.by.user);
    tell_provider(user);
  }
  return Answer::kDone;
}

Answer Machine::hold_out(const Command& command, const Authority& by) {
  if (command.targets.empty()) return Answer::kIllegal;
  if (!command.on) {
    const auto whom = below(command, by, {Place::kHeldOut});
    if (whom.empty()) return Answer::kNotThere;
    for (const UserId user : whom) {
      person(user)->place = Place::kOutside;
      tell_provider(user);
    }
    return Answer::kDone;
  }
  for (const Subject& target : command.targets) {
    if (person(target) == nullptr) return Answer::kFull;
  }
  const auto whom =
      below(command, by, {Place::kOutside, Place::kLobby, Place::kIn, Place::kRemoved});
  if (whom.empty()) return Answer::kNotThere;
  for (const UserId user : whom) {
    Person& known = *person(user);
    end_call(user, known, Call::kMissed);
    leave(user, known);
    known.place = Place::kHeldOut;
    known.admitted = false;
    known.cohost = false;
    signal(Kind::kHeldOut, user, command.by.user);
    tell_provider(user);
  }
  return Answer::kDone;
}

Answer Machine::answer_lobby(const Command& command) {
  std::vector<UserId> whom;
  for (const auto& [user, person] : state_.people) {
    if (person.place != Place::kLobby) continue;
    const bool named = std::any_of(command.targets.begin(), command.targets.end(),
                                   [&](const Subject& target) { return target.user == user; });
    if (named || command.targets.empty()) whom.push_back(user);
  }
  if (whom.empty() && !command.targets.empty()) return Answer::kNotThere;
  for (const UserId user : whom) {
    Person& known = *person(user);
    if (command.action == Action::kAdmit) {
      admit(user, known);
      signal(Kind::kAdmitted, user, command.by.user);
    } else {
      leave(user, known);
      known.deadline = after(now_, rules_.denial);
      signal(Kind::kDenied, user, command.by.user);
    }
  }
  return Answer::kDone;
}

Answer Machine::lock(const Command& command) {
  if (command.action == Action::kLock) {
    state_.locked = command.on;
    return Answer::kDone;
  }
  if (state_.lobby == command.on) return Answer::kDone;
  state_.lobby = command.on;
  if (command.on || state_.locked) return Answer::kDone;
  // Who waits only because there was a lobby waits no longer.
  for (auto& [user, person] : state_.people) {
    if (person.place != Place::kLobby || is_guest(user)) continue;
    admit(user, person);
    signal(Kind::kAdmitted, user, command.by.user);
  }
  return Answer::kDone;
}

Answer Machine::spotlight(const Command& command) {
  if (!command.on || command.targets.empty()) {
    state_.spotlight.reset();
    return Answer::kDone;
  }
  if (command.targets.size() != 1) return Answer::kIllegal;
  const UserId user = command.targets.front().user;
  if (!state_.is_in(user)) return Answer::kNotThere;
  state_.spotlight = user;
  return Answer::kDone;
}

Answer Machine::lower_hands(const Command& command) {
  for (auto& [user, person] : state_.people) {
    const bool named = std::any_of(command.targets.begin(), command.targets.end(),
                                   [&user = user](const Subject& t) { return t.user == user; });
    if (named || command.targets.empty()) person.hand = 0;
  }
  return Answer::kDone;
}

Answer Machine::own(const Command& command, const Authority& by) {
  if (command.action == Action::kHandOver) {
    if (command.targets.size() != 1) return Answer::kIllegal;
    const UserId user = command.targets.front().user;
    const Person* known = state_.find(user);
    if (known == nullptr || !host_may_be(user, *known)) return Answer::kNotThere;
    state_.owner = user;
    return Answer::kDone;
  }
  if (command.action != Action::kCohost || command.targets.empty()) return Answer::kIllegal;
  const auto whom = below(command, by, {Place::kIn});
  if (whom.empty()) return Answer::kNotThere;
  for (const UserId user : whom) {
    Person& known = *person(user);
    if (!host_may_be(user, known) || known.cohost == command.on) continue;
    known.cohost = command.on;
    tell_provider(user);
  }
  return Answer::kDone;
}

// --- breakout rooms ---

Answer Machine::make_breakouts(const Command& command) {
  if (state_.breakouts_open || command.names.size() > State::kMaxBreakouts) {
    return Answer::kIllegal;
  }
  const bool fit = std::all_of(command.names.begin(), command.names.end(), [](const auto& name) {
    return !name.empty() && name.size() <= State::kMaxNameBytes;
  });
  if (!fit) return Answer::kIllegal;
  state_.breakouts = command.names;
  for (auto& [user, person] : state_.people) {
    if (person.room > state_.breakouts.size()) person.room = 0;
  }
  return Answer::kDone;
}

Answer Machine::assign(const Command& command) {
  if (command.room > state_.breakouts.size() || command.targets.empty()) return Answer::kIllegal;
  for (const Subject& target : command.targets) {
    Person* known = person(target);
    if (known == nullptr) return Answer::kFull;
    if (known->room == command.room || known->place == Place::kHeldOut) continue;
    known->room = command.room;
    if (state_.breakouts_open) move(target.user, *known);
  }
  return Answer::kDone;
}

void Machine::move(UserId user, Person& person) {
  tell_provider(user);
  if (person.place != Place::kIn) return;
  effect({.kind = Kind::kMoved,
          .user = user,
          .room = state_.breakouts_open ? person.room : uint8_t{0}});
}

Answer Machine::open_breakouts(bool open) {
  if (state_.breakouts_open == open) return Answer::kDone;
  if (open && state_.breakouts.empty()) return Answer::kIllegal;
  state_.breakouts_open = open;
  for (size_t room = 1; room <= state_.breakouts.size(); ++room) {
    effect({.kind = open ? Kind::kOpenRoom : Kind::kCloseRoom, .room = static_cast<uint8_t>(room)});
  }
  for (auto& [user, person] : state_.people) {
    if (person.room == 0) continue;
    // Its room is gone; they are seen in the meeting itself soon, or are out.
    if (!open && person.seen_in != 0) person.deadline = after(now_, rules_.moving);
    move(user, person);
  }
  return Answer::kDone;
}

}  // namespace turms::im::meeting
