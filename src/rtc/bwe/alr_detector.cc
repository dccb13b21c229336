#include "rtc/bwe/alr_detector.h"

#include <algorithm>

namespace turms::rtc::bwe {

namespace {

constexpr double kUsage = 0.65;
constexpr double kStart = 0.8;
constexpr double kStop = 0.5;
constexpr double kWindowSeconds = 0.5;

}  // namespace

void AlrDetector::set_estimate(Bitrate estimate) {
  rate_bps_ = static_cast<double>(estimate.bps()) * kUsage;
  max_bytes_ = rate_bps_ * kWindowSeconds / 8;
  budget_bytes_ = std::clamp(budget_bytes_, -max_bytes_, max_bytes_);
}

void AlrDetector::on_sent(TimePoint now, int64_t bytes) {
  if (!last_sent_) {
    last_sent_ = now;
    return;
  }
  const double gained = rate_bps_ * as_seconds(now - *last_sent_) / 8;
  last_sent_ = now;
  budget_bytes_ = std::max(budget_bytes_ - static_cast<double>(bytes), -max_bytes_);
  budget_bytes_ = std::min(budget_bytes_ + gained, max_bytes_);
  if (max_bytes_ <= 0) return;
  const double level = budget_bytes_ / max_bytes_;
  if (level > kStart && !since_) {
    since_ = now;
  } else if (level < kStop && since_) {
    since_.reset();
  }
}

}  // namespace turms::rtc::bwe
