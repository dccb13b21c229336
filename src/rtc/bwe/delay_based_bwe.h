#pragma once

#include <optional>

#include "rtc/bwe/aimd_rate_control.h"
#include "rtc/bwe/inter_arrival_delta.h"
#include "rtc/bwe/packet_result.h"
#include "rtc/bwe/trendline_estimator.h"

namespace turms::rtc::bwe {

/// Estimate from the one-way delay alone (libwebrtc goog_cc, DelayBasedBwe).
class DelayBasedBwe {
 public:
  /// The detector starts again when nothing was reported for so long.
  static constexpr Duration kSilence = 2s;

  struct Result {
    bool updated = false;
    bool from_probe = false;
    /// The queue had grown and has drained.
    bool recovered = false;
    Bitrate rate;
  };

  /// What may be known of the path beside its mean rate.
  struct Bottleneck {
    std::optional<Bitrate> rate;  // gets through at present: what a reduction begins with
    bool sudden = false;          // it fell: reduce whatever the trend says
    bool queue = true;            // one stands, and has to drain
    bool stepping = false;        // the path may just have become longer: no trend counts
    std::optional<double> part;   // of the capacity that is this sender's, where others have some
  };

  /// `received`: received packets in order of arrival.
  Result on_feedback(TimePoint now, PacketResults received, std::optional<Bitrate> acknowledged,
                     std::optional<Bitrate> probe, const Bottleneck& bottleneck);
  Result on_feedback(TimePoint now, PacketResults received, std::optional<Bitrate> acknowledged,
                     std::optional<Bitrate> probe) {
    return on_feedback(now, received, acknowledged, probe, Bottleneck());
  }
  void set_start(Bitrate rate) { rate_.set_start(rate); }
  void set_min(Bitrate rate) { rate_.set_min(rate); }
  void set_rtt(Duration rtt) { rate_.set_rtt(rtt); }
  /// It may be at least that.
  void raise(TimePoint now, Bitrate rate) {
    if (rate_.latest() < rate) rate_.set_estimate(rate, now);
  }

  [[nodiscard]] Usage usage() const { return detector_.usage(); }
  [[nodiscard]] bool valid() const { return rate_.valid(); }
  [[nodiscard]] Bitrate latest() const { return rate_.latest(); }
  [[nodiscard]] Duration expected_period() const { return rate_.expected_period(); }

 private:
  void on_packet(TimePoint now, const PacketResult& packet);
  Result update(TimePoint now, std::optional<Bitrate> acknowledged, std::optional<Bitrate> probe,
                const Bottleneck& bottleneck, bool recovered);

  InterArrivalDelta inter_arrival_;
  TrendlineEstimator detector_;
  AimdRateControl rate_;
  std::optional<TimePoint> last_feedback_;
};

}  // namespace turms::rtc::bwe
