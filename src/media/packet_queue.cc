#include "media/packet_queue.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace turms::media {

PacketQueue::PacketQueue(size_t capacity, std::function<void()> wake) : wake_(std::move(wake)) {
  const size_t size = std::bit_ceil(std::max(capacity, kMinCapacity));
  static_assert(kMinCapacity % kAlignment == 0);
  data_ = std::make_unique_for_overwrite<uint8_t[]>(size);
  mask_ = size - 1;
}

MutableByteView PacketQueue::reserve(size_t size) {
  const size_t needed = sizeof(Header) + padded(size);
  const size_t to_end = capacity() - (written_ & mask_);
  // A packet lies in one piece: what is left of the ring is skipped when it is too small.
  const size_t skipped = needed > to_end ? to_end : 0;
  const auto is_free = [&] { return written_ + skipped + needed - known_read_ <= capacity(); };
  if (!is_free()) {
    known_read_ = read_.load(std::memory_order_acquire);
    if (!is_free()) return {};
  }
  reserved_ = written_ + skipped;
  return {at(reserved_) + sizeof(Header), size};
}

void PacketQueue::commit(TimePoint now, size_t size, sfu::PacketKind kind) {
  if (reserved_ != written_) {
    const Header skip{.skip = true};
    std::memcpy(at(written_), &skip, sizeof skip);
  }
  const Header header{
      .size = static_cast<uint32_t>(size), .kind = kind, .time = now.time_since_epoch().count()};
  std::memcpy(at(reserved_), &header, sizeof header);
  written_ = reserved_ = reserved_ + sizeof(Header) + padded(size);
}

void PacketQueue::publish() {
  // In one order with the reader's flag and its last look: one of the two sees the other's.
  published_.store(written_, std::memory_order_seq_cst);
  if (reader_waits_.load(std::memory_order_seq_cst) && reader_waits_.exchange(false) && wake_) {
    wake_();
  }
}

std::optional<PacketQueue::Packet> PacketQueue::read_on() {
  while (true) {
    if (next_ == known_written_) {
      known_written_ = published_.load(std::memory_order_acquire);
      if (next_ == known_written_) {
        reader_waits_.store(true, std::memory_order_seq_cst);
        known_written_ = published_.load(std::memory_order_seq_cst);
        if (next_ == known_written_) return std::nullopt;
      }
    }
    Header header;
    std::memcpy(&header, at(next_), sizeof header);
    if (header.skip) {
      next_ += capacity() - (next_ & mask_);
      continue;
    }
    const ByteView data(at(next_) + sizeof(Header), header.size);
    next_ += sizeof(Header) + padded(header.size);
    return Packet{header.kind, TimePoint(Duration(header.time)), data};
  }
}

}  // namespace turms::media
