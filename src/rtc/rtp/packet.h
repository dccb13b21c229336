#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "rtc/parameters.h"
#include "rtc/rtp/numbers.h"

/// RTP packets (RFC 3550 section 5, header extensions RFC 8285) as views over the caller's bytes:
/// nothing here allocates or keeps a byte.
namespace turms::rtc::rtp {

inline constexpr size_t kHeaderSize = 12;
/// Largest header this code writes: fixed part, extension head, and what fits in 255 bytes of
/// extensions.
inline constexpr size_t kMaxWrittenHeaderSize = kHeaderSize + 4 + 256;

enum class DropReason : uint8_t {
  kTooShort,
  kBadVersion,
  kNotRtp,  // payload type in the range of RTCP (RFC 5761 section 4)
  kBadCsrc,
  kBadExtension,
  kBadPadding,
};
inline constexpr size_t kDropReasonCount = 6;
const char* to_string(DropReason reason);

/// The fixed header without CSRCs.
struct Header {
  bool marker = false;
  uint8_t payload_type = 0;  // 0..127
  SeqNum sequence;
  RtpTime timestamp;
  Ssrc ssrc;
};

/// A parsed packet. Valid as long as the bytes given to parse(). Reads header fields at each call,
/// so it sees rewrites made in place.
class PacketView {
 public:
  /// Checks every length once; afterwards all accessors are safe. A malformed element inside a
  /// well-bounded extension block does not fail the packet: lookup stops there.
  static std::expected<PacketView, DropReason> parse(ByteView data);

  [[nodiscard]] ByteView data() const { return data_; }
  [[nodiscard]] bool marker() const { return (data_[1] & 0x80) != 0; }
  [[nodiscard]] uint8_t payload_type() const { return data_[1] & 0x7F; }
  [[nodiscard]] SeqNum sequence() const { return SeqNum(load_be16(&data_[2])); }
  [[nodiscard]] RtpTime timestamp() const { return RtpTime(load_be32(&data_[4])); }
  [[nodiscard]] Ssrc ssrc() const { return Ssrc(load_be32(&data_[8])); }
  [[nodiscard]] Header header() const {
    return {marker(), payload_type(), sequence(), timestamp(), ssrc()};
  }

  [[nodiscard]] size_t csrc_count() const { return data_[0] & 0x0F; }

  /// Bytes before the payload.
  [[nodiscard]] size_t header_size() const { return payload_offset_; }
  /// Without padding.
  [[nodiscard]] ByteView payload() const {
    return data_.subspan(payload_offset_, data_.size() - payload_offset_ - padding_);
  }
  [[nodiscard]] size_t padding_size() const { return padding_; }

  /// Value of the first element with this id; nothing when absent or `id` is 0. An element of
  /// length 0 gives an empty view.
  [[nodiscard]] std::optional<ByteView> extension(uint8_t id) const;
  /// Calls `f(uint8_t id, ByteView value)` for each element.
  template <class F>
  void for_each_extension(F&& f) const {
    size_t position = 0;
    uint8_t id = 0;
    ByteView value;
    while (next_extension(position, id, value)) f(id, value);
  }

 private:
  explicit PacketView(ByteView data) : data_(data) {}
  bool next_extension(size_t& position, uint8_t& id, ByteView& value) const;

  ByteView data_;
  uint16_t extensions_offset_ = 0;
  uint16_t extensions_size_ = 0;
  uint16_t payload_offset_ = 0;
  uint8_t padding_ = 0;
  bool two_byte_ = false;
};

// Rewriting in place. `packet` holds at least the fixed header.
inline void set_payload_type(MutableByteView packet, uint8_t payload_type) {
  packet[1] = static_cast<uint8_t>((packet[1] & 0x80) | payload_type);
}
inline void set_sequence(MutableByteView packet, SeqNum n) {
  store_be16(&packet[2], n.value);
}
inline void set_timestamp(MutableByteView packet, RtpTime t) {
  store_be32(&packet[4], t.value);
}
inline void set_ssrc(MutableByteView packet, Ssrc ssrc) {
  store_be32(&packet[8], ssrc.value);
}

struct ExtensionValue {
  uint8_t id = 0;  // 1..255; 0 and 15 are not written (RFC 8285 section 4.2)
  ByteView value;  // at most 255 bytes
};

/// Writes a whole packet into `out`: the one-byte form of extensions when all fit it (id 1..14, 1
/// to 16 bytes), else the two-byte form. Padding, when `padding` > 0, is zeros with the count last.
/// Returns its size, 0 when it does not fit.
size_t write_packet(MutableByteView out, const Header& header,
                    std::span<const ExtensionValue> extensions, ByteView payload,
                    uint8_t padding = 0);

/// What the sender of a packet puts in itself, per transport. Left out when empty, absent, or
/// without an id in the map.
struct OwnExtensions {
  std::string_view mid;  // at most 16 characters are sent in the one-byte form
  std::string_view rid;
  std::string_view repaired_rid;
  std::optional<uint16_t> transport_sequence;
  std::optional<uint32_t> abs_send_time;  // 24 bits, abs_send_time()
  ByteView dependency_descriptor;         // in place of the source's
};

/// Writes header and extensions of a packet forwarded from `source` to another transport: `header`
/// in place of the source's, extensions that describe the media (audio level, orientation, playout
/// delay, capture time) carried over under the ids of `target_ids`, mid, rid, transport sequence
/// and send time from `own` only. Returns the size of the header, after which the caller puts the
/// payload; 0 when it does not fit.
size_t write_forwarded_header(MutableByteView out, const PacketView& source,
                              const ExtensionMap& source_ids, const Header& header,
                              const ExtensionMap& target_ids, const OwnExtensions& own);

/// write_forwarded_header plus the source's payload without its padding.
size_t copy_packet(MutableByteView out, const PacketView& source, const ExtensionMap& source_ids,
                   const Header& header, const ExtensionMap& target_ids, const OwnExtensions& own);

/// Where the value of an extension lies in a packet, to overwrite it (transport sequence and send
/// time are known only when the packet leaves). Empty when absent.
MutableByteView find_extension(MutableByteView packet, uint8_t id);

/// 24-bit 6.18 fixed point seconds, of a monotonic time.
uint32_t abs_send_time(TimePoint now);

// RTX, RFC 4588 section 4: the payload of the retransmission is the original sequence number (OSN)
// followed by the original payload.
inline constexpr size_t kRtxOverhead = 2;

/// Original sequence number and original payload; nothing when too short (then it is padding sent
/// as a probe).
struct RtxPayload {
  SeqNum original_sequence;
  ByteView payload;
};
std::optional<RtxPayload> parse_rtx(ByteView payload);

/// Turns a retransmission into the original packet, in place: returns the restored packet, which is
/// two bytes shorter and begins two bytes later than `packet`. `view` is the parsed `packet`.
/// Padding is removed. Empty when it is no retransmission.
MutableByteView decapsulate_rtx(MutableByteView packet, const PacketView& view, Ssrc original_ssrc,
                                uint8_t original_payload_type);

/// Writes `original` as a retransmission: own SSRC, payload type and sequence, timestamp, marker
/// and extensions kept (their values may be patched by find_extension afterwards). Returns its
/// size, 0 when it does not fit.
size_t encapsulate_rtx(MutableByteView out, const PacketView& original, Ssrc rtx_ssrc,
                       uint8_t rtx_payload_type, SeqNum rtx_sequence);

// Values of extensions.

/// RFC 6464: level is −dBov, 0 (loudest) to 127 (silence).
struct AudioLevel {
  bool voice = false;
  uint8_t level = 127;
};
std::optional<AudioLevel> parse_audio_level(ByteView value);
/// mid, rid and repaired rid: the text, empty when not made of id characters.
std::string_view parse_sdes_text(ByteView value);
std::optional<uint16_t> parse_transport_sequence(ByteView value);

/// First RTP or RTCP? (RFC 5761 section 4, RFC 7983: both have a first byte of 128..191.)
inline bool looks_like_rtcp(ByteView data) {
  return data.size() >= 2 && data[1] >= 192 && data[1] <= 223;
}

}  // namespace turms::rtc::rtp
