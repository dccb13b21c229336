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
  Duration queue{0};  // one-way delay above its least
  bool video = false;
  /// Of received video: spatial layers below the best that is wanted and there.
  int layers_below = 0;
};

/// How a participant's path from us carries what it asks for. What it does not ask for (a saver,
/// small tiles, microphones that are left out) is no part of it.
struct PathReport {
  uint64_t wanted_bps = 0;
  uint64_t allocated_bps = 0;
  Duration queue{0};
  double loss = 0;  // share of packets
};

/// How well a participant's media flows, on the scale that LiveKit's clients know. Each stream,
/// sent or received, is scored from 0 to 100 by loss, round trip and jitter (the simplified E-model
/// of ITU-T G.107) in windows of kInterval; it falls quickly and recovers slowly. A published track
/// is also judged by the layers that are announced and wanted and do not come, what is received by
/// what the path does not carry. The participant is as well as the worst of all.
///
/// What gets worse by a level and stays so for kWorse looks, kStep apart, is told without waiting
/// for the end of the window.
///
/// LOST is told of a participant whose transport fell silent, never guessed from a stream that
/// brings nothing: an application may have nothing to say, and clients reconnect when they hear
/// that they are lost.
class ConnectionScore {
 public:
  static constexpr Duration kInterval = std::chrono::seconds(5);
  static constexpr Duration kStep = std::chrono::seconds(1);
  static constexpr int kWorse = 2;

  void report(uint64_t stream, const StreamReport& totals) { streams_[stream].now = totals; }
  /// Layers below the best that is announced and wanted, for long enough to mean something.
  void set_missing_layers(uint64_t stream, int count) { streams_[stream].missing_layers = count; }
  /// Received video that is not sent at all for want of bandwidth.
  void set_paused(uint64_t stream, bool paused) { streams_[stream].paused = paused; }
  /// Forgotten when it is not repeated: then nothing flows.
  void report_path(const PathReport& path) {
    path_.now = path;
    path_.age = 0;
  }
  void remove(uint64_t stream) { streams_.erase(stream); }
  void set_silent(bool silent) { silent_ = silent; }

  /// Ends a window. `must_flow` tells whether a stream should have brought something all along: one
  /// that brought something before and nothing now is poor, another is left out. True when the
  /// level is another than was told last, or was never told.
  bool close_window(const std::function<bool(uint64_t stream)>& must_flow);
  /// Between the ends of windows, each kStep. True when the level has become worse than was told.
  bool look();

  [[nodiscard]] ConnectionQuality level() const;
  /// Mean opinion score, 1 to 4.5.
  [[nodiscard]] float mos() const;
  /// close_window() told a level.
  [[nodiscard]] bool told() const { return told_; }

 private:
  struct Stream {
    StreamReport now;
    StreamReport before;   // at the end of the last window
    StreamReport earlier;  // two looks ago
    StreamReport last;     // at the last look
    double score = 100;
    int worse = 0;  // looks
    int missing_layers = 0;
    bool paused = false;
    uint64_t counted = 0;  // packets when it was last counted among what the path carries
  };
  struct Path {
    PathReport now;
    double score = 100;
    int worse = 0;
    int age = 0;  // looks
  };

  [[nodiscard]] double score() const;
  [[nodiscard]] double path_target();
  bool tell();

  std::map<uint64_t, Stream> streams_;
  Path path_;
  bool silent_ = false;
  bool told_ = false;
  ConnectionQuality last_ = ConnectionQuality::kExcellent;
};

}  // namespace turms::livekit
