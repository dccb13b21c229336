#pragma once

#include <memory>
#include <optional>

#include "record/frame.h"

namespace turms::record {

/// Puts a frame together from the payloads of its packets, in order. One for each stream; it
/// remembers parameter sets. Sans-IO, one thread.
class Depacketizer {
 public:
  /// Larger frames are dropped.
  static constexpr size_t kMaxFrame = 8 * 1024 * 1024;
  static constexpr size_t kMaxUnits = 1024;

  virtual ~Depacketizer() = default;
  /// Forgets what was gathered of a frame.
  virtual void begin() = 0;
  /// The next packet's payload. False: malformed, or what it goes on with is not there; the frame
  /// is of no use.
  virtual bool add(ByteView payload) = 0;
  /// All packets between the first that was added and the last of the frame are there. Nothing when
  /// they make no frame: its beginning is missing, or it holds no picture. Without time.
  virtual std::optional<Frame> finish() = 0;
};

/// For VP8, VP9, H264, H265 and AV1; null for others.
std::unique_ptr<Depacketizer> make_depacketizer(rtc::Codec codec);

}  // namespace turms::record
