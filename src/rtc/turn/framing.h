#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace turms::rtc::turn {

/// STUN messages and ChannelData as they follow each other in a stream (RFC 8656 section 12.5).
/// ChannelData is padded to four bytes there, and not over UDP.
struct Frame {
  enum class Kind : uint8_t {
    kNeedMore,
    kInvalid,  // neither STUN nor ChannelData, or longer than kMaxFrame: close the stream
    kMessage,
  };
  Kind kind = Kind::kNeedMore;
  size_t size = 0;    // what to give to Server::receive
  size_t padded = 0;  // what it takes of the stream

  /// Larger than any datagram a media client sends.
  static constexpr size_t kMaxFrame = 4096;
};

/// What stands at the start of the bytes received so far.
Frame next_frame(ByteView stream);

}  // namespace turms::rtc::turn
