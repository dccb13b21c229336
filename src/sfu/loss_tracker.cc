#include "sfu/loss_tracker.h"

#include <algorithm>

namespace turms::sfu {

void LossTracker::on_gap(TimePoint now, int64_t first, int64_t last) {
  // Without anyone to ask, collect() is never called: forget the stale ones here.
  std::erase_if(missing_, [&](const Missing& m) { return now - m.noticed > kMaxAge; });
  first = std::max(first, last - static_cast<int64_t>(kMaxMissing) + 1);
  size_t count = static_cast<size_t>(last - first + 1);
  if (missing_.size() + count > kMaxMissing) {
    missing_.erase(missing_.begin(), missing_.begin() + static_cast<ptrdiff_t>(
                                                            missing_.size() + count - kMaxMissing));
  }
  for (int64_t n = first; n <= last; ++n) missing_.push_back({n, now, {}, 0});
}

bool LossTracker::take(TimePoint now, int64_t sequence) {
  auto it = std::lower_bound(missing_.begin(), missing_.end(), sequence,
                             [](const Missing& m, int64_t n) { return m.sequence < n; });
  if (it == missing_.end() || it->sequence != sequence) return false;
  // After several asks it is unknown which one was answered.
  if (it->tries == 1) round_trip_ += (now - it->asked - round_trip_) / 8;
  missing_.erase(it);
  return true;
}

bool LossTracker::expects(int64_t sequence) const {
  return std::binary_search(
      missing_.begin(), missing_.end(), Missing{sequence, {}, {}, 0},
      [](const Missing& a, const Missing& b) { return a.sequence < b.sequence; });
}

void LossTracker::collect(TimePoint now, int64_t highest, std::vector<rtc::rtp::SeqNum>& lost) {
  std::erase_if(missing_, [&](const Missing& m) {
    return now - m.noticed > kMaxAge || (m.tries >= kMaxTries && now - m.asked >= retry());
  });
  for (Missing& m : missing_) {
    if (m.tries == kMaxTries) continue;
    bool due = m.tries == 0
                   ? now - m.noticed >= kFirstDelay || highest - m.sequence >= kReorderTolerance
                   : now - m.asked >= retry();
    if (!due) continue;
    m.asked = now;
    ++m.tries;
    lost.push_back(rtc::rtp::SeqNum(static_cast<uint16_t>(m.sequence)));
  }
}

TimePoint LossTracker::next_due() const {
  TimePoint due = kNever;
  for (const Missing& m : missing_) {
    due = std::min(due, m.tries == 0 ? m.noticed + kFirstDelay : m.asked + retry());
  }
  return due;
}

bool LossTracker::due_by_reordering(int64_t highest) const {
  // The untried are the newest, at the end.
  for (auto m = missing_.rbegin(); m != missing_.rend() && m->tries == 0; ++m) {
    if (highest - m->sequence >= kReorderTolerance) return true;
  }
  return false;
}

}  // namespace turms::sfu
