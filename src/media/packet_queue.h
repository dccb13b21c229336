#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/time.h"
#include "sfu/transport_sink.h"

namespace turms::media {

/// Plain packets from one thread to another, in order, without locks or copies: the writer writes
/// each packet once into a ring, the reader sees it there. Bounded by the bytes given; when the
/// ring is full the packet is refused, and the writer counts it as lost, as a network would lose
/// it.
///
/// One writer thread and one reader thread at a time.
class PacketQueue {
 public:
  static constexpr size_t kMinCapacity = 64 * 1024;

  /// `capacity` is rounded up to a power of two. `wake`: called on the writer's thread when
  /// something is there and the reader has found the queue empty since the last time.
  PacketQueue(size_t capacity, std::function<void()> wake);
  PacketQueue(const PacketQueue&) = delete;
  PacketQueue& operator=(const PacketQueue&) = delete;

  struct Packet {
    sfu::PacketKind kind{};
    TimePoint time;  // of the turn it was written in
    ByteView data;   // until the next call of read() or release()
  };

  // Writer.
  /// Room for a packet of at most `size` bytes, empty when there is none.
  [[nodiscard]] MutableByteView reserve(size_t size);
  /// The first `size` bytes of the last reservation are a packet; the reader sees it after
  /// publish().
  void commit(TimePoint now, size_t size, sfu::PacketKind kind);
  void publish();

  // Reader.
  /// The next packet; the one read before makes room for others. Nothing: wake will be called.
  [[nodiscard]] std::optional<Packet> read() {
    release();
    return read_on();
  }
  /// The next packet; it and those read before stay until release().
  [[nodiscard]] std::optional<Packet> read_on();
  /// What was read makes room for others.
  void release() { read_.store(next_, std::memory_order_release); }

  /// Bytes that were published and not read.
  [[nodiscard]] size_t waiting() const {
    return static_cast<size_t>(published_.load(std::memory_order_relaxed) - next_);
  }

  [[nodiscard]] size_t capacity() const { return mask_ + 1; }

 private:
  /// Stands before each packet, aligned to its own size.
  struct Header {
    uint32_t size = 0;
    sfu::PacketKind kind{};
    bool skip = false;  // nothing but unused room up to the end of the ring
    int64_t time = 0;
  };
  static constexpr size_t kAlignment = sizeof(Header);

  static size_t padded(size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }
  uint8_t* at(uint64_t position) { return data_.get() + (position & mask_); }

  std::unique_ptr<uint8_t[]> data_;
  uint64_t mask_ = 0;
  std::function<void()> wake_;

  // Positions only grow; the ring index is what the mask leaves of them.
  alignas(64) uint64_t written_ = 0;  // writer
  uint64_t reserved_ = 0;             // where the packet of the last reservation goes
  uint64_t known_read_ = 0;
  alignas(64) uint64_t next_ = 0;  // reader
  uint64_t known_written_ = 0;
  alignas(64) std::atomic<uint64_t> published_{0};
  alignas(64) std::atomic<uint64_t> read_{0};
  std::atomic<bool> reader_waits_{true};
};

}  // namespace turms::media
