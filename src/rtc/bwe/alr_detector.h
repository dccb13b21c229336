#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "rtc/bwe/bitrate.h"

namespace turms::rtc::bwe {

/// Tells when we send so much less than the estimate that feedback says nothing about it
/// (application limited region; libwebrtc goog_cc, AlrDetector): a budget of 500 ms at 65 % of the
/// estimate that sending uses up.
class AlrDetector {
 public:
  void set_estimate(Bitrate estimate);
  void on_sent(TimePoint now, int64_t bytes) {
    if (!last_sent_) {
      last_sent_ = now;
      return;
    }
    budget_bytes_ = std::max(budget_bytes_ - static_cast<double>(bytes), -max_bytes_);
    if (now != *last_sent_) {
      const double gained = rate_bps_ * as_seconds(now - *last_sent_) / 8;
      budget_bytes_ = std::min(budget_bytes_ + gained, max_bytes_);
      last_sent_ = now;
    }
    if (max_bytes_ <= 0) return;
    if (budget_bytes_ > kStart * max_bytes_) {
      if (!since_) since_ = now;
    } else if (budget_bytes_ < kStop * max_bytes_) {
      since_.reset();
    }
  }
  /// Since when; nothing outside.
  [[nodiscard]] std::optional<TimePoint> since() const { return since_; }

 private:
  static constexpr double kStart = 0.8;
  static constexpr double kStop = 0.5;

  double rate_bps_ = 0;
  double max_bytes_ = 0;
  double budget_bytes_ = 0;
  std::optional<TimePoint> last_sent_;
  std::optional<TimePoint> since_;
};

}  // namespace turms::rtc::bwe
