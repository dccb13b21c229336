#include "rtc/bwe/competition.h"

#include <algorithm>

namespace turms::rtc::bwe {

namespace {

constexpr Duration kDrains = 20ms;   // or a quarter
constexpr double kFirstShare = 0.5;  // of what arrived before
constexpr double kHeadroom = 3;      // over what gets through
constexpr int64_t kPacket = 1200;
constexpr double kSegmentBits = kPacket * 8;
constexpr Duration kLeastQueue = 30ms;
// Losses of a second, and what is left then.
constexpr double kLoss = 0.03;
constexpr double kReduction = 0.85;
constexpr Duration kReductionInterval = 2s;
constexpr double kManyLosses = 0.1;
constexpr double kLargeReduction = 0.6;
constexpr Duration kLargeReductionInterval = 1s;

}  // namespace

void Competition::on_feedback(TimePoint now, const Seen& seen) {
  if (seen.acknowledged && (*seen.acknowledged >= best_ || now - best_at_ > kLately)) {
    best_ = *seen.acknowledged;
    best_at_ = now;
  }
  if (seen.queue <= kQueue || !seen.acknowledged) {
    if (!empty_since_) empty_since_ = now;
    if (rate_ && now - *empty_since_ < kGone) return;
    pressed_since_.reset();
    rate_.reset();
    return;
  }
  empty_since_.reset();
  if (!pressed_since_) {
    pressed_since_ = stuck_since_ = now;
    highest_ = Duration::zero();
  }
  if (seen.queue < highest_ - std::max<Duration>(kDrains, highest_ / 4)) {
    stuck_since_ = now;
    highest_ = seen.queue;
  }
  highest_ = std::max(highest_, seen.queue);
  if (!rate_) {
    rate_ = begin(now, seen);
    changed_at_ = reduced_at_ = now;
    return;
  }
  grow(now, seen);
  last_rate_ = *rate_;
  last_shared_ = now;
}

std::optional<Bitrate> Competition::begin(TimePoint now, const Seen& seen) const {
  const bool again = last_shared_ && now - *last_shared_ < kMemory;
  if (now - *pressed_since_ < (again ? kPressedAgain : kPressed)) return std::nullopt;
  if (now - stuck_since_ < (again ? kStuckAgain : kStuck)) return std::nullopt;
  if (!seen.bottleneck) return std::nullopt;
  const Bitrate arrives = *seen.bottleneck;
  if (seen.pairs && *seen.pairs < arrives * kPairs) return std::nullopt;
  if (!seen.pairs && now - stuck_since_ < kStuckWithoutPairs) return std::nullopt;
  // At a low capacity a single packet delays those behind it.
  if (seen.queue < kLeastQueue + time_of(kPacket, arrives)) return std::nullopt;
  if (again) return std::max(arrives, std::min(last_rate_, *seen.acknowledged * kHeadroom));
  if (arrives > best_ * kGaveWay) return std::nullopt;
  return std::max(arrives, std::min(best_ * kFirstShare, *seen.acknowledged * kHeadroom));
}

/// As TCP does: by a packet in a round trip, and down by losses.
void Competition::grow(TimePoint now, const Seen& seen) {
  if (seen.loss >= kLoss) {
    const bool many = seen.loss >= kManyLosses;
    if (now - reduced_at_ < (many ? kLargeReductionInterval : kReductionInterval)) return;
    reduced_at_ = changed_at_ = now;
    rate_ = *rate_ * (many ? kLargeReduction : kReduction);
    return;
  }
  const double trip = std::max(as_seconds(seen.rtt), 0.1);
  const double bits = kSegmentBits * as_seconds(now - changed_at_) / (trip * trip);
  changed_at_ = now;
  const Bitrate limit = *seen.acknowledged * kHeadroom;
  if (*rate_ < limit) rate_ = std::min(*rate_ + Bitrate(whole(bits)), limit);
}

}  // namespace turms::rtc::bwe
