#include "rtc/bwe/link_capacity_estimator.h"

#include <algorithm>
#include <cmath>

namespace turms::rtc::bwe {

namespace {

// ±14 and ±35 kbit/s at 500 kbit/s.
constexpr double kMinVariance = 0.4;
constexpr double kMaxVariance = 2.5;

Bitrate from_kbps(double kbps) {
  return Bitrate(whole(std::round(kbps * 1000)));
}

}  // namespace

Bitrate LinkCapacityEstimator::estimate() const {
  return from_kbps(*mean_kbps_);
}

Bitrate LinkCapacityEstimator::upper_bound() const {
  return mean_kbps_ ? from_kbps(*mean_kbps_ + 3 * deviation_kbps()) : kUnlimited;
}

Bitrate LinkCapacityEstimator::lower_bound() const {
  return mean_kbps_ ? from_kbps(std::max(0.0, *mean_kbps_ - 3 * deviation_kbps())) : Bitrate();
}

void LinkCapacityEstimator::update(Bitrate sample, double weight) {
  const double kbps = sample.to_kbps();
  mean_kbps_ = mean_kbps_ ? (1 - weight) * *mean_kbps_ + weight * kbps : kbps;
  const double error = *mean_kbps_ - kbps;
  variance_ = (1 - weight) * variance_ + weight * error * error / std::max(*mean_kbps_, 1.0);
  variance_ = std::clamp(variance_, kMinVariance, kMaxVariance);
}

double LinkCapacityEstimator::deviation_kbps() const {
  return std::sqrt(variance_ * *mean_kbps_);
}

}  // namespace turms::rtc::bwe
