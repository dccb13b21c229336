#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"

/// SCTP packets and chunks on the wire: RFC 9260 section 3, RFC 3758 (FORWARD-TSN), RFC 6525
/// (RE-CONFIG), RFC 8260 (I-DATA, I-FORWARD-TSN).
namespace turms::rtc::sctp {

enum class ChunkType : uint8_t {
  kData = 0,
  kInit = 1,
  kInitAck = 2,
  kSack = 3,
  kHeartbeat = 4,
  kHeartbeatAck = 5,
  kAbort = 6,
  kShutdown = 7,
  kShutdownAck = 8,
  kError = 9,
  kCookieEcho = 10,
  kCookieAck = 11,
  kShutdownComplete = 14,
  kIData = 64,
  kReconfig = 130,
  kForwardTsn = 192,
  kIForwardTsn = 194,
};

enum class ParameterType : uint16_t {
  kHeartbeatInfo = 1,
  kStateCookie = 7,
  kOutgoingReset = 13,
  kIncomingReset = 14,
  kTsnReset = 15,
  kResetResponse = 16,
  kAddOutgoing = 17,
  kAddIncoming = 18,
  kSupportedExtensions = 0x8008,
  kForwardTsnSupported = 0xC000,
};

inline constexpr size_t kCommonHeader = 12;
inline constexpr size_t kChunkHeader = 4;
inline constexpr size_t kDataHeader = 16;   // of DATA, with the chunk header
inline constexpr size_t kIDataHeader = 20;  // of I-DATA
// Flags of DATA and I-DATA.
inline constexpr uint8_t kFlagEnd = 1;
inline constexpr uint8_t kFlagBegin = 2;
inline constexpr uint8_t kFlagUnordered = 4;
inline constexpr uint8_t kFlagImmediate = 8;

constexpr size_t padded(size_t size) {
  return (size + 3) & ~size_t{3};
}

/// The nearest number on the 64-bit line to `reference` whose low 32 bits are `value`. Lines start
/// at kLineStart, so nothing near the start of an association becomes negative.
constexpr uint64_t unwrap(uint64_t reference, uint32_t value) {
  return reference + static_cast<uint64_t>(
                         int64_t{static_cast<int32_t>(value - static_cast<uint32_t>(reference))});
}
constexpr uint64_t unwrap16(uint64_t reference, uint16_t value) {
  return reference + static_cast<uint64_t>(
                         int64_t{static_cast<int16_t>(value - static_cast<uint16_t>(reference))});
}
inline constexpr uint64_t kLineStart = uint64_t{1} << 32;

struct PacketHeader {
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint32_t tag = 0;

  /// Nothing when it is too short or its checksum is wrong.
  static std::optional<PacketHeader> parse(ByteView packet);
};

/// Writes the common header, checksum included, over the first 12 bytes of a finished packet.
void finish_packet(MutableByteView packet, const PacketHeader& header);

struct ChunkView {
  ChunkType type{};
  uint8_t flags = 0;
  ByteView value;  // without header and padding

  /// Takes the next chunk off `rest`, with its padding; nothing when it is cut short.
  static std::optional<ChunkView> take(ByteView& rest);
};

struct ParameterView {
  ParameterType type{};
  ByteView value;

  static std::optional<ParameterView> take(ByteView& rest);
};

/// A DATA or I-DATA chunk. `message` is the stream sequence number of DATA (16 bits) or the message
/// identifier of I-DATA; `fragment` counts within the message (I-DATA only).
struct DataView {
  uint32_t tsn = 0;
  uint16_t stream = 0;
  uint32_t message = 0;
  uint32_t fragment = 0;
  uint32_t ppid = 0;  // of I-DATA: in the first fragment only
  bool unordered = false;
  bool begin = false;
  bool end = false;
  bool immediate = false;
  ByteView data;  // never empty

  static std::optional<DataView> parse(const ChunkView& chunk);
};

/// What INIT and INIT-ACK say.
struct InitView {
  uint32_t tag = 0;
  uint32_t window = 0;
  uint16_t outgoing_streams = 0;
  uint16_t incoming_streams = 0;
  uint32_t tsn = 0;
  bool forward_tsn = false;
  bool reconfig = false;
  bool interleaving = false;
  ByteView cookie;  // of INIT-ACK

  static std::optional<InitView> parse(const ChunkView& chunk);
};

/// Both ends included.
struct TsnRange {
  uint64_t first = 0;
  uint64_t last = 0;
};

struct SackView {
  uint32_t cumulative = 0;
  uint32_t window = 0;
  ByteView gaps;  // pairs of 16-bit offsets from `cumulative`
  size_t duplicates = 0;

  static std::optional<SackView> parse(const ChunkView& chunk);
};

/// One stream of FORWARD-TSN (`message` is a stream sequence number) or I-FORWARD-TSN.
struct SkippedStream {
  uint16_t stream = 0;
  bool unordered = false;
  uint32_t message = 0;
};

/// Appends chunks to a buffer. After each call the size is a multiple of four.
class ChunkWriter {
 public:
  explicit ChunkWriter(Bytes& out) : out_(out) {}

  void begin(ChunkType type, uint8_t flags = 0);
  void begin_parameter(ParameterType type);
  void u8(uint8_t v) { out_.push_back(v); }
  void u16(uint16_t v);
  void u32(uint32_t v);
  void bytes(ByteView v) { out_.insert(out_.end(), v.begin(), v.end()); }
  /// Writes the length and pads, which the length does not count.
  void end_parameter();
  void end();

 private:
  Bytes& out_;
  size_t chunk_ = 0;
  size_t parameter_ = 0;
};

}  // namespace turms::rtc::sctp
