#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "base/time.h"
#include "livekit/types.h"

namespace turms::livekit {

/// What is known of a stream so far: totals, and the delays of late.
struct StreamReport {
  uint64_t packets = 0;
  uint64_t packets_lost = 0;
  Duration round_trip{0};
  Duration jitter{0};
  bool video = false;
};

/// How well a participant's media flows, on the scale that LiveKit's clients know. Each stream,
/// sent or received, is scored from 0 to 100 by loss, round trip and jitter (the simplified E-model
/// of ITU-T G.107) in windows of kInterval; it falls quickly and recovers slowly. The participant
/// is as well as its worst stream.
///
/// LOST is told of a participant whose transport fell silent, never guessed from a stream that
/// brings nothing: an application may have nothing to say, and clients reconnect when they hear
/// that they are lost.
class ConnectionScore {
 public:
  static constexpr Duration kInterval = std::chrono::seconds(5);

  void report(uint64_t stream, const StreamReport& totals) { streams_[stream].now = totals; }
  void remove(uint64_t stream) { streams_.erase(stream); }
  void set_silent(bool silent) { silent_ = silent; }

  /// Ends a window. `must_flow` tells whether a stream should have brought something all along: one
  /// that brought something before and nothing now is poor, another is left out. True when the
  /// level is another than was told last, or was never told.
  bool close_window(const std::function<bool(uint64_t stream)>& must_flow);

  [[nodiscard]] ConnectionQuality level() const;
  /// Mean opinion score, 1 to 4.5.
  [[nodiscard]] float mos() const;
  /// close_window() told a level.
  [[nodiscard]] bool told() const { return told_; }

 private:
  struct Stream {
    StreamReport now;
    StreamReport before;  // at the end of the last window
    double score = 100;
  };

  [[nodiscard]] double score() const;

  std::map<uint64_t, Stream> streams_;
  bool silent_ = false;
  bool told_ = false;
  ConnectionQuality last_ = ConnectionQuality::kExcellent;
};

}  // namespace turms::livekit
