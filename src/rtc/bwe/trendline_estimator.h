#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "base/time.h"
#include "rtc/bwe/packet_result.h"

namespace turms::rtc::bwe {

/// Tells whether the queue on the path grows (libwebrtc goog_cc, TrendlineEstimator): the slope of
/// the smoothed accumulated delay over the last kWindow bursts, against a threshold that adapts to
/// the slopes usually seen.
class TrendlineEstimator {
 public:
  static constexpr size_t kWindow = 20;

  void on_burst(Duration arrival_delta, Duration send_delta, TimePoint arrival);
  [[nodiscard]] Usage usage() const { return usage_; }
  /// Scaled slope that is compared with threshold().
  [[nodiscard]] double modified_trend() const { return modified_trend_; }
  [[nodiscard]] double threshold() const { return threshold_; }

 private:
  struct Point {
    double arrival_ms = 0;
    double delay_ms = 0;
  };
  [[nodiscard]] std::optional<double> slope() const;
  void detect(double trend, double send_delta_ms, TimePoint now);
  void adapt_threshold(TimePoint now);

  std::array<Point, kWindow> points_;
  size_t size_ = 0;
  size_t next_ = 0;
  int bursts_ = 0;  // counted up to 1000
  std::optional<TimePoint> first_arrival_;
  double accumulated_ms_ = 0;
  double smoothed_ms_ = 0;
  double previous_trend_ = 0;
  double modified_trend_ = 0;
  double threshold_ = 12.5;
  std::optional<TimePoint> threshold_at_;
  std::optional<double> overusing_ms_;
  int overuse_count_ = 0;
  Usage usage_ = Usage::kNormal;
};

}  // namespace turms::rtc::bwe
