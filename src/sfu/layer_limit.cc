#include "sfu/layer_limit.h"

#include <algorithm>
#include <array>
#include <bit>

namespace turms::sfu {

namespace {

constexpr std::array<const char*, kLayerLimitCount> kNames = {
    "none",   "not_connected", "muted",   "subscriber", "publisher",
    "paused", "key_frame",     "network", "server",     "others_speak",
};

LayerLimit video_limit(const LayerFacts& f) {
  if (f.wants_nothing) return LayerLimit::kSubscriber;
  if (f.active_layers == 0) return LayerLimit::kPublisher;
  if (f.paused) return LayerLimit::kPaused;
  if (f.sent_spatial < f.decided_spatial) return LayerLimit::kKeyFrame;
  const int top = f.layer_count - 1;
  const int asked = std::min(f.asked_spatial, top);
  const int highest_active = std::bit_width(f.active_layers) - 1;
  const int possible = std::min(asked, highest_active);
  const int frames = std::min(f.asked_temporal, f.temporal_count - 1);
  if (f.decided_spatial < std::min(possible, f.allowed_spatial) ||
      f.decided_temporal < std::min(frames, f.allowed_temporal)) {
    return LayerLimit::kNetwork;
  }
  if (f.allowed_spatial < possible || f.allowed_temporal < frames) return LayerLimit::kServer;
  if (highest_active < asked) return LayerLimit::kPublisher;
  return asked < top || frames < f.temporal_count - 1 ? LayerLimit::kSubscriber : LayerLimit::kNone;
}

}  // namespace

const char* to_string(LayerLimit limit) {
  return kNames[static_cast<size_t>(limit)];
}

LayerLimit layer_limit(const LayerFacts& facts) {
  if (!facts.connected) return LayerLimit::kNotConnected;
  if (facts.muted) return LayerLimit::kMuted;
  if (facts.is_video) return video_limit(facts);
  if (facts.wants_nothing) return LayerLimit::kSubscriber;
  return facts.left_out ? LayerLimit::kOthersSpeak : LayerLimit::kNone;
}

}  // namespace turms::sfu
