#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "rtc/bwe/alr_detector.h"
#include "rtc/bwe/bitrate.h"
#include "rtc/bwe/bottleneck_rate.h"
#include "rtc/bwe/competition.h"
#include "rtc/bwe/crowd.h"
#include "rtc/bwe/delay_based_bwe.h"
#include "rtc/bwe/limiting_reason.h"
#include "rtc/bwe/path_delay.h"
#include "rtc/bwe/probe_bitrate_estimator.h"
#include "rtc/bwe/probe_controller.h"
#include "rtc/bwe/robust_throughput_estimator.h"
#include "rtc/bwe/target_rate.h"
#include "rtc/bwe/transport_feedback_history.h"
#include "rtc/rtcp/packets.h"

namespace turms::rtc::bwe {

struct Target {
  Bitrate rate;
  /// Moves more slowly, never above `rate`: for choices that are dear to undo.
  Bitrate stable;
  /// Send no faster than that over a burst.
  Bitrate pacing;
  /// Fill up to that with padding; zero: none. Upstream does while losses go away; on our paths it
  /// cost pictures, and the owner does not.
  Bitrate padding;
  double loss = 0;  // share of packets
  Duration rtt{};   // zero: not known
  /// Delay on the path above its base.
  Duration queue{};
  LimitingReason reason = LimitingReason::kNone;
  bool overusing = false;
  /// Others fill the queue, so that it says nothing about this sender.
  bool shared = false;
  /// What the bottleneck carries of this sender and of others together, where they had their part
  /// lately: a probe shows more than there is for this one. Zero: nobody is known to.
  Bitrate crowded;
  /// Transport feedback stays away: rate from REMB and receiver reports.
  bool fallback = false;
};

/// Send-side bandwidth estimation of one transport: events and time in, a target and probe clusters
/// out. A port of libwebrtc's goog_cc with its shipped settings; what differs, and why, is in
/// docs/adr/021-send-side-estimation.md.
///
/// Lives with the transport, on its worker. Nothing is allocated for a packet; the history of sent
/// packets is allocated at the first one.
class Estimator {
 public:
  struct Config {
    Bitrate start = Bitrate::kbps(600);
    Bitrate min = kLowestBitrate;
    Bitrate max = Bitrate::kbps(100'000);
    double pacing_factor = 1.25;
    /// The receiver negotiated transport-wide feedback; else REMB and receiver reports alone.
    bool transport_feedback = true;
    /// Of the first packet that on_sent() is told of.
    uint16_t first_sequence = 0;
  };
  /// With packets leaving and no feedback for so long, the fall-back begins; feedback ends it.
  static constexpr Duration kFeedbackTimeout = 1s;
  static constexpr Duration kTick = 25ms;
  /// A queue that stands this high is drained at a part of the rate: neither its slope nor its
  /// losses say that it is there. After kMaxDrain it counts as a longer path.
  static constexpr Duration kStandingQueue = 100ms;
  static constexpr double kDrainFactor = 0.75;
  static constexpr Duration kMaxDrain = 5s;

  Estimator(TimePoint now, const Config& config);

  /// A packet leaves now. Gives the transport sequence to write into it.
  uint16_t on_sent(TimePoint now, const TransportFeedbackHistory::Sent& packet) {
    on_media_sent(now, packet.size);
    if (!fallback_) target_rate_.on_sent(now);
    if (!first_unanswered_) first_unanswered_ = now;
    return history_.on_sent(now, packet);
  }
  /// A packet leaves that has no room for a transport sequence.
  void on_untracked_sent(TimePoint now, size_t size);
  [[nodiscard]] uint16_t next_sequence() const { return history_.next_sequence(); }

  /// Fetch into the cache what on_sent() touches, the second a while after the first.
  void prefetch() const {
    __builtin_prefetch(&history_, 1);
    __builtin_prefetch(&alr_, 1);
    __builtin_prefetch(&target_rate_, 1);
    __builtin_prefetch(&first_unanswered_, 1);
  }
  void prefetch_place() const { history_.prefetch(); }

  /// RTCP 205/15.
  void on_transport_feedback(TimePoint now, const rtcp::PacketView& feedback);
  /// RTCP 205/11, of packets that are in `numbers`.
  void on_congestion_feedback(TimePoint now, const rtcp::PacketView& feedback,
                              const SentNumbers& numbers);
  /// RTCP 206/15.
  void on_remb(TimePoint now, Bitrate rate);
  /// Of all report blocks of one report: packets lost and expected since the report before.
  void on_receiver_report(TimePoint now, int64_t lost, int64_t expected,
                          std::optional<Duration> rtt);
  void set_demand(TimePoint now, const ProbeController::Demand& demand);
  /// So much got through for so long that it counts as a probe's result.
  void on_proven(TimePoint now, Bitrate rate);
  /// The transport's path changed: what was learnt about the old one is forgotten, but not more
  /// is sent than before.
  void on_route_change(TimePoint now);
  /// Call at next_deadline().
  void on_timeout(TimePoint now);
  [[nodiscard]] TimePoint next_deadline() const { return deadline_; }

  [[nodiscard]] const Target& target() const { return target_; }
  /// Whether target() differs from what it was at the last call.
  bool take_change();
  /// What the latest probe has shown to get through.
  struct Proof {
    Bitrate rate;
    TimePoint at{};
  };
  [[nodiscard]] const std::optional<Proof>& proof() const { return proof_; }
  /// Has anything been seen that speaks against the path, since it is this one?
  [[nodiscard]] bool was_congested() const { return was_congested_; }
  /// The next burst to send; give it to the pacer.
  std::optional<ProbeCluster> take_probe();

  /// When packets were last lost that no queue explains: more than kRandomLoss of a second's.
  static constexpr double kRandomLoss = 0.02;
  [[nodiscard]] std::optional<TimePoint> random_loss_at() const { return random_loss_at_; }

  /// Share of the packets of the last few feedback messages.
  [[nodiscard]] double recent_loss() const { return recent_loss_; }
  [[nodiscard]] std::optional<Bitrate> acknowledged() const { return acknowledged_; }
  [[nodiscard]] bool application_limited() const { return alr_.since().has_value(); }
  [[nodiscard]] const TransportFeedbackHistory::Counters& counters() const {
    return history_.counters();
  }

 private:
  static constexpr Duration kRecent = 250ms;

  DelayBasedBwe::Bottleneck bottleneck(TimePoint now) const;
  void on_media_sent(TimePoint now, size_t size) {
    alr_.on_sent(now, static_cast<int64_t>(size));
    last_sent_ = now;
  }
  void on_results(TimePoint now, PacketResults results);
  PacketResults sort_received(PacketResults results);
  void update_rtt(TimePoint now, PacketResults received);
  void update_losses(TimePoint now, PacketResults results);
  std::optional<Bitrate> probe_result(PacketResults received);
  void watch(TimePoint now);
  void publish(TimePoint now);
  void schedule(TimePoint now);
  [[nodiscard]] ProbeController::Cause cause(TimePoint now) const;
  [[nodiscard]] bool loss_is_over(TimePoint now) const;
  bool draining(TimePoint now);

  Config config_;
  TransportFeedbackHistory history_;
  AlrDetector alr_;
  RobustThroughputEstimator throughput_;
  RobustThroughputEstimator recent_throughput_{kRecent};
  BottleneckRate bottleneck_;
  Competition competition_;
  Crowd crowd_;
  ProbeBitrateEstimator probe_estimator_;
  DelayBasedBwe delay_based_;
  TargetRate target_rate_;
  ProbeController probes_;
  PathDelay path_;

  std::vector<PacketResult> received_;
  std::optional<Bitrate> acknowledged_;
  std::optional<TimePoint> last_feedback_;
  std::optional<TimePoint> first_unanswered_;  // packet since the last feedback
  std::optional<TimePoint> last_sent_;
  std::optional<TimePoint> loss_update_at_;
  std::optional<TimePoint> queue_seen_at_;
  std::optional<TimePoint> random_loss_at_;
  int64_t lost_ = 0;
  int64_t expected_ = 0;
  double recent_loss_ = 0;
  bool was_application_limited_ = false;
  bool fallback_ = false;
  std::optional<TimePoint> drain_since_;
  std::optional<TimePoint> lossless_since_;
  Target target_;
  bool changed_ = true;
  std::optional<Proof> proof_;
  bool was_congested_ = false;
  TimePoint deadline_{};
};

}  // namespace turms::rtc::bwe
