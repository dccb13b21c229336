#include "record/reorder_buffer.h"

namespace turms::record {

void ReorderBuffer::add(const rtc::rtp::PacketView& packet, TimePoint arrival) {
  const int64_t sequence = sequences_.unwrap(packet.sequence());
  if (expected_ && sequence < *expected_) return;
  const ByteView payload = packet.payload();
  const auto [it, added] = packets_.try_emplace(sequence);
  // The place of a packet that came late may have been padded before.
  if (!added && !it->second.payload.empty()) return;
  bytes_ += payload.size();
  it->second = {.sequence = sequence,
                .rtp_time = times_.unwrap(packet.timestamp()),
                .marker = packet.marker(),
                .arrival = arrival,
                .payload = Bytes(payload.begin(), payload.end())};
}

std::optional<ReorderBuffer::Next> ReorderBuffer::next(TimePoint now) {
  if (packets_.empty()) return std::nullopt;
  const auto first = packets_.begin();
  const bool gap = expected_ && first->first != *expected_;
  if (gap && now - first->second.arrival < kPatience && packets_.size() < kMaxPackets &&
      bytes_ < kMaxBytes) {
    return std::nullopt;
  }
  Next out{std::move(first->second), gap};
  if (gap) lost_ += static_cast<uint64_t>(first->first - *expected_);
  expected_ = first->first + 1;
  bytes_ -= out.packet.payload.size();
  packets_.erase(first);
  return out;
}

}  // namespace turms::record
