#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "rtc/bwe/bitrate.h"
#include "rtc/bwe/loss_based_bwe.h"
#include "rtc/bwe/packet_result.h"

namespace turms::rtc::bwe {

/// Lower edge of what the link carried lately: does not follow every swing of the target
/// (libwebrtc goog_cc, LinkCapacityTracker).
class StableRate {
 public:
  void on_start(Bitrate rate);
  void on_delay_based(TimePoint now, Bitrate rate);
  void on_target(TimePoint now, std::optional<Bitrate> acknowledged, Bitrate target);
  void on_backoff(TimePoint now, Bitrate rate);
  [[nodiscard]] Bitrate rate() const { return Bitrate(whole(bps_)); }

 private:
  double bps_ = 0;
  std::optional<TimePoint> updated_at_;
  Bitrate last_delay_based_ = kUnlimited;
};

/// Round trip from our packets and their feedback, counting on while feedback stays away
/// (libwebrtc goog_cc, RttBasedBackoff).
class RttBackoff {
 public:
  static constexpr Duration kLimit = 3s;
  static constexpr Duration kInterval = 1s;
  static constexpr double kFactor = 0.8;

  void on_sent(TimePoint now) {
    if (!updated_at_) updated_at_ = now;  // counts from the first packet
    last_sent_ = now;
  }
  void on_rtt(TimePoint now, Duration rtt);
  [[nodiscard]] Duration corrected_rtt() const;
  [[nodiscard]] bool above_limit() const { return corrected_rtt() > kLimit; }

 private:
  std::optional<TimePoint> last_sent_;
  std::optional<TimePoint> updated_at_;
  Duration rtt_{};
};

/// Joins what delay, loss, round trip and the receiver say into one rate (libwebrtc goog_cc,
/// SendSideBandwidthEstimation).
///
/// While transport feedback flows, delay and its own losses decide, and the receiver's estimate is
/// not asked. In the fall-back (set_fallback), REMB decides where it comes, and receiver reports
/// move the rate: up by 8 % a second below 2 % of loss, down by half the loss above 10 %.
class TargetRate {
 public:
  enum class Limit : uint8_t { kNone, kDelay, kLoss, kReceiver, kRoundTrip, kMaximum };
  /// Probing decides alone for so long, unless packets are lost.
  static constexpr Duration kStartPhase = 2s;
  /// A REMB older than that says nothing.
  static constexpr Duration kRembLifetime = 3s;

  void set_bitrates(TimePoint now, Bitrate start, Bitrate min, Bitrate max);
  /// A probe's result: taken as it is.
  void set_rate(TimePoint now, Bitrate rate);
  void set_fallback(TimePoint now, bool on);
  /// What was lost before says nothing about the path as it is now.
  void forget_losses();

  void on_sent(TimePoint now) { backoff_.on_sent(now); }
  void on_delay_based(TimePoint now, Bitrate rate);
  void set_acknowledged(std::optional<Bitrate> rate);
  void on_feedback(TimePoint now, PacketResults results, bool application_limited);
  void on_propagation_rtt(TimePoint now, Duration rtt) { backoff_.on_rtt(now, rtt); }
  void on_rtt(Duration rtt);
  /// Packets lost and expected since the last call.
  void on_losses(TimePoint now, int64_t lost, int64_t expected);
  void on_remb(TimePoint now, Bitrate rate);
  /// Call every second at least.
  void update(TimePoint now);

  [[nodiscard]] Bitrate rate() const { return std::max(min_, current_); }
  [[nodiscard]] Bitrate stable_rate() const { return std::min(stable_.rate(), rate()); }
  [[nodiscard]] Limit limit() const;
  [[nodiscard]] LossState loss_state() const { return loss_state_; }
  [[nodiscard]] bool rtt_above_limit() const { return backoff_.above_limit(); }
  [[nodiscard]] double loss() const { return fraction_lost_ / 256.0; }
  [[nodiscard]] double average_loss() const { return loss_based_.average_loss(); }
  [[nodiscard]] Duration rtt() const { return rtt_; }

 private:
  static constexpr size_t kHistory = 32;
  struct Past {
    TimePoint at{};
    Bitrate rate;
  };

  [[nodiscard]] bool in_start_phase(TimePoint now) const;
  [[nodiscard]] Bitrate upper_limit(TimePoint now) const;
  void apply(TimePoint now, Bitrate rate);
  void update_by_reports(TimePoint now);
  void remember(TimePoint now);
  [[nodiscard]] bool remb_is_fresh(TimePoint now) const;

  RttBackoff backoff_;
  StableRate stable_;
  LossBasedBwe loss_based_;
  LossState loss_state_ = LossState::kDelayBased;
  // The lowest rate of the last second is in front: a queue of rising rates. At most kHistory, the
  // oldest out first.
  std::array<Past, kHistory> history_;
  size_t history_first_ = 0;
  size_t history_size_ = 0;

  Bitrate current_;
  Bitrate min_ = kLowestBitrate;
  Bitrate max_ = kHighestBitrate;
  Bitrate delay_based_ = kUnlimited;
  Bitrate remb_ = kUnlimited;
  std::optional<TimePoint> remb_at_;
  std::optional<Bitrate> acknowledged_;
  bool fallback_ = false;
  bool reduced_by_rtt_ = false;

  Duration rtt_{};
  int64_t lost_ = 0;
  int64_t expected_ = 0;
  int fraction_lost_ = 0;  // of 256
  bool reduced_for_report_ = false;
  std::optional<TimePoint> first_report_at_;
  std::optional<TimePoint> loss_report_at_;
  std::optional<TimePoint> reduced_at_;
};

}  // namespace turms::rtc::bwe
