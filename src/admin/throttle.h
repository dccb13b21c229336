#pragma once

#include <string>

#include "base/time.h"
#include "im/lru_cache.h"
#include "net/address.h"

namespace turms::admin {

/// What one customer of a network has: an IPv4 address, or the /64 of an IPv6 one. Not for people
/// to read.
std::string network_of(const net::Address& address);

/// Requests from one network: so many at once, and so many a second. Remembers the last kMaxKept
/// networks; who is forgotten starts with a full bucket.
class RequestLimit {
 public:
  static constexpr size_t kMaxKept = 10'000;

  RequestLimit(double capacity, double per_second)
      : capacity_(capacity), per_second_(per_second), kept_(kMaxKept) {}
  [[nodiscard]] bool take(const std::string& network, TimePoint now);

 private:
  struct Bucket {
    double tokens;
    TimePoint filled;
  };
  const double capacity_;
  const double per_second_;
  im::LruCache<std::string, Bucket> kept_;
};

/// Slows down who guesses passwords. The first kFree wrong ones of a key cost nothing; each further
/// one doubles the wait, from a second to a minute. A key that was not wrong for a quarter of an
/// hour is new. Remembers the last kMaxKept keys.
class WrongPasswords {
 public:
  static constexpr size_t kMaxKept = 10'000;
  static constexpr int kFree = 5;

  WrongPasswords() : kept_(kMaxKept) {}
  [[nodiscard]] bool allows(const std::string& key, TimePoint now);
  void charge(const std::string& key, TimePoint now);
  void forgive(const std::string& key) { kept_.erase(key); }

 private:
  struct Entry {
    int wrong = 0;
    TimePoint last;
  };
  im::LruCache<std::string, Entry> kept_;
};

}  // namespace turms::admin
