#pragma once

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "im/meeting/machine.h"

namespace turms::im::meeting {

/// A meeting of group owner 1, manager 2, members 3 to 8 and the group's guest 9, made by 3.
class MachineTest : public testing::Test {
 protected:
  static constexpr int64_t kGuest = kFirstGuest + 1;

  static Subject who(int64_t user) {
    Subject subject{UserId(user)};
    if (user == 1) subject.standing = GroupMemberRole::kOwner;
    if (user == 2) subject.standing = GroupMemberRole::kManager;
    if (user == 9) subject.standing = GroupMemberRole::kGuest;
    if (user == kGuest) {
      subject.standing = GroupMemberRole::kAnonymousGuest;
      subject.name = "Ada";
    }
    return subject;
  }
  static std::vector<Subject> all(std::initializer_list<int64_t> users) {
    std::vector<Subject> out;
    for (const int64_t user : users) out.push_back(who(user));
    return out;
  }

  Answer apply(const Event& event) {
    Step step = advance(state_, event, now_, rules_);
    state_ = std::move(step.state);
    told_.clear();
    for (const Effect& effect : step.effects) told_.push_back(words(effect));
    return step.answer;
  }
  Answer ask(int64_t user) { return apply(Asked{who(user)}); }
  Answer command(int64_t by, Action action, std::initializer_list<int64_t> targets = {},
                 bool on = true, Tracks tracks = kMicrophone, uint8_t room = 0) {
    Command command;
    command.by = who(by);
    command.action = action;
    command.targets = all(targets);
    command.on = on;
    command.tracks = tracks;
    command.room = room;
    return apply(command);
  }
  Answer from_device(int64_t by, Action action, uint8_t device) {
    Command command;
    command.by = who(by);
    command.action = action;
    command.device = device;
    return apply(command);
  }
  /// Exactly these are in a room, since each was seen first.
  void seen(std::initializer_list<int64_t> users, uint8_t room = 0) {
    Seen event;
    event.room = room;
    for (const int64_t user : users) event.present.push_back({who(user), now_});
    apply(event);
  }
  /// Asks, and comes.
  void enter(std::initializer_list<int64_t> users) {
    for (const int64_t user : users) {
      EXPECT_EQ(ask(user), Answer::kDone) << user;
      now_.unix_ms += 1000;
      Seen event;
      for (const auto& [known, person] : state_.people) {
        if (person.place == Place::kIn && person.seen_in == 0) {
          event.present.push_back({who(known.value), person.joined});
        }
      }
      event.present.push_back({who(user), now_});
      apply(event);
    }
  }
  void pass(Duration time) {
    now_.unix_ms += to_ms(time);
    apply(Tick{});
  }
  const Person& person(int64_t user) { return state_.people[UserId(user)]; }
  int64_t host() const { return state_.host ? state_.host->value : 0; }
  RightSet rights(int64_t user) { return rights_of(state_, UserId(user), person(user), rules_); }
  bool told(const std::string& effect) const {
    return std::find(told_.begin(), told_.end(), effect) != told_.end();
  }

  static std::string words(const Effect& effect) {
    static constexpr const char* kKinds[] = {"ring",      "ring over",  "admitted",     "denied",
                                             "removed",   "held out",   "unmute asked", "moved to",
                                             "silence",   "member",     "remind",       "begin",
                                             "open room", "close room", "end"};
    std::string out = kKinds[static_cast<size_t>(effect.kind)];
    if (effect.kind == Effect::Kind::kMoved) out += fmt::format(" {}", effect.room);
    if (effect.user.value != 0) out += fmt::format(" {}", effect.user.value);
    if (effect.user.value == 0 && effect.room != 0) out += fmt::format(" {}", effect.room);
    if (effect.kind == Effect::Kind::kRingOver) {
      out += fmt::format(" {}", static_cast<int>(effect.call));
    }
    return out;
  }

  WallTime now_{1'000'000'000};
  Rules rules_;
  State state_ = make(UserId(3), true, now_, now_);
  std::vector<std::string> told_;
};

using Told = std::vector<std::string>;

}  // namespace turms::im::meeting
