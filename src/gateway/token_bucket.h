#pragma once

#include <algorithm>

#include "base/time.h"

namespace turms::gateway {

/// So many a second on average, and so many at once. Full at first; told the time.
class TokenBucket {
 public:
  /// `per_second` 0: no limit.
  TokenBucket(int per_second, int burst)
      : per_second_(per_second), burst_(std::max(burst, 1)), tokens_(burst_) {}

  [[nodiscard]] bool take(TimePoint now) {
    if (per_second_ <= 0) return true;
    const std::chrono::duration<double> passed = now - last_;
    tokens_ = std::min(burst_, tokens_ + passed.count() * per_second_);
    last_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double per_second_;
  double burst_;
  double tokens_;
  TimePoint last_;
};

}  // namespace turms::gateway
