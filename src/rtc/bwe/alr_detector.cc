#include "rtc/bwe/alr_detector.h"

#include <algorithm>

namespace turms::rtc::bwe {

namespace {

constexpr double kUsage = 0.65;
constexpr double kWindowSeconds = 0.5;

}  // namespace

void AlrDetector::set_estimate(Bitrate estimate) {
  rate_bps_ = static_cast<double>(estimate.bps()) * kUsage;
  max_bytes_ = rate_bps_ * kWindowSeconds / 8;
  budget_bytes_ = std::clamp(budget_bytes_, -max_bytes_, max_bytes_);
}

}  // namespace turms::rtc::bwe
