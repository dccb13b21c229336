#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace turms::record {

/// Reads bits, highest first. Past the end it returns zeros and ok() turns false.
class BitReader {
 public:
  explicit BitReader(ByteView data) : data_(data) {}

  uint32_t bits(int count) {
    uint32_t value = 0;
    while (count-- > 0) value = value << 1 | bit();
    return value;
  }
  bool flag() { return bit() != 0; }
  void skip(size_t count) {
    if (count > data_.size() * 8 - position_) {
      ok_ = false;
      position_ = data_.size() * 8;
    } else {
      position_ += count;
    }
  }
  /// Exponential Golomb code: ue(v) of H.264 section 9.1.
  uint32_t ue() {
    int zeros = 0;
    while (ok_ && bit() == 0) {
      if (++zeros > 31) ok_ = false;
    }
    if (!ok_) return 0;
    return (uint32_t{1} << zeros) - 1 + bits(zeros);
  }
  void se() { (void)ue(); }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  uint32_t bit() {
    if (position_ >= data_.size() * 8) {
      ok_ = false;
      return 0;
    }
    const uint32_t value = data_[position_ / 8] >> (7 - position_ % 8) & 1;
    ++position_;
    return value;
  }

  ByteView data_;
  size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace turms::record
