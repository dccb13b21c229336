#include "sfu/congestion_feedback_generator.h"

#include <algorithm>

#include "rtc/rtcp/congestion_feedback.h"

namespace turms::sfu {

void CongestionFeedbackGenerator::on_packet(TimePoint now, rtc::Ssrc ssrc,
                                            rtc::rtp::SeqNum number) {
  auto known = by_ssrc_.find(ssrc.value);
  if (known == by_ssrc_.end()) {
    if (streams_.size() >= kMaxStreams) return;
    known = by_ssrc_.emplace(ssrc.value, streams_.size()).first;
    streams_.push_back({.ssrc = ssrc});
  }
  Stream& stream = streams_[known->second];
  stream.last = now;
  std::vector<Arrival>& arrivals = stream.arrivals;
  if (arrivals.size() >= kMaxArrivals) return;
  const int64_t ahead = stream.unwrapper.peek(number);
  if (stream.started && !arrivals.empty() && ahead < arrivals.front().number &&
      ahead < stream.next) {
    return;  // what lies between was forgotten
  }
  const int64_t unwrapped = stream.unwrapper.unwrap(number);
  // After a jump as of a new stream nothing of the old is worth thousands of "lost".
  if (!stream.started || unwrapped - stream.next > static_cast<int64_t>(kMaxArrivals)) {
    stream.started = true;
    stream.next = unwrapped;
    arrivals.clear();
  }
  if (arrivals.empty() || arrivals.back().number < unwrapped) {
    arrivals.push_back({unwrapped, now});
  } else {
    const auto it = std::ranges::lower_bound(arrivals, unwrapped, {}, &Arrival::number);
    if (it->number == unwrapped) return;  // a duplicate tells nothing
    arrivals.insert(it, {unwrapped, now});
  }
  stream.next = std::min(stream.next, unwrapped);
  stream.pending = pending_ = true;
}

size_t CongestionFeedbackGenerator::write(TimePoint now, uint32_t timestamp, rtc::Ssrc sender,
                                          MutableByteView buffer) {
  if (!pending_) {
    tidy(now);
    return 0;
  }
  rtc::rtcp::CongestionFeedbackWriter writer(buffer, sender);
  pending_ = false;
  for (Stream& stream : streams_) {
    if (!stream.pending) continue;
    auto arrival = std::ranges::lower_bound(stream.arrivals, stream.next, {}, &Arrival::number);
    if (!writer.begin(stream.ssrc, rtc::rtp::SeqNum(static_cast<uint16_t>(stream.next)))) {
      pending_ = true;
      break;
    }
    bool room = true;
    while (room && arrival != stream.arrivals.end()) {
      const bool came = arrival->number == stream.next;
      room = came ? writer.add_received(now - arrival->at) : writer.add_lost();
      if (!room) break;
      ++stream.next;
      if (came) ++arrival;
    }
    stream.pending = !room;
    pending_ = pending_ || stream.pending;
  }
  const size_t size = writer.finish(timestamp);
  if (size == 0) pending_ = false;  // the buffer is too small for anything
  return size;
}

/// What was kept only in case a late packet calls for reporting it again.
void CongestionFeedbackGenerator::tidy(TimePoint now) {
  bool forgotten = false;
  for (size_t i = 0; i < streams_.size();) {
    Stream& stream = streams_[i];
    const auto stale = std::ranges::find_if(
        stream.arrivals, [&](const Arrival& a) { return now - a.at <= kBackWindow; });
    stream.arrivals.erase(stream.arrivals.begin(), stale);
    if (now - stream.last <= kForget) {
      ++i;
      continue;
    }
    streams_.erase(streams_.begin() + static_cast<ptrdiff_t>(i));
    forgotten = true;
  }
  if (!forgotten) return;
  by_ssrc_.clear();
  for (size_t i = 0; i < streams_.size(); ++i) by_ssrc_.emplace(streams_[i].ssrc.value, i);
}

}  // namespace turms::sfu
