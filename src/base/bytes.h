#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace turms {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;
using MutableByteView = std::span<uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Network byte order at a place the caller has checked to be long enough.
inline uint16_t load_be16(const uint8_t* p) {
  return static_cast<uint16_t>(p[0] << 8 | p[1]);
}
inline uint32_t load_be24(const uint8_t* p) {
  return static_cast<uint32_t>(p[0]) << 16 | static_cast<uint32_t>(p[1]) << 8 | p[2];
}
inline uint32_t load_be32(const uint8_t* p) {
  return static_cast<uint32_t>(load_be16(p)) << 16 | load_be16(p + 2);
}
inline uint64_t load_be64(const uint8_t* p) {
  return static_cast<uint64_t>(load_be32(p)) << 32 | load_be32(p + 4);
}
inline void store_be16(uint8_t* p, uint16_t v) {
  p[0] = static_cast<uint8_t>(v >> 8);
  p[1] = static_cast<uint8_t>(v);
}
inline void store_be24(uint8_t* p, uint32_t v) {
  p[0] = static_cast<uint8_t>(v >> 16);
  p[1] = static_cast<uint8_t>(v >> 8);
  p[2] = static_cast<uint8_t>(v);
}
inline void store_be32(uint8_t* p, uint32_t v) {
  store_be16(p, static_cast<uint16_t>(v >> 16));
  store_be16(p + 2, static_cast<uint16_t>(v));
}
inline void store_be64(uint8_t* p, uint64_t v) {
  store_be32(p, static_cast<uint32_t>(v >> 32));
  store_be32(p + 4, static_cast<uint32_t>(v));
}

/// Reads network byte order from a view. Past the end it returns zeros and ok() turns false, so a
/// parser checks once.
class ByteReader {
 public:
  explicit ByteReader(ByteView data) : data_(data) {}

  uint8_t u8() { return need(1) ? data_[pos_++] : 0; }
  uint16_t u16() { return need(2) ? load_be16(advance(2)) : 0; }
  uint32_t u24() { return need(3) ? load_be24(advance(3)) : 0; }
  uint32_t u32() { return need(4) ? load_be32(advance(4)) : 0; }
  uint64_t u64() { return need(8) ? load_be64(advance(8)) : 0; }
  ByteView bytes(size_t n) { return need(n) ? ByteView(advance(n), n) : ByteView(); }
  void skip(size_t n) { (void)bytes(n); }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] size_t remaining() const { return data_.size() - pos_; }
  [[nodiscard]] size_t position() const { return pos_; }

 private:
  bool need(size_t n) {
    if (remaining() < n) {
      ok_ = false;
      pos_ = data_.size();
      return false;
    }
    return true;
  }
  const uint8_t* advance(size_t n) {
    const uint8_t* p = data_.data() + pos_;
    pos_ += n;
    return p;
  }

  ByteView data_;
  size_t pos_ = 0;
  bool ok_ = true;
};

/// Writes network byte order into a caller's buffer. Past the end nothing is written and ok() turns
/// false.
class ByteWriter {
 public:
  explicit ByteWriter(MutableByteView buffer) : buffer_(buffer) {}

  void u8(uint8_t v) {
    if (uint8_t* p = grow(1)) *p = v;
  }
  void u16(uint16_t v) {
    if (uint8_t* p = grow(2)) store_be16(p, v);
  }
  void u24(uint32_t v) {
    if (uint8_t* p = grow(3)) store_be24(p, v);
  }
  void u32(uint32_t v) {
    if (uint8_t* p = grow(4)) store_be32(p, v);
  }
  void u64(uint64_t v) {
    if (uint8_t* p = grow(8)) store_be64(p, v);
  }
  void bytes(ByteView v) {
    uint8_t* p = grow(v.size());
    if (p != nullptr && !v.empty()) std::memcpy(p, v.data(), v.size());
  }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] size_t size() const { return pos_; }
  [[nodiscard]] MutableByteView written() const { return buffer_.first(pos_); }

 private:
  uint8_t* grow(size_t n) {
    if (!ok_ || buffer_.size() - pos_ < n) {
      ok_ = false;
      return nullptr;
    }
    uint8_t* p = buffer_.data() + pos_;
    pos_ += n;
    return p;
  }

  MutableByteView buffer_;
  size_t pos_ = 0;
  bool ok_ = true;
};

}  // namespace turms
