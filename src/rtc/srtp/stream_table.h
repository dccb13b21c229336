#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>

namespace turms::rtc::srtp {

/// Highest index sent of one SSRC: rollover counter and sequence number (RFC 3711 section 3.3.1).
struct SendStream {
  uint64_t index = 0;
};

/// Highest index received of one SSRC and which of the kWindow indices up to it were seen.
struct ReceiveStream {
  static constexpr uint64_t kWindow = 256;

  uint64_t highest = 0;
  std::array<uint64_t, kWindow / 64> seen{};  // a ring: bit index % kWindow

  [[nodiscard]] bool is_too_old(uint64_t index) const { return index + kWindow <= highest; }
  [[nodiscard]] bool is_seen(uint64_t index) const {
    return index <= highest && (seen[index / 64 % seen.size()] >> (index % 64) & 1) != 0;
  }
  /// After authentication only.
  void mark(uint64_t index) {
    if (index > highest) {
      if (index - highest >= kWindow) {
        seen.fill(0);
      } else {
        for (uint64_t i = highest + 1; i < index; ++i) clear(i);
      }
      highest = index;
    }
    seen[index / 64 % seen.size()] |= uint64_t{1} << (index % 64);
  }

 private:
  void clear(uint64_t index) { seen[index / 64 % seen.size()] &= ~(uint64_t{1} << (index % 64)); }
};

/// SSRC → stream in one flat array with open addressing, grown by doubling up to a bound; nothing
/// is ever removed. Allocates only when a new SSRC makes it grow. The last one found is remembered,
/// since packets come in runs.
template <class Stream>
class StreamTable {
 public:
  explicit StreamTable(uint32_t limit) : limit_(limit) {}

  /// Null when unknown. Valid until the next insert().
  Stream* find(uint32_t ssrc) {
    if (capacity_ == 0) return nullptr;
    if (slots_[last_].used && slots_[last_].ssrc == ssrc) return &slots_[last_].stream;
    const uint32_t slot = probe(ssrc);
    if (!slots_[slot].used) return nullptr;
    last_ = slot;
    return &slots_[slot].stream;
  }

  /// Null when the bound is reached. The SSRC must not be there.
  Stream* insert(uint32_t ssrc) {
    if (size_ == limit_) return nullptr;
    if ((size_ + 1) * 4 > capacity_ * 3) grow();
    const uint32_t slot = probe(ssrc);
    slots_[slot].used = true;
    slots_[slot].ssrc = ssrc;
    ++size_;
    last_ = slot;
    return &slots_[slot].stream;
  }

  [[nodiscard]] uint32_t size() const { return size_; }

 private:
  struct Slot {
    uint32_t ssrc = 0;
    bool used = false;
    Stream stream;
  };

  uint32_t probe(uint32_t ssrc) const {
    const uint32_t mask = capacity_ - 1;
    uint32_t slot = ((ssrc * 0x9E3779B1u) >> 12) & mask;
    while (slots_[slot].used && slots_[slot].ssrc != ssrc) slot = (slot + 1) & mask;
    return slot;
  }
  void grow() {
    auto old = std::move(slots_);
    const uint32_t old_capacity = capacity_;
    capacity_ = old_capacity == 0 ? 4 : old_capacity * 2;
    slots_ = std::make_unique<Slot[]>(capacity_);
    for (uint32_t i = 0; i < old_capacity; ++i) {
      if (old[i].used) slots_[probe(old[i].ssrc)] = old[i];
    }
  }

  std::unique_ptr<Slot[]> slots_;
  uint32_t capacity_ = 0;  // power of two, or 0
  uint32_t size_ = 0;
  uint32_t limit_;
  uint32_t last_ = 0;
};

}  // namespace turms::rtc::srtp
