#pragma once

#include <optional>
#include <vector>

#include "record/frame.h"
#include "record/reorder_buffer.h"

namespace turms::record {

/// Samples of 48 kHz that a packet of Opus holds (RFC 6716 section 3.1); nothing when malformed.
std::optional<uint32_t> parse_opus_duration(ByteView packet);

/// From the packets of a stream of Opus to a gapless sequence: discontinuous transmission, losses
/// and mutes leave holes, which players would close, so that what follows comes too early. They are
/// filled with silence. RED needs nothing here: the room takes it apart and mends losses from it.
/// Sans-IO, one thread.
class OpusFrames {
 public:
  /// Samples of a silent frame: 20 ms.
  static constexpr int64_t kSilence = 960;
  /// Longer holes are left as they are: something is wrong with the timestamps.
  static constexpr int64_t kMaxFill = int64_t{48'000} * 3600 * 24;

  /// Appends what the packet adds. What ends before the end of what was made is left out.
  void add(const TrackPacket& packet, std::vector<Frame>& out);
  /// Nothing has come for a while: appends silence up to this time.
  void fill(int64_t rtp_time, std::vector<Frame>& out);
  /// Where the next frame goes; nothing before the first.
  [[nodiscard]] std::optional<int64_t> end() const { return end_; }
  [[nodiscard]] uint64_t filled() const { return filled_; }

 private:
  std::optional<int64_t> end_;
  uint64_t filled_ = 0;  // silent frames
};

}  // namespace turms::record
