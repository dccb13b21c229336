#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

/// The framing of RFC 6455 section 5, as views over bytes.
namespace turms::net::websocket {

enum class Opcode : uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

struct FrameHeader {
  bool fin = false;
  bool compressed = false;  // RSV1 (RFC 7692)
  Opcode opcode = Opcode::kBinary;
  uint64_t payload_size = 0;
  uint8_t mask[4] = {};
  size_t header_size = 0;

  [[nodiscard]] bool control() const { return static_cast<uint8_t>(opcode) >= 8; }
};

enum class ParseOutcome { kComplete, kNeedMore, kInvalid };

/// The header of a frame from a client: must be masked, reserved bits and opcodes are invalid,
/// control frames are short and whole, lengths are in their shortest form.
ParseOutcome parse_client_frame(ByteView data, bool compression, FrameHeader& out);

/// XORs the payload in place (section 5.3).
void unmask(MutableByteView payload, const uint8_t (&mask)[4]);

/// Writes the header of a whole frame from a server; returns its size, at most kMaxHeader.
inline constexpr size_t kMaxHeader = 10;
size_t write_server_header(uint8_t* out, Opcode opcode, uint64_t payload_size, bool compressed);

/// Sec-WebSocket-Accept for a key (section 4.2.2).
std::string accept_value(std::string_view key);
/// A key must be 16 bytes in base64.
bool valid_key(std::string_view key);
/// Codes that may stand in a close frame (section 7.4).
bool valid_close_code(uint16_t code);

}  // namespace turms::net::websocket
