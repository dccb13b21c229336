#include "net/websocket_frames.h"

#include <openssl/sha.h>

#include "base/encoding.h"

namespace turms::net::websocket {

ParseOutcome parse_client_frame(ByteView data, bool compression, FrameHeader& out) {
  if (data.size() < 2) return ParseOutcome::kNeedMore;
  out.fin = (data[0] & 0x80) != 0;
  out.compressed = (data[0] & 0x40) != 0;
  const uint8_t opcode = data[0] & 0x0f;
  out.opcode = static_cast<Opcode>(opcode);
  const bool known = opcode <= 2 || (opcode >= 8 && opcode <= 10);
  const bool masked = (data[1] & 0x80) != 0;
  if (!known || !masked || (data[0] & 0x30) != 0) return ParseOutcome::kInvalid;
  const uint8_t length = data[1] & 0x7f;
  if (out.control() && (!out.fin || length > 125)) return ParseOutcome::kInvalid;
  // RFC 7692 section 6.1: only on the first frame of a data message.
  if (out.compressed && (!compression || out.control() || out.opcode == Opcode::kContinuation)) {
    return ParseOutcome::kInvalid;
  }
  ByteReader reader(data.subspan(2));
  out.payload_size = length;
  if (length == 126) out.payload_size = reader.u16();
  if (length == 127) out.payload_size = reader.u64();
  const ByteView mask = reader.bytes(4);
  if (!reader.ok()) return ParseOutcome::kNeedMore;
  if ((length == 126 && out.payload_size < 126) ||
      (length == 127 && (out.payload_size < 65536 || out.payload_size >> 63 != 0))) {
    return ParseOutcome::kInvalid;
  }
  std::memcpy(out.mask, mask.data(), 4);
  out.header_size = 2 + reader.position();
  return ParseOutcome::kComplete;
}

void unmask(MutableByteView payload, const uint8_t (&mask)[4]) {
  uint8_t twice[8];
  std::memcpy(twice, mask, 4);
  std::memcpy(twice + 4, mask, 4);
  uint64_t wide;
  std::memcpy(&wide, twice, 8);
  uint8_t* p = payload.data();
  size_t left = payload.size();
  for (; left >= 8; left -= 8, p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    word ^= wide;
    std::memcpy(p, &word, 8);
  }
  for (size_t i = 0; i < left; ++i) p[i] ^= twice[i];
}

size_t write_server_header(uint8_t* out, Opcode opcode, uint64_t payload_size, bool compressed) {
  out[0] = static_cast<uint8_t>(0x80 | (compressed ? 0x40 : 0) | static_cast<uint8_t>(opcode));
  if (payload_size < 126) {
    out[1] = static_cast<uint8_t>(payload_size);
    return 2;
  }
  if (payload_size < 65536) {
    out[1] = 126;
    store_be16(out + 2, static_cast<uint16_t>(payload_size));
    return 4;
  }
  out[1] = 127;
  store_be64(out + 2, payload_size);
  return 10;
}

std::string accept_value(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<uint8_t, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const uint8_t*>(text.data()), text.size(), digest.data());
  return base64(digest);
}

bool valid_key(std::string_view key) {
  const auto decoded = from_base64(key);
  return key.size() == 24 && decoded && decoded->size() == 16;
}

bool valid_close_code(uint16_t code) {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

}  // namespace turms::net::websocket
