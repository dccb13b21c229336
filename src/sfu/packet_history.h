#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace turms::sfu {

/// The latest packets of one published encoding as they came, shared by all its subscribers for
/// retransmission. Keeps each for `max_age`, or for less where kMaxBytes or kMaxPackets are reached
/// before. Memory follows the bit rate: it is taken in chunks, and chunks that emptied are used
/// again.
class PacketHistory {
 public:
  static constexpr size_t kChunkSize = 16 * 1024;
  static constexpr size_t kMaxBytes = 2 * 1024 * 1024;
  static constexpr size_t kMaxPackets = 4096;

  explicit PacketHistory(Duration max_age) : max_age_(max_age) {}

  /// `packet` is at most kChunkSize bytes. Allocates only while the rate is growing.
  void add(TimePoint now, uint16_t sequence, ByteView packet);
  /// Empty when it is not (or no longer) there. Valid until the next add().
  [[nodiscard]] ByteView find(uint16_t sequence) const;
  void clear();

 private:
  struct Slot {
    const uint8_t* data = nullptr;
    uint16_t size = 0;
    uint16_t sequence = 0;
    uint32_t generation = 0;  // of the chunk, when written: a mismatch means it was reused
    uint32_t chunk = 0;
  };
  struct Chunk {
    std::unique_ptr<uint8_t[]> data = std::make_unique_for_overwrite<uint8_t[]>(kChunkSize);
    uint32_t generation = 0;
    TimePoint newest;
  };

  void begin_chunk(TimePoint now);
  void grow_slots();
  [[nodiscard]] bool alive(const Slot& slot) const {
    return slot.data != nullptr && chunks_[slot.chunk].generation == slot.generation;
  }

  Duration max_age_;
  std::vector<Chunk> chunks_;  // a ring: current_ is being filled, the next one is the oldest
  size_t current_ = 0;
  size_t used_ = kChunkSize;  // of the current chunk
  std::vector<Slot> slots_;   // by sequence, a power of two
};

}  // namespace turms::sfu
