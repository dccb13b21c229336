#include "rtc/turn/framing.h"

#include "rtc/stun/message.h"

namespace turms::rtc::turn {

Frame next_frame(ByteView stream) {
  Frame frame;
  if (stream.empty()) return frame;
  const bool channel = (stream[0] & 0xF0) == 0x40;
  if (!channel && (stream[0] & 0xC0) != 0) return {.kind = Frame::Kind::kInvalid};
  if (stream.size() < 4) return frame;
  const size_t length = load_be16(&stream[2]);
  const size_t size = length + (channel ? 4 : stun::kHeaderSize);
  const size_t padded = (size + 3) & ~size_t{3};
  // The length of STUN counts its padding (RFC 8489 section 5).
  if (padded > Frame::kMaxFrame || (!channel && padded != size)) {
    return {.kind = Frame::Kind::kInvalid};
  }
  if (stream.size() < padded) return frame;
  return {.kind = Frame::Kind::kMessage, .size = size, .padded = padded};
}

}  // namespace turms::rtc::turn
