#include "rtc/bwe/crowd.h"

namespace turms::rtc::bwe {

void Crowd::on_feedback(TimePoint now, std::optional<Bitrate> arrives,
                        std::optional<Bitrate> pairs) {
  if (!arrives || !pairs || *pairs < *arrives * kPairs || *pairs > *arrives * kMostPairs) {
    since_.reset();
    return;
  }
  if (!since_) since_ = now;
  if (now - *since_ < kSure) return;
  if (!seen(now)) {
    memory_ = kMemory;
  } else if (now - *seen_at_ > kAgain) {
    memory_ = kLongMemory;
  }
  seen_at_ = now;
  capacity_ = *pairs;
  part_ = static_cast<double>(arrives->bps()) / static_cast<double>(pairs->bps());
}

}  // namespace turms::rtc::bwe
