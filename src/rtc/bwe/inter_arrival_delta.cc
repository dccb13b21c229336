#include "rtc/bwe/inter_arrival_delta.h"

#include <algorithm>

namespace turms::rtc::bwe {

std::optional<InterArrivalDelta::Deltas> InterArrivalDelta::on_packet(TimePoint sent,
                                                                      TimePoint arrival,
                                                                      TimePoint now) {
  std::optional<Deltas> deltas;
  if (current_.empty) {
    current_ = Group{false, sent, sent, arrival, arrival, now};
    return std::nullopt;
  }
  if (sent < current_.first_sent) return std::nullopt;  // reordered: says nothing about spacing
  if (starts_group(sent, arrival)) {
    if (!previous_.empty) {
      deltas = Deltas{current_.sent - previous_.sent, current_.arrival - previous_.arrival};
      if (deltas->arrival - (current_.reported - previous_.reported) >= kClockJump) {
        reset();
        return std::nullopt;
      }
      if (deltas->arrival < Duration::zero()) {
        if (++reordered_ >= kMaxReordered) reset();
        return std::nullopt;
      }
      reordered_ = 0;
    }
    previous_ = current_;
    current_.first_sent = sent;
    current_.sent = sent;
    current_.first_arrival = arrival;
  } else {
    current_.sent = std::max(current_.sent, sent);
  }
  current_.arrival = arrival;
  current_.reported = now;
  return deltas;
}

bool InterArrivalDelta::starts_group(TimePoint sent, TimePoint arrival) const {
  const Duration arrival_delta = arrival - current_.arrival;
  const Duration send_delta = sent - current_.sent;
  if (send_delta == Duration::zero()) return false;
  if (arrival_delta < send_delta && arrival_delta <= kBurstGap &&
      arrival - current_.first_arrival < kMaxBurst) {
    return false;
  }
  return sent - current_.first_sent > kSendGroup;
}

void InterArrivalDelta::reset() {
  *this = InterArrivalDelta();
}

}  // namespace turms::rtc::bwe
