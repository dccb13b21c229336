#pragma once

#include <optional>

#include "rtc/bwe/bitrate.h"
#include "rtc/bwe/link_capacity_estimator.h"
#include "rtc/bwe/packet_result.h"

namespace turms::rtc::bwe {

/// Rate that follows the delay detector: up by 8 % a second, or by about a packet per response time
/// near the known capacity; down to 85 % of what got through (libwebrtc, AimdRateControl).
class AimdRateControl {
 public:
  static constexpr double kBackoff = 0.85;

  void set_start(Bitrate rate);
  void set_min(Bitrate rate);
  void set_rtt(Duration rtt) { rtt_ = rtt; }
  /// A probe's result, or a reduction decided elsewhere.
  void set_estimate(Bitrate rate, TimePoint now);

  /// `acknowledged`: rate that got through lately, when known. Gives latest().
  /// `backoff`: what a reduction leaves of it.
  Bitrate update(Usage usage, std::optional<Bitrate> acknowledged, TimePoint now,
                 double backoff = kBackoff);

  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] Bitrate latest() const { return current_; }
  /// Once per round trip, or at once when far less gets through than we think.
  [[nodiscard]] bool may_reduce(TimePoint now, Bitrate acknowledged) const;
  /// The same while nothing is known of what gets through.
  [[nodiscard]] bool may_reduce_blindly(TimePoint now) const;
  /// Bits per second, per second.
  [[nodiscard]] double additive_increase() const;
  /// Expected time between two overuses.
  [[nodiscard]] Duration expected_period() const;

 private:
  enum class State : uint8_t { kHold, kIncrease, kDecrease };

  void change_state(Usage usage, TimePoint now);
  [[nodiscard]] std::optional<Bitrate> increased(Bitrate throughput, TimePoint now);
  [[nodiscard]] std::optional<Bitrate> decreased(Bitrate throughput, TimePoint now, double backoff);
  [[nodiscard]] Bitrate clamp(Bitrate rate) const { return std::max(rate, min_); }

  Bitrate min_ = kLowestBitrate;
  Bitrate current_ = Bitrate::kbps(30'000);
  Bitrate throughput_ = current_;
  LinkCapacityEstimator capacity_;
  State state_ = State::kHold;
  bool valid_ = false;
  Duration rtt_ = 200ms;
  std::optional<TimePoint> changed_at_;
  std::optional<TimePoint> decreased_at_;
  std::optional<TimePoint> first_throughput_at_;
  std::optional<Bitrate> last_decrease_;
};

}  // namespace turms::rtc::bwe
