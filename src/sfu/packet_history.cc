#include "sfu/packet_history.h"

#include <cstring>

namespace turms::sfu {

namespace {
constexpr size_t kFirstSlots = 128;
}

void PacketHistory::add(TimePoint now, uint16_t sequence, ByteView packet) {
  if (packet.size() > kChunkSize) return;
  if (kChunkSize - used_ < packet.size()) begin_chunk(now);
  if (slots_.empty()) slots_.resize(kFirstSlots);
  Chunk& chunk = chunks_[current_];
  uint8_t* place = chunk.data.get() + used_;
  std::memcpy(place, packet.data(), packet.size());
  used_ += packet.size();
  chunk.newest = now;
  Slot* slot = &slots_[sequence & (slots_.size() - 1)];
  while (alive(*slot) && slot->sequence != sequence && slots_.size() < kMaxPackets &&
         now - chunks_[slot->chunk].newest <= max_age_) {
    grow_slots();
    slot = &slots_[sequence & (slots_.size() - 1)];
  }
  *slot = {place, static_cast<uint16_t>(packet.size()), sequence, chunk.generation,
           static_cast<uint32_t>(current_)};
}

ByteView PacketHistory::find(uint16_t sequence) const {
  if (slots_.empty()) return {};
  const Slot& slot = slots_[sequence & (slots_.size() - 1)];
  if (!alive(slot) || slot.sequence != sequence) return {};
  return {slot.data, slot.size};
}

void PacketHistory::clear() {
  slots_.clear();
  chunks_.clear();
  current_ = 0;
  used_ = kChunkSize;
}

void PacketHistory::begin_chunk(TimePoint now) {
  used_ = 0;
  if (!chunks_.empty()) {
    size_t oldest = (current_ + 1) % chunks_.size();
    bool full = chunks_.size() * kChunkSize >= kMaxBytes;
    if (full || (oldest != current_ && now - chunks_[oldest].newest > max_age_)) {
      current_ = oldest;
      ++chunks_[current_].generation;
      return;
    }
  }
  // Between the current chunk and the oldest, so that the ring stays in order of age.
  size_t place = chunks_.empty() ? 0 : current_ + 1;
  for (Slot& slot : slots_) {
    if (slot.data != nullptr && slot.chunk >= place) ++slot.chunk;
  }
  chunks_.emplace(chunks_.begin() + static_cast<ptrdiff_t>(place));
  current_ = place;
}

void PacketHistory::grow_slots() {
  std::vector<Slot> larger(slots_.size() * 2);
  for (const Slot& slot : slots_) {
    if (alive(slot)) larger[slot.sequence & (larger.size() - 1)] = slot;
  }
  slots_ = std::move(larger);
}

}  // namespace turms::sfu
