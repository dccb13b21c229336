#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace turms::gateway {

// Frames of the TCP transport: an unsigned base-128 varint of 32 bits, then so many bytes. A length
// of zero is a heartbeat.

enum class FrameStatus {
  kComplete,
  kIncomplete,
  /// The length is longer than 5 bytes or more than 32 bits.
  kBadLength,
  kTooLarge,
};

struct Frame {
  FrameStatus status = FrameStatus::kIncomplete;
  ByteView message;
  /// Bytes of `data` that the frame takes; 0 unless complete.
  size_t consumed = 0;
};

/// The first frame of `data`. A length beyond `max_message_bytes` is refused as soon as it is
/// known, without waiting for what it announces.
Frame read_frame(ByteView data, size_t max_message_bytes);

/// Appends the length of a message of `message_bytes`.
void append_frame_length(std::string& out, size_t message_bytes);

}  // namespace turms::gateway
