#include "rtc/bwe/delay_based_bwe.h"

#include <algorithm>

namespace turms::rtc::bwe {

namespace {

constexpr double kBackoffNoQueue = 0.97;
constexpr double kBackoffOfAll = 0.3;  // times the part of the capacity: half of it gives 0.15

/// Who has much gives more: so shares meet.
double backoff(const DelayBasedBwe::Bottleneck& bottleneck) {
  if (!bottleneck.queue) return kBackoffNoQueue;
  if (!bottleneck.part) return AimdRateControl::kBackoff;
  return std::max(1 - kBackoffOfAll * *bottleneck.part, AimdRateControl::kBackoff);
}

}  // namespace

DelayBasedBwe::Result DelayBasedBwe::on_feedback(TimePoint now, PacketResults received,
                                                 std::optional<Bitrate> acknowledged,
                                                 std::optional<Bitrate> probe,
                                                 const Bottleneck& bottleneck) {
  if (received.empty()) return {};
  bool recovered = false;
  if (bottleneck.stepping) {
    inter_arrival_ = InterArrivalDelta();
    detector_ = TrendlineEstimator();
  }
  Usage before = detector_.usage();
  for (const PacketResult& packet : received) {
    on_packet(now, packet);
    if (before == Usage::kUnderusing && detector_.usage() == Usage::kNormal) recovered = true;
    before = detector_.usage();
  }
  return update(now, acknowledged, probe, bottleneck, recovered);
}

void DelayBasedBwe::on_packet(TimePoint now, const PacketResult& packet) {
  if (!last_feedback_ || now - *last_feedback_ > kSilence) {
    inter_arrival_ = InterArrivalDelta();
    detector_ = TrendlineEstimator();
  }
  last_feedback_ = now;
  const auto deltas = inter_arrival_.on_packet(packet.sent, packet.received, now);
  if (deltas) detector_.on_burst(deltas->arrival, deltas->send, packet.received);
}

DelayBasedBwe::Result DelayBasedBwe::update(TimePoint now, std::optional<Bitrate> acknowledged,
                                            std::optional<Bitrate> probe,
                                            const Bottleneck& bottleneck, bool recovered) {
  Result result;
  if (detector_.usage() == Usage::kOverusing || bottleneck.sudden) {
    if (bottleneck.rate) acknowledged = bottleneck.rate;
    if (acknowledged && rate_.may_reduce(now, *acknowledged)) {
      result.rate = rate_.update(Usage::kOverusing, acknowledged, now, backoff(bottleneck));
      result.updated = rate_.valid();
    } else if (!acknowledged && rate_.valid() && rate_.may_reduce_blindly(now)) {
      rate_.set_estimate(Bitrate(rate_.latest().bps() / 2), now);
      result.rate = rate_.latest();
      result.updated = true;
    }
    return result;
  }
  if (probe) {
    rate_.set_estimate(*probe, now);
    result.from_probe = true;
    result.updated = true;
    result.rate = rate_.latest();
    return result;
  }
  result.rate = rate_.update(detector_.usage(), acknowledged, now);
  result.updated = rate_.valid();
  result.recovered = recovered;
  return result;
}

}  // namespace turms::rtc::bwe
