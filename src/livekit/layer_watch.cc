#include "livekit/layer_watch.h"

#include <algorithm>
#include <bit>

namespace turms::livekit {

int LayerWatch::missing(TimePoint now, int wanted) {
  const auto mask = static_cast<uint8_t>((1U << wanted) - 1);
  if (wanted > wanted_ || wanted_since_ == kNever) wanted_since_ = now;
  wanted_ = wanted;
  seen_ = static_cast<uint8_t>((seen_ | flowing_) & mask);

  // The best that flows counts: a lower one beside it is not missed by anybody.
  const int top = std::bit_width(static_cast<unsigned>(flowing_ & mask));
  const int top_seen = std::bit_width(static_cast<unsigned>(seen_));
  if (top != top_) top_since_ = now;
  top_ = top;
  if (top >= top_believed_ || now - top_since_ >= kGone) top_believed_ = top;
  const int unseen = now - wanted_since_ >= kUnseen ? wanted - top_seen : 0;
  return unseen + std::max(0, top_seen - top_believed_);
}

}  // namespace turms::livekit
