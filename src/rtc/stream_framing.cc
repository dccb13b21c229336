#include "rtc/stream_framing.h"

#include "base/check.h"

namespace turms::rtc {

StreamFrame next_stream_frame(ByteView stream) {
  if (stream.size() < StreamFrame::kHeaderSize) return {};
  const size_t size = load_be16(stream.data());
  if (size > StreamFrame::kMaxSize) return {.kind = StreamFrame::Kind::kInvalid};
  const size_t total = StreamFrame::kHeaderSize + size;
  if (stream.size() < total) return {};
  return {StreamFrame::Kind::kDatagram, StreamFrame::kHeaderSize, size, total};
}

std::array<uint8_t, StreamFrame::kHeaderSize> stream_frame_header(size_t size) {
  TURMS_CHECK(size <= UINT16_MAX);
  std::array<uint8_t, StreamFrame::kHeaderSize> header;
  store_be16(header.data(), static_cast<uint16_t>(size));
  return header;
}

}  // namespace turms::rtc
