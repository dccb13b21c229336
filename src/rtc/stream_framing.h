#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace turms::rtc {

/// Datagrams of a peer connection on a byte stream: a length of two bytes before each (RFC 4571
/// section 2, as RFC 6544 section 3 wants it for ICE).
struct StreamFrame {
  enum class Kind : uint8_t {
    kNeedMore,
    kInvalid,  // longer than any datagram: close the stream
    kDatagram,
  };
  Kind kind = Kind::kNeedMore;
  size_t offset = 0;  // of the datagram
  size_t size = 0;    // may be 0, which is nobody's datagram
  size_t total = 0;   // what it takes of the stream

  static constexpr size_t kHeaderSize = 2;
  /// As long as what is read from UDP.
  static constexpr size_t kMaxSize = 2048;
};

/// What stands at the start of the bytes received so far. Never waits for more than kHeaderSize +
/// kMaxSize of them.
StreamFrame next_stream_frame(ByteView stream);

/// What goes before a datagram of so many bytes, at most 65535.
std::array<uint8_t, StreamFrame::kHeaderSize> stream_frame_header(size_t size);

}  // namespace turms::rtc
