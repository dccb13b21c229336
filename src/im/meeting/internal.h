#pragma once

#include <vector>

#include "im/meeting/event.h"
#include "im/meeting/machine.h"

namespace turms::im::meeting {

inline WallTime after(WallTime time, Duration duration) {
  return WallTime{time.unix_ms + to_ms(duration)};
}

/// One event at work: machine.cc has what happens, commands.cc what people want.
class Machine {
 public:
  Machine(State state, WallTime now, const Rules& rules)
      : state_(std::move(state)), now_(now), rules_(rules) {}

  Answer handle(const Called& event);
  Answer handle(const Asked& event);
  Answer handle(const Seen& event);
  Answer handle(const Command& event);
  Answer handle(const StandingChanged& event);
  Answer handle(const Excluded& event);
  Answer handle(const Resumed& event);
  Answer handle(const Tick& event);
  Answer handle(const Over& event);

  /// What follows from where people are now: host, spotlight, phase.
  void settle();

  State state_;
  std::vector<Effect> effects_;

 private:
  using Kind = Effect::Kind;

  Person* person(UserId user);
  /// Null when there is no room for one more.
  Person* person(const Subject& subject);
  [[nodiscard]] RightSet rights(UserId user) const;
  void effect(Effect effect) { effects_.push_back(effect); }
  void tell_provider(UserId user) { effect({.kind = Kind::kMember, .user = user}); }
  void signal(Kind kind, UserId user, UserId by) { effect({.kind = kind, .user = user, .by = by}); }

  void call(UserId user, Person& person, UserId by);
  void end_call(UserId user, Person& person, Call how);
  void admit(UserId user, Person& person);
  void leave(UserId user, Person& person);
  void appear(const Subject& who, WallTime joined, uint8_t room);
  void disappear(UserId user, Person& person);
  [[nodiscard]] bool host_may_be(UserId user, const Person& person) const;
  [[nodiscard]] std::optional<UserId> next_host() const;
  void end();
  void end_unanswered();
  bool make_room_for_one();
  void tick(UserId user, Person& person);

  // commands.cc
  struct Authority {
    Role role = Role::kGuest;
    bool inside = false;
    bool leads = false;  // may do what hosts and co-hosts may
    bool owns = false;   // what the host alone may
  };
  [[nodiscard]] Authority authority(const Subject& who) const;
  Answer answer_call(const Command& command);
  Answer own_action(const Command& command);
  Answer call_others(const Command& command, const Authority& by);
  Answer lead(const Command& command, const Authority& by);
  Answer own(const Command& command, const Authority& by);
  /// Those of the targets who are in such a place and whom this one may do something to; of all
  /// people without targets.
  [[nodiscard]] std::vector<UserId> below(const Command& command, const Authority& by,
                                          std::initializer_list<Place> places) const;
  Answer mute(const Command& command, const Authority& by);
  Answer unmute(const Command& command, const Authority& by);
  Answer remove(const Command& command, const Authority& by);
  Answer hold_out(const Command& command, const Authority& by);
  Answer answer_lobby(const Command& command);
  Answer lock(const Command& command);
  Answer spotlight(const Command& command);
  Answer lower_hands(const Command& command);
  Answer make_breakouts(const Command& command);
  Answer assign(const Command& command);
  Answer open_breakouts(bool open);
  void move(UserId user, Person& person);

  const WallTime now_;
  const Rules& rules_;
};

}  // namespace turms::im::meeting
