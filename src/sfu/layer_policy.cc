#include "sfu/layer_policy.h"

#include <algorithm>

namespace turms::sfu {

std::span<const LayerDecision> AskedLayers::allocate(TimePoint,
                                                     std::span<const LayerDemand> demands,
                                                     const Bandwidth&) {
  decisions_.clear();
  for (const LayerDemand& demand : demands) {
    LayerDecision& decision = decisions_.emplace_back();
    decision.subscription = demand.subscription;
    decision.temporal = std::max(demand.request.max_temporal, 0);
    if (demand.request.paused) continue;
    int asked = std::clamp(demand.request.max_spatial, 0, demand.layer_count - 1);
    auto active = [&](int layer) { return (demand.active_layers >> layer & 1) != 0; };
    for (int layer = asked; layer >= 0 && decision.spatial < 0; --layer) {
      if (active(layer)) decision.spatial = layer;
    }
    for (int layer = asked + 1; layer < demand.layer_count && decision.spatial < 0; ++layer) {
      if (active(layer)) decision.spatial = layer;
    }
  }
  return decisions_;
}

}  // namespace turms::sfu
