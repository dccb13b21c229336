#include "sfu/feedback_generator.h"

#include <algorithm>

namespace turms::sfu {

namespace {

using rtc::rtcp::Writer;

bool before(const Writer::Arrival& arrival, int64_t sequence) {
  return arrival.sequence < sequence;
}

/// Between these too much was jumped over to report each as lost.
bool jump(const Writer::Arrival& a, const Writer::Arrival& b) {
  return b.sequence - a.sequence > static_cast<int64_t>(FeedbackGenerator::kMaxArrivals);
}

}  // namespace

void FeedbackGenerator::on_packet(TimePoint now, uint16_t transport_sequence) {
  int64_t sequence = unwrapper_.peek(rtc::rtp::SeqNum(transport_sequence));
  if (started_ && !arrivals_.empty() && sequence < arrivals_.front().sequence && sequence < next_) {
    return;  // what lies between was forgotten: it cannot be reported rightly any more
  }
  if (arrivals_.size() >= kMaxArrivals) return;
  sequence = unwrapper_.unwrap(rtc::rtp::SeqNum(transport_sequence));
  if (!started_) {
    started_ = true;
    next_ = sequence;
  }
  if (arrivals_.empty() || arrivals_.back().sequence < sequence) {
    arrivals_.push_back({sequence, now});
  } else {
    auto it = std::lower_bound(arrivals_.begin(), arrivals_.end(), sequence, before);
    if (it->sequence == sequence) return;  // a duplicate tells nothing
    arrivals_.insert(it, {sequence, now});
  }
  next_ = std::min(next_, sequence);
  pending_ = true;
}

size_t FeedbackGenerator::write(TimePoint now, rtc::Ssrc sender, rtc::Ssrc media,
                                MutableByteView buffer) {
  auto first = std::lower_bound(arrivals_.begin(), arrivals_.end(), next_, before);
  if (!pending_ || first == arrivals_.end()) {
    pending_ = false;
    // Kept so far only in case a late packet calls for reporting them again.
    auto stale = std::find_if(arrivals_.begin(), arrivals_.end(),
                              [&](const auto& a) { return now - a.arrival <= kBackWindow; });
    arrivals_.erase(arrivals_.begin(), stale);
    return 0;
  }
  Writer writer(buffer);
  auto end = std::adjacent_find(first, arrivals_.end(), jump);
  if (end != arrivals_.end()) ++end;
  std::span<const Writer::Arrival> rest(first, end);
  // A long outage is not worth thousands of "lost" symbols.
  int64_t base = std::max(next_, rest.front().sequence - static_cast<int64_t>(kMaxArrivals));
  size_t reported = writer.transport_feedback(sender, media, base, rest, count_);
  if (reported == 0) {
    // The gap in time to the first one is beyond what a message can say; begin with it.
    reported = writer.transport_feedback(sender, media, rest.front().sequence, rest, count_);
    if (reported == 0) {
      next_ = arrivals_.back().sequence + 1;
      return 0;
    }
  }
  ++count_;
  next_ = rest[reported - 1].sequence + 1;
  return writer.size();
}

}  // namespace turms::sfu
