#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "im/types.h"

/// The life of one meeting as a value. What happens to it: event.h; what that makes of it:
/// machine.h; how it is stored: codec.h.
namespace turms::im::meeting {

/// kRinging: it has begun, and nobody was in it yet. The numbers are those of the wire and of the
/// store, here and below.
enum class Phase : uint8_t { kScheduled = 0, kRinging = 1, kLive = 2, kEnded = 3 };

/// kViewer: a guest of the group. kGuest: came by a link, without an account.
enum class Role : uint8_t { kHost = 0, kCohost = 1, kParticipant = 2, kViewer = 3, kGuest = 4 };
inline constexpr size_t kRoles = 5;

/// How far calling somebody went. kRinging: a device said that it rings.
enum class Call : uint8_t {
  kNone = 0,
  kCalling = 1,
  kRinging = 2,
  kAnswered = 3,
  kDeclined = 4,
  kBusy = 5,
  kMissed = 6
};

/// kRemoved: must ask again to come back; kHeldOut: may not come back.
enum class Place : uint8_t { kOutside = 0, kLobby = 1, kIn = 2, kRemoved = 3, kHeldOut = 4 };

/// Bits.
using Tracks = uint8_t;
inline constexpr Tracks kMicrophone = 1;
inline constexpr Tracks kCamera = 2;
inline constexpr Tracks kScreen = 4;
inline constexpr Tracks kAllTracks = 7;

/// Bits: what a role may do in a meeting.
using RightSet = uint8_t;
inline constexpr RightSet kMaySpeak = 1;
inline constexpr RightSet kMayShow = 2;
inline constexpr RightSet kMayShare = 4;
inline constexpr RightSet kMayChat = 8;
inline constexpr RightSet kMayRecord = 16;
inline constexpr RightSet kMayAdmit = 32;
inline constexpr RightSet kAllRights = 63;

/// Guests have numbers that no account has: from here on.
inline constexpr int64_t kFirstGuest = 0x7000'0000'0000'0000;
inline bool is_guest(UserId user) {
  return user.value >= kFirstGuest;
}

/// Somebody who was called, waits, is or was in, or may not come.
struct Person {
  /// In the group; owner for the creator of a meeting without one.
  GroupMemberRole standing = GroupMemberRole::kMember;
  bool cohost = false;
  /// Has passed the lobby and the lock.
  bool admitted = false;
  /// Was in.
  bool attended = false;
  Place place = Place::kOutside;
  Call call = Call::kNone;
  /// Device types that ring, a bit for each number.
  uint8_t ringing = 0;
  /// Tracks that they may not publish, whatever their role.
  Tracks stopped = 0;
  /// The breakout room they belong to, and the room in which they are; 0: the meeting itself.
  uint8_t room = 0;
  uint8_t seen_in = 0;
  /// Of kCalling and kRinging.
  WallTime call_until;
  /// kLobby: gone by then unless they ask again. kIn: out by then unless they are seen; 0: they
  /// were. kOutside: denied until then.
  WallTime deadline;
  /// The present stay, or the last one.
  WallTime joined;
  WallTime left;
  /// Of earlier stays.
  int64_t present_ms = 0;
  /// When it was raised among the others, from 1; 0: it is not.
  int64_t hand = 0;
  /// Of guests only: what they call themselves.
  std::string name;

  bool operator==(const Person&) const = default;
};

struct State {
  /// Bounds. With more people, those who only were called go first; then newcomers are refused.
  static constexpr size_t kMaxPeople = 5000;
  /// Of a larger group nobody is called one by one.
  static constexpr size_t kMaxCalled = 256;
  static constexpr size_t kMaxBreakouts = 50;
  static constexpr size_t kMaxNameBytes = 128;

  Phase phase = Phase::kRinging;
  bool in_group = false;
  bool locked = false;
  bool lobby = false;
  /// Whoever comes may not speak until a host lets them.
  bool muted = false;
  bool reminded = false;
  bool breakouts_open = false;
  /// Whose the meeting is: the host whenever they are in.
  UserId owner;
  /// Has the role now; nobody while only viewers and guests are in.
  std::optional<UserId> host;
  std::optional<UserId> spotlight;
  WallTime start;
  /// When somebody came first; 0: nobody yet.
  WallTime live_since;
  /// Since when nobody is in; 0: somebody is, or nobody was.
  WallTime empty_since;
  WallTime ended;
  int64_t last_hand = 0;
  /// Names of the breakout rooms 1, 2, ….
  std::vector<std::string> breakouts;
  std::map<UserId, Person> people;

  bool operator==(const State&) const = default;

  [[nodiscard]] const Person* find(UserId user) const {
    const auto it = people.find(user);
    return it == people.end() ? nullptr : &it->second;
  }
  [[nodiscard]] bool is_in(UserId user) const {
    const Person* person = find(user);
    return person != nullptr && person->place == Place::kIn;
  }
};

/// What an operator decides. Times are those of the machine's deadlines.
struct Rules {
  std::array<RightSet, kRoles> rights{kAllRights, kAllRights,
                                      kMaySpeak | kMayShow | kMayShare | kMayChat, 0,
                                      kMaySpeak | kMayShow | kMayChat};
  Duration ring = 45s;
  /// Who waits in the lobby asks again within it.
  Duration lobby = 60s;
  /// Who was denied does not ask again before.
  Duration denial = 30s;
  /// After a restart, whoever is not seen for so long is out.
  Duration absence = 30s;
  /// From one room to another.
  Duration moving = 15s;
  /// A meeting that everybody left ends.
  Duration empty = 30s;
  /// Before the start; 0: nobody is reminded.
  Duration reminder = std::chrono::minutes(5);
};

Role role_of(const State& state, UserId user, const Person& person);
/// As `rules` give their role, without what was stopped.
RightSet rights_of(const State& state, UserId user, const Person& person, const Rules& rules);
/// Those with a raised hand, first raised first.
std::vector<UserId> hands(const State& state);
/// How long somebody was in, all stays together.
Duration time_present(const Person& person, WallTime now);

}  // namespace turms::im::meeting
