#include "net/stream_classifier.h"

namespace turms::net {

namespace {

constexpr size_t kStunHeader = 20;
constexpr uint32_t kMagicCookie = 0x2112A442;
constexpr uint8_t kHandshakeRecord = 22;
/// The longest method that is routed, "OPTIONS", is shorter; CONNECT and
/// extensions are told so by the HTTP parser.
constexpr size_t kMethodBytes = 3;

bool is_method_letter(uint8_t c) {
  return c >= 'A' && c <= 'Z';
}

/// A request or indication of a method in use (RFC 8489 section 5): ours is the side that answers.
bool may_begin(ByteView message) {
  return message[0] == 0;
}

}  // namespace

FirstBytes classify_first_bytes(ByteView start) {
  if (start.empty()) return FirstBytes::kNeedMore;
  if (start[0] == kHandshakeRecord) {
    if (start.size() < 2) return FirstBytes::kNeedMore;
    return start[1] == 3 ? FirstBytes::kTls : FirstBytes::kUnknown;
  }
  if (is_method_letter(start[0])) {
    for (size_t i = 0; i < kMethodBytes; ++i) {
      if (i == start.size()) return FirstBytes::kNeedMore;
      if (!is_method_letter(start[i])) return FirstBytes::kUnknown;
    }
    return FirstBytes::kHttp;
  }
  // An empty line before a request (RFC 9112 section 2.2) is the HTTP parser's
  // to skip.
  if (start[0] == '\r' || start[0] == '\n') return FirstBytes::kHttp;
  // Both begin with a STUN message, the frame of ICE with its length in front.
  // The cookie tells which: at the same place the other has a part of the
  // message's length and of the cookie.
  if (start[0] > kMaxFirstMessage >> 8) return FirstBytes::kUnknown;
  if (start.size() < kStunHeader) return FirstBytes::kNeedMore;
  if (load_be32(&start[4]) == kMagicCookie && may_begin(start)) {
    const size_t size = kStunHeader + load_be16(&start[2]);
    if (size > kMaxFirstMessage) return FirstBytes::kUnknown;
    return start.size() < size ? FirstBytes::kNeedMore : FirstBytes::kTurn;
  }
  const size_t frame = load_be16(start.data());
  if (load_be32(&start[6]) != kMagicCookie || !may_begin(start.subspan(2)) ||
      frame > kMaxFirstMessage || frame != kStunHeader + load_be16(&start[4])) {
    return FirstBytes::kUnknown;
  }
  return start.size() < 2 + frame ? FirstBytes::kNeedMore : FirstBytes::kIce;
}

}  // namespace turms::net
