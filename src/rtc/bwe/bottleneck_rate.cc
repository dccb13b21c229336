#include "rtc/bwe/bottleneck_rate.h"

#include <algorithm>

namespace turms::rtc::bwe {

void BottleneckRate::on_feedback(Duration queue, PacketResults received) {
  if (received.empty()) return;
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

}  // namespace turms::rtc::bwe
