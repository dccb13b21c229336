#pragma once

#include <cstring>
#include <string_view>

#include "base/bytes.h"

namespace turms::record::mp4 {

/// Builds boxes inside each other: each gets its size when it ends.
class Boxes {
 public:
  explicit Boxes(Bytes& out) : out_(out) {}

  void u8(uint8_t v) { out_.push_back(v); }
  void u16(uint16_t v) { be(v, 2); }
  void u32(uint32_t v) { be(v, 4); }
  void u64(uint64_t v) { be(v, 8); }
  void zeros(size_t count) { out_.insert(out_.end(), count, 0); }
  void bytes(ByteView v) { out_.insert(out_.end(), v.begin(), v.end()); }
  void text(std::string_view v) { bytes(as_bytes(v)); }

  /// Calls `body` to write what is in the box.
  template <class Body>
  void box(std::string_view type, Body body) {
    const size_t at = out_.size();
    u32(0);
    text(type);
    body();
    store_be32(&out_[at], static_cast<uint32_t>(out_.size() - at));
  }
  template <class Body>
  void full(std::string_view type, uint8_t version, uint32_t flags, Body body) {
    box(type, [&] {
      u32(static_cast<uint32_t>(version) << 24 | flags);
      body();
    });
  }
  [[nodiscard]] size_t size() const { return out_.size(); }

 private:
  void be(uint64_t value, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
      out_.push_back(static_cast<uint8_t>(value >> shift));
    }
  }

  Bytes& out_;
};

/// Flags of a sample that decoding can begin at, and of one that it cannot.
inline constexpr uint32_t kSyncSample = 0x02000000;
inline constexpr uint32_t kOtherSample = 0x01010000;

}  // namespace turms::record::mp4
