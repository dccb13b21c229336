#pragma once

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
  void on_sent(TimePoint now, int64_t bytes);
  /// Since when; nothing outside.
  [[nodiscard]] std::optional<TimePoint> since() const { return since_; }

 private:
  double rate_bps_ = 0;
  double max_bytes_ = 0;
  double budget_bytes_ = 0;
  std::optional<TimePoint> last_sent_;
  std::optional<TimePoint> since_;
};

}  // namespace turms::rtc::bwe
