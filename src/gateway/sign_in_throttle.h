#pragma once

#include <string>
#include <utility>

#include "base/time.h"
#include "im/lru_cache.h"
#include "im/types.h"
#include "net/address.h"

namespace turms::gateway {

/// Who fails too often waits longer and longer. The first attempts are free, for people mistype.
/// Remembers the last kMaxKept keys only: forgetting one gives a guesser its free attempts back,
/// after as many others as there are places.
class BackOff {
 public:
  static constexpr size_t kMaxKept = 10'000;

  struct Limits {
    int free_attempts;
    /// After the free ones; doubles with each attempt up to the longest.
    Duration first_delay;
    Duration longest_delay;
    /// Without an attempt for so long, all is forgiven.
    Duration memory;
  };
  explicit BackOff(Limits limits) : limits_(limits), kept_(kMaxKept) {}

  [[nodiscard]] bool allows(const std::string& key, TimePoint now);
  /// An attempt, taken for a failed one until it is taken back.
  void charge(const std::string& key, TimePoint now);
  void take_back(const std::string& key);
  void forgive(const std::string& key) { kept_.erase(key); }

 private:
  struct Entry {
    int attempts = 0;
    TimePoint last;
  };
  Entry find(const std::string& key, TimePoint now);

  Limits limits_;
  im::LruCache<std::string, Entry> kept_;
};

/// What one customer of a network has: an IPv4 address, or the /64 of an IPv6 one. Not for people
/// to read.
std::string network_of(const net::Address& address);

/// Where an attempt comes from.
struct Origin {
  // NOLINTNEXTLINE(google-explicit-constructor): an address alone is one.
  Origin(const net::Address& from, std::string proven_device = {})
      : address(from), device(std::move(proven_device)) {}

  net::Address address;
  /// Of a device that has shown to be the user's own, by a session token; empty for others.
  std::string device;
};

/// Slows down who guesses passwords, and keeps them from making the server hash all day. Sans-IO:
/// told the time. Lives on the control thread.
///
/// A user must not be locked out by somebody who fails in their name, so the strict limit is on
/// user and network together: from elsewhere the user signs in as always. A device that has shown
/// to be the user's own has limits to itself, whatever others do from the same address. Where all
/// clients come through one proxy that is not named, the address says nothing; even then the user
/// waits for ten seconds at most before the next attempt from a new device is heard.
///
/// Who guesses from many addresses meets a second limit, on the user alone. It is loose, and its
/// delay of a second short, since it does hit the user who comes from a new address; an address
/// that the user has signed in from before is exempt from it.
///
/// Attempts are charged when they begin, so that a thousand at once do not count as none.
class SignInThrottle {
 public:
  enum class Outcome {
    kSignedIn,
    kWrongPassword,
    kUndecided,  // refused for another reason, or the store failed
  };

  /// True: the attempt begins, and finish() follows. False: too soon.
  [[nodiscard]] bool begin(UserId user, const Origin& from, TimePoint now);
  void finish(UserId user, const Origin& from, Outcome outcome);

 private:
  BackOff by_user_and_origin_{{10, 1s, 10s, 15min}};
  BackOff by_user_{{100, 250ms, 1s, 15min}};
  /// Users and origins that went together before.
  im::LruCache<std::string, bool> familiar_{BackOff::kMaxKept};
};

}  // namespace turms::gateway
