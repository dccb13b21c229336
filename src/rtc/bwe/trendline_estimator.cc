#include "rtc/bwe/trendline_estimator.h"

#include <algorithm>
#include <cmath>

#include "rtc/bwe/bitrate.h"

namespace turms::rtc::bwe {

namespace {

constexpr double kSmoothing = 0.9;
constexpr double kGain = 4;
constexpr int kMaxScale = 60;  // bursts
constexpr int kMaxBursts = 1000;
constexpr double kOveruseMs = 10;
constexpr double kSpike = 15;  // above the threshold: not learnt from
constexpr double kRise = 0.0087;
constexpr double kFall = 0.039;
constexpr double kMinThreshold = 6;
constexpr double kMaxThreshold = 600;
constexpr double kMaxStepMs = 100;

}  // namespace

void TrendlineEstimator::on_burst(Duration arrival_delta, Duration send_delta, TimePoint arrival) {
  bursts_ = std::min(bursts_ + 1, kMaxBursts);
  if (!first_arrival_) first_arrival_ = arrival;
  accumulated_ms_ += as_ms(arrival_delta - send_delta);
  smoothed_ms_ = kSmoothing * smoothed_ms_ + (1 - kSmoothing) * accumulated_ms_;
  points_[next_] = {as_ms(arrival - *first_arrival_), smoothed_ms_};
  next_ = (next_ + 1) % kWindow;
  size_ = std::min(size_ + 1, kWindow);
  double trend = previous_trend_;
  if (size_ == kWindow) trend = slope().value_or(trend);
  detect(trend, as_ms(send_delta), arrival);
}

/// Least squares in one pass, from one of the points: differences stay small and exact.
std::optional<double> TrendlineEstimator::slope() const {
  double x_sum = 0;
  double y_sum = 0;
  double xy_sum = 0;
  double xx_sum = 0;
  for (const Point& p : points_) {
    const double x = p.arrival_ms - points_[0].arrival_ms;
    const double y = p.delay_ms - points_[0].delay_ms;
    x_sum += x;
    y_sum += y;
    xy_sum += x * y;
    xx_sum += x * x;
  }
  const double variance = xx_sum - x_sum * x_sum / kWindow;
  if (variance <= 0) return std::nullopt;
  return (xy_sum - x_sum * y_sum / kWindow) / variance;
}

void TrendlineEstimator::detect(double trend, double send_delta_ms, TimePoint now) {
  if (bursts_ < 2) {
    usage_ = Usage::kNormal;
    return;
  }
  modified_trend_ = std::min(bursts_, kMaxScale) * trend * kGain;
  if (modified_trend_ > threshold_) {
    // It began somewhere between the two bursts: take the middle.
    overusing_ms_ = overusing_ms_ ? *overusing_ms_ + send_delta_ms : send_delta_ms / 2;
    ++overuse_count_;
    if (*overusing_ms_ > kOveruseMs && overuse_count_ > 1 && trend >= previous_trend_) {
      overusing_ms_ = 0;
      overuse_count_ = 0;
      usage_ = Usage::kOverusing;
    }
  } else {
    overusing_ms_.reset();
    overuse_count_ = 0;
    usage_ = modified_trend_ < -threshold_ ? Usage::kUnderusing : Usage::kNormal;
  }
  previous_trend_ = trend;
  adapt_threshold(now);
}

void TrendlineEstimator::adapt_threshold(TimePoint now) {
  const double size = std::abs(modified_trend_);
  if (size <= threshold_ + kSpike) {
    const double step_ms = std::min(as_ms(now - threshold_at_.value_or(now)), kMaxStepMs);
    threshold_ += (size < threshold_ ? kFall : kRise) * (size - threshold_) * step_ms;
    threshold_ = std::clamp(threshold_, kMinThreshold, kMaxThreshold);
  }
  threshold_at_ = now;
}

}  // namespace turms::rtc::bwe
