#include "rtc/bwe/path_delay.h"

#include <algorithm>

namespace turms::rtc::bwe {

void PathDelay::on_feedback(TimePoint now, PacketResults received) {
  if (received.empty()) return;
  Duration least = Duration::max();
  for (const PacketResult& packet : received)
    least = std::min(least, packet.received - packet.sent);
  if (!generation_since_ || now - *generation_since_ >= kGeneration) {
    const bool stale = generation_since_ && now - *generation_since_ >= 2 * kGeneration;
    least_before_ = stale ? Duration::max() : least_;
    least_ = Duration::max();
    generation_since_ = now;
  }
  least_ = std::min(least_, least);
  queue_ = least - std::min(least_, least_before_);
  if (queue_ > kClean) {
    clean_since_.reset();
  } else if (!clean_since_) {
    clean_since_ = now;
  }
}

}  // namespace turms::rtc::bwe
