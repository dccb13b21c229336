#include "livekit/subscriber_wishes.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace turms::livekit {
namespace {

// Of a saver.
constexpr uint32_t kSaverPixels = 640 * 360;
constexpr uint32_t kSaverFps = 15;
constexpr uint32_t kSaverScreenFps = 8;
constexpr uint32_t kSaverVideos = 4;

// A layer is good enough for a picture that is up to a ninth larger, as with LiveKit.
constexpr float kLayerTolerance = 0.9F;
// livekit_rtc.proto, UpdateTrackSettings: 0 is none.
constexpr uint32_t kHighestPriority = 1;
constexpr uint32_t kMostPixels = 1 << 14;  // of a side
constexpr uint32_t k720p = 1280 * 720;

// The lowest layer that fills so many lines. As LiveKit does, heights are compared as they are: an
// upright tile around a wide picture asks for many lines.
int layer_of_height(std::span<const VideoLayer> layers, uint32_t height) {
  const auto needed = static_cast<uint32_t>(static_cast<float>(height) * kLayerTolerance);
  const int last = static_cast<int>(layers.size()) - 1;
  for (int i = 0; i < last; ++i) {
    const VideoLayer& layer = layers[static_cast<size_t>(i)];
    const VideoLayer& above = layers[static_cast<size_t>(i) + 1];
    // Of layers that claim the same size the highest is meant.
    if (layer.height >= needed && layer.height != above.height) return i;
  }
  return last;
}

uint32_t pixels(uint32_t width, uint32_t height) {
  return std::min(width, kMostPixels) * std::min(height, kMostPixels);
}

// As announced, or a quarter of the layer above, the top being 720p.
uint32_t pixels_of(std::span<const VideoLayer> layers, size_t layer) {
  const uint32_t announced = pixels(layers[layer].width, layers[layer].height);
  return announced != 0 ? announced : k720p >> 2 * (layers.size() - 1 - layer);
}

// 0 is none.
uint32_t lower(uint32_t a, uint32_t b) {
  return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b);
}

// Most wanted first.
auto importance(const WishedTrack& track) {
  return std::tuple(!track.screen_share, track.settings.priority != kHighestPriority,
                    !track.speaking,
                    UINT32_MAX - pixels(track.settings.width, track.settings.height));
}

}  // namespace

SubscriberWishes::SubscriberWishes(ReceiveProfile profile)
    : profile_(std::move(profile)), max_screen_fps_(profile_.max_fps) {
  if (profile_.mode != ReceiveProfile::Mode::kSaver) return;
  if (profile_.max_px == 0) profile_.max_px = kSaverPixels;
  if (profile_.max_fps == 0) profile_.max_fps = kSaverFps;
  if (max_screen_fps_ == 0) max_screen_fps_ = kSaverScreenFps;
  if (profile_.max_videos == 0) profile_.max_videos = kSaverVideos;
}

std::vector<media::LayerRequest> SubscriberWishes::requests(
    std::span<const WishedTrack> tracks) const {
  std::vector<media::LayerRequest> out;
  std::vector<size_t> videos;
  for (size_t i = 0; i < tracks.size(); ++i) {
    out.push_back(request(tracks[i]));
    if (tracks[i].video && !out.back().paused) videos.push_back(i);
  }
  if (!counts_videos() || videos.size() <= profile_.max_videos) return out;
  std::ranges::stable_sort(videos, {}, [&](size_t i) { return importance(tracks[i]); });
  for (const size_t i : std::span(videos).subspan(profile_.max_videos)) out[i].paused = true;
  return out;
}

media::LayerRequest SubscriberWishes::request(const WishedTrack& track) const {
  media::LayerRequest request;
  const TrackSettings& settings = track.settings;
  request.paused = settings.disabled || settings.quality == VideoQuality::kOff;
  if (!track.video) return request;
  if (profile_.mode == ReceiveProfile::Mode::kAudio) request.paused = true;
  request.tile_pixels = pixels(settings.width, settings.height);
  request.pinned = settings.priority == kHighestPriority;
  // Layers are lowest first, so their index is the spatial layer.
  if (track.layers.size() > 1) request.max_spatial = top_layer(track);
  request.max_fps = lower(settings.fps, track.screen_share ? max_screen_fps_ : profile_.max_fps);
  return request;
}

int SubscriberWishes::top_layer(const WishedTrack& track) const {
  const TrackSettings& settings = track.settings;
  const auto count = static_cast<int>(track.layers.size());
  int chosen = 0;
  if (settings.width != 0 && settings.height != 0) {
    chosen = layer_of_height(track.layers, settings.height);
  } else {
    while (chosen + 1 < count &&
           track.layers[static_cast<size_t>(chosen) + 1].quality <= settings.quality) {
      ++chosen;
    }
  }
  // A screen in low resolution is of no use to anybody: it loses pictures, not sharpness.
  if (profile_.max_px == 0 || track.screen_share) return chosen;
  const auto limit = static_cast<uint32_t>(static_cast<float>(profile_.max_px) / kLayerTolerance);
  while (chosen > 0 && pixels_of(track.layers, static_cast<size_t>(chosen)) > limit) --chosen;
  return chosen;
}

}  // namespace turms::livekit
