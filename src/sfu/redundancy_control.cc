#include "sfu/redundancy_control.h"

#include <algorithm>

namespace turms::sfu {

void RedundancyControl::on_report(TimePoint now, const rtc::rtcp::ReportBlock& block) {
  if (!highest_) {
    highest_ = block.extended_highest_sequence;
    lost_ = block.cumulative_lost;
    judge(now, block.fraction_lost / 256.0);
    return;
  }
  int64_t expected = static_cast<int32_t>(block.extended_highest_sequence - *highest_);
  // Another stream, or reports out of order.
  bool odd = expected < 0 || expected > 0x10000;
  if (!odd && expected < kWindowPackets) return;
  int64_t lost = std::max<int64_t>(int64_t{block.cumulative_lost} - lost_, 0);
  highest_ = block.extended_highest_sequence;
  lost_ = block.cumulative_lost;
  if (!odd) judge(now, std::min(1.0, static_cast<double>(lost) / static_cast<double>(expected)));
}

void RedundancyControl::on_request(TimePoint now, uint16_t sequence, uint64_t sent) {
  // Repeated requests are no further loss.
  if (newest_request_ && static_cast<int16_t>(sequence - *newest_request_) <= 0) return;
  newest_request_ = sequence;
  if (now - requests_since_ > kRequestWindow) {
    requests_since_ = now;
    sent_since_ = sent;
    requests_ = 0;
  }
  if (++requests_ < kSureRequests) return;
  auto packets = std::max<uint64_t>(sent - std::min(sent, sent_since_), kWindowPackets);
  raise(now, static_cast<double>(requests_) / static_cast<double>(packets));
}

void RedundancyControl::judge(TimePoint now, double loss) {
  if (!judged_) {
    judged_ = true;
    if (loss <= kOne && needed_ == TimePoint()) distance_ = 0;
  }
  raise(now, loss);
  if (distance_ == 0 || now - needed_ < kHold) return;
  --distance_;
  needed_ = now;
}

void RedundancyControl::raise(TimePoint now, double loss) {
  uint8_t wanted = loss > kTwo ? 2 : loss > kOne ? 1 : 0;
  if (wanted > distance_) distance_ = wanted;
  double keeps = (distance_ == 2 ? kTwo : kOne) / 2;
  if (distance_ > 0 && loss > keeps) needed_ = now;
}

}  // namespace turms::sfu
