#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "livekit/signal.h"

namespace turms::livekit {

/// Tells the publisher of one video track which layers of which codec somebody watches, so that it
/// need not send the others (LiveKit's dynacast). More is told at once; less only when it has
/// stayed less for kPauseDelay, since people scroll and turn pages. Sans-IO.
///
/// Bound: one entry per codec of the track.
class Dynacast {
 public:
  static constexpr Duration kPauseDelay = std::chrono::seconds(5);
  /// How long a new track may wait for somebody to watch it before its publisher hears that nobody
  /// does: a room's members subscribe one after the other.
  static constexpr Duration kFirstDelay = std::chrono::seconds(10);

  /// By codec ("vp8"), the best quality that anybody wants; kOff: nobody wants it.
  using Wanted = std::map<std::string, VideoQuality, std::less<>>;

  /// What is wanted now, of every codec that the track has or should get.
  void set_wanted(TimePoint now, const Wanted& wanted);
  /// Muted: nothing is told, and all of it when the mute ends.
  void set_muted(bool muted);
  /// The publisher may not have heard what it was told.
  void repeat() { due_ = true; }

  /// What the publisher must hear now, of all codecs.
  std::optional<std::vector<server::SubscribedCodec>> poll(TimePoint now);
  [[nodiscard]] TimePoint next_timeout() const;
  /// Unless its publisher was told that nobody wants it.
  [[nodiscard]] bool wanted() const;
  /// What the publisher was told of a codec; nothing: not told yet.
  [[nodiscard]] std::optional<VideoQuality> told(std::string_view codec) const;

 private:
  struct Codec {
    VideoQuality wanted = VideoQuality::kOff;
    std::optional<VideoQuality> told;
    TimePoint lower_at = kNever;  // when less shall be told
  };

  std::map<std::string, Codec, std::less<>> codecs_;
  bool muted_ = false;
  bool due_ = false;
};

}  // namespace turms::livekit
