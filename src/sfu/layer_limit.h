#pragma once

#include <climits>
#include <cstddef>
#include <cstdint>

namespace turms::sfu {

/// Why a subscription is sent what it is sent and no better: the first of these that holds.
enum class LayerLimit : uint8_t {
  kNone,          // nothing: it gets the best there is
  kNotConnected,  // the subscriber's transport is not up yet
  kMuted,         // by the publisher
  kSubscriber,    // it wants no better, or nothing at all
  kPublisher,     // no better layer arrives, or none at all
  kPaused,        // the path does not carry the lowest layer
  kKeyFrame,      // decided on; its key frame has not come yet
  kNetwork,       // the path does not carry a better layer
  kServer,        // it has no time for more layers
  kOthersSpeak,   // sound that is left out while others speak
};
inline constexpr size_t kLayerLimitCount = 10;
/// "none", "not_connected", …
const char* to_string(LayerLimit limit);

/// What there is to know of one subscription. Layers as in LayerDemand; -1: none.
struct LayerFacts {
  bool connected = true;
  bool muted = false;
  bool left_out = false;  // sound
  bool is_video = true;
  bool wants_nothing = false;
  int asked_spatial = 0;
  int asked_temporal = 0;
  int allowed_spatial = INT_MAX;  // by a server that is short of time
  int allowed_temporal = INT_MAX;
  int layer_count = 1;
  int temporal_count = 1;     // of the layer that was decided on
  uint8_t active_layers = 0;  // bit i: layer i arrives
  bool paused = false;        // for want of bandwidth
  int decided_spatial = -1;
  int decided_temporal = 0;
  int sent_spatial = -1;
};
LayerLimit layer_limit(const LayerFacts& facts);

}  // namespace turms::sfu
