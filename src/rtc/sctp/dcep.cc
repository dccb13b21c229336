#include "rtc/sctp/dcep.h"

#include <algorithm>

#include "rtc/sctp/wire.h"

namespace turms::rtc::sctp {
namespace {

// Channel types (RFC 8832 section 5.1); the highest bit says unordered.
constexpr uint8_t kReliable = 0;
constexpr uint8_t kRetransmits = 1;
constexpr uint8_t kTimed = 2;
constexpr uint8_t kUnordered = 0x80;

}  // namespace

std::optional<ChannelParameters> parse_open(ByteView message) {
  ByteReader in(message);
  if (in.u8() != kDcepOpen) return std::nullopt;
  const uint8_t type = in.u8();
  ChannelParameters out;
  out.ordered = (type & kUnordered) == 0;
  out.priority = in.u16();
  const uint32_t limit = in.u32();
  const size_t label = in.u16();
  const size_t protocol = in.u16();
  if (label > kMaxChannelText || protocol > kMaxChannelText) return std::nullopt;
  out.label = as_text(in.bytes(label));
  out.protocol = as_text(in.bytes(protocol));
  if (!in.ok()) return std::nullopt;
  switch (type & ~kUnordered) {
    case kReliable:
      break;
    case kRetransmits:
      out.max_retransmits = static_cast<uint16_t>(std::min<uint32_t>(limit, UINT16_MAX));
      break;
    case kTimed:
      out.lifetime = std::chrono::milliseconds(limit);
      break;
    default:
      return std::nullopt;
  }
  return out;
}

Bytes serialize_open(const ChannelParameters& parameters) {
  const auto& [label, protocol, ordered, max_retransmits, lifetime, priority] = parameters;
  uint8_t type = ordered ? 0 : kUnordered;
  uint32_t limit = 0;
  if (max_retransmits) {
    type |= kRetransmits;
    limit = *max_retransmits;
  } else if (lifetime) {
    type |= kTimed;
    limit = static_cast<uint32_t>(to_ms(*lifetime));
  }
  Bytes out;
  ChunkWriter writer(out);
  writer.u8(kDcepOpen);
  writer.u8(type);
  writer.u16(priority);
  writer.u32(limit);
  writer.u16(static_cast<uint16_t>(label.size()));
  writer.u16(static_cast<uint16_t>(protocol.size()));
  writer.bytes(as_bytes(label));
  writer.bytes(as_bytes(protocol));
  return out;
}

}  // namespace turms::rtc::sctp
