#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "livekit/receive_profile.h"
#include "livekit/types.h"
#include "media/engine.h"

namespace turms::livekit {

/// What a subscriber asks for of a track (UpdateTrackSettings).
struct TrackSettings {
  bool disabled = false;
  VideoQuality quality = VideoQuality::kHigh;
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t fps = 0;
  uint32_t priority = 0;
};

/// A subscribed track as far as wishes go.
struct WishedTrack {
  bool video = true;
  bool screen_share = false;
  bool speaking = false;  // its publisher has the floor
  TrackSettings settings;
  std::span<const VideoLayer> layers = {};  // lowest first
};

/// From what a client wishes to what the media worker is asked for: the one place where LiveKit's
/// track settings, which any client sends, and the receive profile of ours come together. What the
/// profile takes away is not wanted: it is no sign of a bad network, is not probed for, and lets
/// publishers stop layers that nobody else watches. Bandwidth lowers what comes out of this, never
/// raises it. A pure value: the same wishes give the same requests.
///
/// - A picture gets the lowest layer that fills its tile, or else the one of the quality named.
/// - The lowest frame rate named is passed on. The worker leaves out temporal layers for it; video
///   without them keeps its rate.
/// - A saver bounds cameras to 640×360 and 15 pictures a second, screens to their lowest rate in
///   full sharpness, and all video to four, unless the profile names other numbers.
/// - Of more videos than allowed those go on that matter most: screens, what is pinned, who has the
///   floor, larger tiles; among equals who came first.
class SubscriberWishes {
 public:
  SubscriberWishes() = default;
  explicit SubscriberWishes(ReceiveProfile profile);

  /// With what its mode implies.
  [[nodiscard]] const ReceiveProfile& profile() const { return profile_; }
  /// Does it matter what the other tracks are, and who speaks?
  [[nodiscard]] bool counts_videos() const { return profile_.max_videos != 0; }

  /// Of each track, in order.
  [[nodiscard]] std::vector<media::LayerRequest> requests(
      std::span<const WishedTrack> tracks) const;
  /// Of one, as if it were alone.
  [[nodiscard]] media::LayerRequest request(const WishedTrack& track) const;

 private:
  [[nodiscard]] int top_layer(const WishedTrack& track) const;

  ReceiveProfile profile_;
  uint32_t max_screen_fps_ = 0;
};

}  // namespace turms::livekit
