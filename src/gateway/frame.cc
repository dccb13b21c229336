#include "gateway/frame.h"

namespace turms::gateway {

Frame read_frame(ByteView data, size_t max_message_bytes) {
  constexpr size_t kMaxLengthBytes = 5;
  uint64_t length = 0;
  for (size_t i = 0; i < kMaxLengthBytes; ++i) {
    if (i == data.size()) return {};
    length |= static_cast<uint64_t>(data[i] & 0x7F) << (7 * i);
    if ((data[i] & 0x80) != 0) continue;
    if (length > UINT32_MAX) return {FrameStatus::kBadLength, {}, 0};
    if (length > max_message_bytes) return {FrameStatus::kTooLarge, {}, 0};
    const ByteView rest = data.subspan(i + 1);
    if (rest.size() < length) return {};
    return {FrameStatus::kComplete, rest.first(length), i + 1 + length};
  }
  return {FrameStatus::kBadLength, {}, 0};
}

void append_frame_length(std::string& out, size_t message_bytes) {
  while (message_bytes >= 0x80) {
    out.push_back(static_cast<char>(message_bytes | 0x80));
    message_bytes >>= 7;
  }
  out.push_back(static_cast<char>(message_bytes));
}

}  // namespace turms::gateway
