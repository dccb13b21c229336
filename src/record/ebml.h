#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.h"

/// EBML (RFC 8794), as far as WebM needs it.
namespace turms::record::ebml {

enum Id : uint32_t {
  kHeader = 0x1A45DFA3,
  kVersion = 0x4286,
  kReadVersion = 0x42F7,
  kMaxIdLength = 0x42F2,
  kMaxSizeLength = 0x42F3,
  kDocType = 0x4282,
  kDocTypeVersion = 0x4287,
  kDocTypeReadVersion = 0x4285,
  kVoid = 0xEC,
  kSegment = 0x18538067,
  kSeekHead = 0x114D9B74,
  kSeek = 0x4DBB,
  kSeekId = 0x53AB,
  kSeekPosition = 0x53AC,
  kInfo = 0x1549A966,
  kTimestampScale = 0x2AD7B1,
  kDuration = 0x4489,
  kMuxingApp = 0x4D80,
  kWritingApp = 0x5741,
  kDateUtc = 0x4461,
  kTracks = 0x1654AE6B,
  kTrackEntry = 0xAE,
  kTrackNumber = 0xD7,
  kTrackUid = 0x73C5,
  kTrackType = 0x83,
  kFlagLacing = 0x9C,
  kCodecId = 0x86,
  kCodecPrivate = 0x63A2,
  kSeekPreRoll = 0x56BB,
  kName = 0x536E,
  kVideo = 0xE0,
  kPixelWidth = 0xB0,
  kPixelHeight = 0xBA,
  kAudio = 0xE1,
  kSamplingFrequency = 0xB5,
  kChannels = 0x9F,
  kCluster = 0x1F43B675,
  kTimestamp = 0xE7,
  kSimpleBlock = 0xA3,
  kCues = 0x1C53BB6B,
  kCuePoint = 0xBB,
  kCueTime = 0xB3,
  kCueTrackPositions = 0xB7,
  kCueTrack = 0xF7,
  kCueClusterPosition = 0xF1,
};

/// The size of an element that is not known yet, in eight bytes.
inline constexpr uint64_t kUnknownSize = 0x00FFFFFFFFFFFFFF;

inline void put_be(Bytes& out, uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<uint8_t>(value >> shift));
  }
}
constexpr int id_size(uint32_t id) {
  return id > 0xFFFFFF ? 4 : id > 0xFFFF ? 3 : id > 0xFF ? 2 : 1;
}
inline void put_id(Bytes& out, uint32_t id) {
  put_be(out, id, id_size(id));
}
/// In eight bytes, so that it may be overwritten.
inline void put_long_size(Bytes& out, uint64_t size) {
  put_be(out, uint64_t{1} << 56 | size, 8);
}
inline void put_size(Bytes& out, uint64_t size) {
  int bytes = 1;
  while (bytes < 8 && size >= (uint64_t{1} << (7 * bytes)) - 1) ++bytes;
  put_be(out, uint64_t{1} << (7 * bytes) | size, bytes);
}
inline void put_binary(Bytes& out, uint32_t id, ByteView value) {
  put_id(out, id);
  put_size(out, value.size());
  out.insert(out.end(), value.begin(), value.end());
}
inline void put_text(Bytes& out, uint32_t id, std::string_view value) {
  put_binary(out, id, as_bytes(value));
}
/// As short as it may be, or of `bytes` bytes.
inline void put_uint(Bytes& out, uint32_t id, uint64_t value, int bytes = 0) {
  if (bytes == 0) {
    bytes = 1;
    while (bytes < 8 && value >> (8 * bytes) != 0) ++bytes;
  }
  put_id(out, id);
  put_size(out, static_cast<uint64_t>(bytes));
  put_be(out, value, bytes);
}
inline void put_float(Bytes& out, uint32_t id, double value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  put_id(out, id);
  put_size(out, 8);
  put_be(out, bits, 8);
}
/// An element without meaning of `size` bytes in all, at least 2 and below 2^14.
inline void put_void(Bytes& out, size_t size) {
  out.push_back(kVoid);
  if (size < 129) {
    put_be(out, 0x80 | (size - 2), 1);
    out.insert(out.end(), size - 2, 0);
  } else {
    put_be(out, 0x4000 | (size - 3), 2);
    out.insert(out.end(), size - 3, 0);
  }
}

struct Element {
  uint32_t id = 0;
  size_t head = 0;       // bytes of id and size
  uint64_t size = 0;     // of what follows
  bool unknown = false;  // the size is
};
/// The head at the beginning of `data`. `head` is 0 when it is malformed or not all there.
inline Element parse_element(ByteView data) {
  Element out;
  if (data.empty() || data[0] < 0x10) return out;
  size_t id_bytes = 1;
  while ((data[0] >> (8 - id_bytes) & 1) == 0) ++id_bytes;
  if (data.size() <= id_bytes || data[id_bytes] == 0) return out;
  for (size_t i = 0; i < id_bytes; ++i) out.id = out.id << 8 | data[i];
  const uint8_t first = data[id_bytes];
  size_t size_bytes = 1;
  while ((first >> (8 - size_bytes) & 1) == 0) ++size_bytes;
  if (data.size() < id_bytes + size_bytes) return out;
  out.size = first & ((1U << (8 - size_bytes)) - 1);
  for (size_t i = 1; i < size_bytes; ++i) out.size = out.size << 8 | data[id_bytes + i];
  out.unknown = out.size == (uint64_t{1} << (7 * size_bytes)) - 1;
  out.head = id_bytes + size_bytes;
  return out;
}

}  // namespace turms::record::ebml
