#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "gateway/auto_block.h"
#include "gateway/token_bucket.h"
#include "im/blocklist.h"
#include "net/address.h"

namespace turms::gateway {

/// What a client can do wrong.
enum class Misdeed : uint8_t { kCorruptedFrame, kCorruptedRequest, kFrequentRequest };

/// Rules for each misdeed, by the address and by the user that did it.
struct GuardConfig {
  struct Rules {
    /// Whether anybody of this kind is blocked at all, also by an administrator.
    bool enabled = true;
    AutoBlockRule corrupted_frame;
    AutoBlockRule corrupted_request;
    AutoBlockRule frequent_request;
  };
  Rules ip;
  Rules user;
  /// Requests of all connections from one address.
  RateLimit address_limit;
};

/// Who is let in, and for how long who misbehaves is not; and what one address may ask for. Lives
/// on the control thread. Remembers the last kMaxKept addresses and users of each kind.
class Guard {
 public:
  static constexpr size_t kMaxKept = 10'000;

  Guard(im::Blocklist& blocklist, GuardConfig config);

  [[nodiscard]] bool lets_in(const net::Address& address) const;
  [[nodiscard]] bool lets_in(UserId user) const;
  void note(Misdeed misdeed, const net::Address& address, std::optional<UserId> user,
            TimePoint now);
  /// A request from this address: false when it has asked for too much.
  [[nodiscard]] bool take(const net::Address& address, TimePoint now);
  /// Every address begins anew, unless it is what it was.
  void set_address_limit(const RateLimit& limit);

 private:
  struct Counters {
    explicit Counters(const GuardConfig::Rules& rules);
    AutoBlock& of(Misdeed misdeed);
    AutoBlock corrupted_frame;
    AutoBlock corrupted_request;
    AutoBlock frequent_request;
  };

  im::Blocklist& blocklist_;
  GuardConfig config_;
  Counters by_ip_;
  Counters by_user_;
  im::LruCache<std::string, std::shared_ptr<TokenBucket>> buckets_{kMaxKept};
};

/// The addresses that are blocked with this one: itself, or the /64 of an IPv6 address, which is
/// one customer's.
std::string blocked_network(const net::Address& address);

}  // namespace turms::gateway
