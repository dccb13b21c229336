#include "rtc/sctp/send_queue.h"

#include <algorithm>
#include <utility>

namespace turms::rtc::sctp {

void SendQueue::push(TimePoint now, uint16_t id, SharedBytes payload, uint32_t ppid,
                     const SendOptions& options) {
  Stream& stream = streams_[id];
  Entry entry;
  entry.ppid = ppid;
  entry.id = ++last_id_;
  entry.unordered = options.unordered;
  entry.reliable = options.reliable();
  entry.max_transmissions = options.max_retransmits ? 1U + *options.max_retransmits
                                                    : std::numeric_limits<uint32_t>::max();
  if (options.lifetime) entry.expires = now + *options.lifetime;
  (entry.reliable ? reliable_bytes_ : unreliable_bytes_) += payload.size();
  entry.payload = std::move(payload);
  stream.entries.push_back(std::move(entry));
  make_ready(id, stream);
}

void SendQueue::make_ready(uint16_t id, Stream& stream) {
  if (stream.ready || stream.held || stream.entries.empty()) return;
  stream.ready = true;
  ready_.push_back(id);
}

void SendQueue::count_out(const Entry& entry) {
  (entry.reliable ? reliable_bytes_ : unreliable_bytes_) -= entry.payload.size() - entry.offset;
}

/// The stream in front has had its turn.
void SendQueue::rotate(Stream& stream) {
  const uint16_t id = ready_.pop_front();
  stream.ready = false;
  make_ready(id, stream);
}

std::optional<Chunk> SendQueue::next(TimePoint now, size_t max_size) {
  while (!ready_.empty()) {
    Stream& stream = streams_[ready_.front()];
    if (stream.held || stream.entries.empty()) {
      rotate(stream);
      continue;
    }
    Entry& entry = stream.entries.front();
    if (entry.offset == 0 && entry.expires <= now) {
      ++expired_;
      count_out(entry);
      stream.entries.pop_front();
      continue;
    }
    if (entry.offset == 0) {
      stream.current = entry.unordered && interleaving_ ? stream.next_unordered++
                       : entry.unordered                ? 0
                                                        : stream.next_ordered++;
    }
    Chunk chunk;
    chunk.offset = entry.offset;
    chunk.size = static_cast<uint16_t>(std::min(max_size, entry.payload.size() - entry.offset));
    chunk.stream = ready_.front();
    chunk.message = stream.current;
    chunk.fragment = entry.fragment++;
    chunk.ppid = entry.ppid;
    chunk.id = entry.id;
    chunk.unordered = entry.unordered;
    chunk.begin = entry.offset == 0;
    chunk.end = entry.offset + chunk.size == entry.payload.size();
    chunk.reliable = entry.reliable;
    chunk.max_transmissions = entry.max_transmissions;
    chunk.expires = entry.expires;
    (entry.reliable ? reliable_bytes_ : unreliable_bytes_) -= chunk.size;
    entry.offset += chunk.size;
    if (chunk.end) {
      chunk.payload = std::move(entry.payload);
      stream.entries.pop_front();
    } else {
      chunk.payload = entry.payload;
    }
    if (chunk.end || interleaving_) rotate(stream);
    return chunk;
  }
  return std::nullopt;
}

void SendQueue::discard(uint64_t id, uint16_t stream_id) {
  const auto at = streams_.find(stream_id);
  if (at == streams_.end() || at->second.entries.empty()) return;
  // Only a message that is partly sent can be known by its id, and that is the first one.
  if (at->second.entries.front().id != id) return;
  count_out(at->second.entries.front());
  at->second.entries.pop_front();
}

void SendQueue::hold(uint16_t id, bool on) {
  Stream& stream = streams_[id];
  stream.held = on;
  make_ready(id, stream);
}

bool SendQueue::is_empty(uint16_t id) const {
  const auto at = streams_.find(id);
  return at == streams_.end() || at->second.entries.empty();
}

void SendQueue::reset(uint16_t id) {
  Stream& stream = streams_[id];
  stream.next_ordered = 0;
  stream.next_unordered = 0;
}

void SendQueue::clear() {
  streams_.clear();
  ready_.clear();
  reliable_bytes_ = unreliable_bytes_ = 0;
}

}  // namespace turms::rtc::sctp
