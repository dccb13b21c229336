#include "livekit/signal_queue.h"

#include <algorithm>
#include <utility>

namespace turms::livekit {
namespace {

double seconds(Duration duration) {
  return static_cast<double>(to_us(duration)) / 1e6;
}

Duration duration(double seconds) {
  return std::chrono::microseconds(static_cast<int64_t>(seconds * 1e6) + 1);
}

}  // namespace

void SignalQueue::refill(TimePoint now) {
  const double passed = seconds(std::max(now - at_, Duration::zero()));
  at_ = std::max(at_, now);
  messages_ = std::min(kMessageBurst, messages_ + passed * kMessagesPerSecond);
  bytes_ = std::min(kByteBurst, bytes_ + passed * kBytesPerSecond);
}

bool SignalQueue::push(TimePoint now, bool binary, ByteView data) {
  if (waiting_bytes_ + data.size() > kMaxWaiting) return false;
  refill(now);
  waiting_bytes_ += data.size();
  waiting_.push_back({binary, std::string(as_text(data))});
  return true;
}

std::optional<SignalQueue::Message> SignalQueue::pop(TimePoint now) {
  refill(now);
  if (waiting_.empty()) {
    over_since_.reset();
    return std::nullopt;
  }
  // The budget may go below nothing by one message, and is paid back before the next.
  if (messages_ < 1 || bytes_ < 0) {
    if (!over_since_) over_since_ = now;
    return std::nullopt;
  }
  Message out = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= out.data.size();
  messages_ -= 1;
  bytes_ -= static_cast<double>(out.data.size());
  return out;
}

TimePoint SignalQueue::next() const {
  if (waiting_.empty()) return kNever;
  const double wait = std::max((1 - messages_) / kMessagesPerSecond, -bytes_ / kBytesPerSecond);
  return wait <= 0 ? at_ : at_ + duration(wait);
}

bool SignalQueue::flooding(TimePoint now) const {
  return over_since_ && now - *over_since_ >= kPatience;
}

}  // namespace turms::livekit
