#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace turms::media {

/// So much gathers before it is sent without waiting for the end of the turn: the kernel still
/// finds it in the cache, the first receivers of a frame do not wait for the last, and the send
/// buffers stay few.
inline constexpr size_t kEarlyFlushBytes = 128 * 1024;
/// What one system call sends. Each is counted in the delay metric by when it returned.
inline constexpr size_t kMessagesPerCall = 32;

/// The datagrams of one destination in one turn, back to back, grouped as the kernel can segment
/// them: equal sizes, the last of a group may be shorter.
class SendBuffer {
 public:
  static constexpr size_t kCapacity = 64 * 1024;
  static constexpr size_t kMaxGroups = 128;
  /// What one message to the kernel may carry.
  static constexpr size_t kMaxSegments = 64;
  static constexpr size_t kMaxGroupBytes = 65'000;

  struct Group {
    uint32_t offset = 0;
    uint32_t size = 0;
    uint16_t segment = 0;  // size of each datagram but the last
    uint16_t count = 0;
    bool complete = false;  // ends with a shorter one
  };

  /// Free room behind what was added; whoever adds writes there first. Empty when there is no place
  /// for another datagram of `size`.
  MutableByteView reserve(size_t size) {
    if (kCapacity - used_ < size || groups_used_ == kMaxGroups) return {};
    return MutableByteView(data_).subspan(used_, size);
  }
  void add(size_t size) {
    Group* group = groups_used_ > 0 ? &groups_[groups_used_ - 1] : nullptr;
    if (group == nullptr || group->complete || size > group->segment ||
        group->count == kMaxSegments || group->size + size > kMaxGroupBytes) {
      group = &groups_[groups_used_++];
      *group = {.offset = static_cast<uint32_t>(used_), .segment = static_cast<uint16_t>(size)};
    }
    group->complete = size < group->segment;
    group->size += static_cast<uint32_t>(size);
    ++group->count;
    used_ += size;
  }

  [[nodiscard]] bool empty() const { return used_ == 0; }
  [[nodiscard]] size_t size() const { return used_; }
  [[nodiscard]] std::span<const Group> groups() const {
    return std::span(groups_).first(groups_used_);
  }
  [[nodiscard]] ByteView bytes(const Group& group) const {
    return ByteView(data_).subspan(group.offset, group.size);
  }
  void clear() {
    used_ = 0;
    groups_used_ = 0;
  }

 private:
  size_t used_ = 0;
  size_t groups_used_ = 0;
  std::array<Group, kMaxGroups> groups_;
  std::array<uint8_t, kCapacity> data_;
};

/// Buffers that nobody uses at the moment; the one used last comes first, for it is in the cache.
class SendBufferPool {
 public:
  std::unique_ptr<SendBuffer> take() {
    if (free_.empty()) return std::make_unique_for_overwrite<SendBuffer>();
    std::unique_ptr<SendBuffer> buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }
  void give_back(std::unique_ptr<SendBuffer> buffer) {
    buffer->clear();
    free_.push_back(std::move(buffer));
  }

 private:
  std::vector<std::unique_ptr<SendBuffer>> free_;
};

}  // namespace turms::media
