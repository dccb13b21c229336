#include "rtc/bwe/bottleneck_rate.h"

#include <algorithm>

namespace turms::rtc::bwe {

void BottleneckRate::on_feedback(Duration queue, PacketResults received) {
  if (received.empty()) return;
  note_pairs(received);
  rate_.reset();
  sudden_ = false;
  if (queue <= kStanding) {
    size_ = 0;
    return;
  }
  for (const PacketResult& packet : received) {
    newest_ = (newest_ + 1) % kCapacity;
    packets_[newest_] = {packet.sent, packet.received, packet.size + packet.untracked};
    size_ = std::min(size_ + 1, kCapacity);
  }
  // Back from the newest.
  const Packet& last = packets_[newest_];
  const Packet* after = &last;
  int64_t bytes = 0;
  size_t count = 1;
  Duration largest{};  // growth of the queue between two packets
  for (; count < size_; ++count) {
    const Packet& packet = packets_[(newest_ + kCapacity - count) % kCapacity];
    if (last.received - packet.received > kWindow) break;
    bytes += after->size;
    largest = std::max(largest, after->received - packet.received - (after->sent - packet.sent));
    after = &packet;
  }
  const Duration span = last.received - after->received;
  if (count < kMinPackets || span < kMinSpan) return;
  rate_ = rate_of(bytes, span);
  const Duration growth = span - (last.sent - after->sent);
  sudden_ = queue >= kSudden && growth > span / 4 && largest <= growth / 2;
}

void BottleneckRate::note_pairs(PacketResults received) {
  for (const PacketResult& packet : received) {
    const bool follows = before_ && packet.sequence == before_->sequence + 1 &&
                         packet.sent - before_->sent < kAsOne && packet.size >= kPairSize;
    if (follows) {
      // Feedback counts in quarters of a millisecond.
      const Duration gap = std::max<Duration>(packet.received - before_->received, 250us);
      pairs_[next_pair_] = {packet.received, rate_of(packet.size, gap)};
      next_pair_ = (next_pair_ + 1) % kPairs;
    }
    before_ = packet;
  }
}

std::optional<Bitrate> BottleneckRate::pairs(Duration lately) const {
  if (!before_) return std::nullopt;
  std::array<Bitrate, kPairs> rates;
  size_t count = 0;
  for (const auto& [at, rate] : pairs_) {
    if (!rate.is_zero() && before_->received - at < lately) rates[count++] = rate;
  }
  if (count < kLeastPairs) return std::nullopt;
  const auto middle = rates.begin() + static_cast<ptrdiff_t>(count / 2);
  std::nth_element(rates.begin(), middle, rates.begin() + static_cast<ptrdiff_t>(count));
  return *middle;
}

}  // namespace turms::rtc::bwe
