#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "im/meeting/state.h"

namespace turms::im::meeting {

/// Somebody as the group knows them at this moment.
struct Subject {
  UserId user;
  GroupMemberRole standing = GroupMemberRole::kMember;
  std::string name = {};  // of guests
};

/// Its time has come, or somebody made it: these are called.
struct Called {
  UserId by;
  std::vector<Subject> users;
};

/// Somebody asks to be let in, from a device of this type.
struct Asked {
  Subject who;
};

/// Everybody who is in a room of it, as the media server says.
struct Seen {
  struct One {
    Subject who;
    WallTime joined;
  };
  uint8_t room = 0;
  std::vector<One> present;
};

enum class Action : uint8_t {
  // Of a device that is called.
  kRinging = 1,
  kDecline = 2,
  kBusy = 3,
  // Of whoever waits or is in.
  kLeaveLobby = 4,
  kRaiseHand = 5,
  // Of whoever is in, guests and viewers aside.
  kCall = 6,
  // Of host and co-hosts. Without targets: all whom they may.
  kMute = 10,
  kUnmute = 11,
  kRemove = 12,
  kHoldOut = 13,
  kAdmit = 14,
  kDeny = 15,
  kLock = 16,
  kLobby = 17,
  kSpotlight = 18,
  kLowerHands = 19,
  kEnd = 20,
  kMakeBreakouts = 21,
  kAssign = 22,
  kOpenBreakouts = 23,
  // Of the host.
  kCohost = 30,
  kHandOver = 31,
};

struct Command {
  Subject by;
  /// Number of their device's type.
  uint8_t device = 0;
  Action action = Action::kRinging;
  std::vector<Subject> targets;
  /// Of what can be undone: whether it is to be. kMute: they may not unmute themselves.
  bool on = true;
  /// Of kMute and kUnmute.
  Tracks tracks = kMicrophone;
  /// Of kAssign.
  uint8_t room = 0;
  /// Of kMakeBreakouts.
  std::vector<std::string> names;
};

/// Role in the group changed.
struct StandingChanged {
  Subject who;
};
/// Left the group, or was blocked: is none of those any more with whom it is held.
struct Excluded {
  UserId user;
};
/// The server, or its provider, is back: who is in is not known.
struct Resumed {};
/// Time has passed.
struct Tick {};
/// Over, whoever said so.
struct Over {};

using Event =
    std::variant<Called, Asked, Seen, Command, StandingChanged, Excluded, Resumed, Tick, Over>;

/// What an event is answered with.
enum class Answer : uint8_t {
  kDone,
  kWaits,  // in the lobby: ask again
  kLocked,
  kHeldOut,
  kDenied,
  kFull,
  kOver,
  kNotAllowed,  // the role does not
  kNotThere,    // nobody it could be done to
  kIllegal,
};

/// What is to be done, besides storing the new state and telling it.
struct Effect {
  enum class Kind : uint8_t {
    /// Devices of `user` ring until `until`, and stop as `call` says.
    kRing,
    kRingOver,
    /// `user` is told.
    kAdmitted,
    kDenied,
    kRemoved,
    kHeldOut,
    kUnmuteAsked,
    kMoved,  // to `room`
    /// What `user` has published of `tracks` is muted.
    kSilence,
    /// The provider is told of `user` as they are now.
    kMember,
    /// Everybody is told that it begins soon; it begins.
    kRemind,
    kBegin,
    kOpenRoom,
    kCloseRoom,
    /// It is over for all.
    kEnd,
  };
  Kind kind = Kind::kMember;
  UserId user = {};
  UserId by = {};
  WallTime until = {};
  Call call = Call::kNone;
  Tracks tracks = 0;
  uint8_t room = 0;

  bool operator==(const Effect&) const = default;
};

struct Step {
  State state;
  Answer answer = Answer::kDone;
  std::vector<Effect> effects;
};

}  // namespace turms::im::meeting
