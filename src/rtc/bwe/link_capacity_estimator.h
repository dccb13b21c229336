#pragma once

#include <optional>

#include "rtc/bwe/bitrate.h"

namespace turms::rtc::bwe {

/// Running mean and deviation of the rates that got through when the link was full (libwebrtc
/// goog_cc, LinkCapacityEstimator).
class LinkCapacityEstimator {
 public:
  void on_overuse(Bitrate acknowledged) { update(acknowledged, 0.05); }
  void on_probe(Bitrate rate) { update(rate, 0.5); }
  void reset() { mean_kbps_.reset(); }

  [[nodiscard]] bool has_estimate() const { return mean_kbps_.has_value(); }
  /// has_estimate() only.
  [[nodiscard]] Bitrate estimate() const;
  /// Three deviations to either side; no bound without an estimate.
  [[nodiscard]] Bitrate upper_bound() const;
  [[nodiscard]] Bitrate lower_bound() const;

 private:
  void update(Bitrate sample, double weight);
  [[nodiscard]] double deviation_kbps() const;

  std::optional<double> mean_kbps_;
  double variance_ = 0.4;  // divided by the mean
};

}  // namespace turms::rtc::bwe
