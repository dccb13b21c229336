#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace turms::gateway {

/// How fast tokens may be taken; upstream's `rate-limiting`.
struct RateLimit {
  /// At most so many are kept. 0: no limit at all.
  int64_t capacity = 0;
  /// There from the start, up to `capacity`.
  int64_t initial_tokens = 50;
  int64_t tokens_per_period = 1;
  /// 0: what is taken never comes back.
  Duration refill_interval = 1s;
  bool operator==(const RateLimit&) const = default;
};

/// Tokens that are taken one by one and come back in periods. Told the time.
class TokenBucket {
 public:
  TokenBucket(const RateLimit& limit, TimePoint now)
      : limit_(limit), tokens_(std::min(limit.initial_tokens, limit.capacity)), last_refill_(now) {}

  [[nodiscard]] bool take(TimePoint now) {
    if (limit_.capacity <= 0) return true;
    refill(now);
    if (tokens_ == 0) return false;
    --tokens_;
    return true;
  }

  [[nodiscard]] const RateLimit& limit() const { return limit_; }

 private:
  void refill(TimePoint now) {
    if (limit_.refill_interval <= Duration::zero()) return;
    const int64_t periods = (now - last_refill_) / limit_.refill_interval;
    if (periods <= 0) return;
    last_refill_ += periods * limit_.refill_interval;
    // So many fill it, whatever it holds: a longer silence must not overflow the product.
    const int64_t enough = limit_.capacity / limit_.tokens_per_period + 1;
    const int64_t brought = std::min(periods, enough) * limit_.tokens_per_period;
    tokens_ = std::min(limit_.capacity, tokens_ + brought);
  }

  RateLimit limit_;
  int64_t tokens_;
  TimePoint last_refill_;
};

}  // namespace turms::gateway
