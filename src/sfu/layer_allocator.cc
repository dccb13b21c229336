#include "sfu/layer_allocator.h"

#include <algorithm>

namespace turms::sfu {

void AskedLayerAllocator::update(const LayerDemand& demand, std::vector<LayerDecision>& decisions) {
  LayerDecision decision;
  decision.subscription = demand.subscription;
  decision.temporal = std::max(demand.request.max_temporal, 0);
  if (!demand.request.paused) {
    int asked = std::clamp(demand.request.max_spatial, 0, demand.layer_count - 1);
    auto active = [&](int layer) { return (demand.active_layers >> layer & 1) != 0; };
    for (int layer = asked; layer >= 0 && decision.spatial < 0; --layer) {
      if (active(layer)) decision.spatial = layer;
    }
    for (int layer = asked + 1; layer < demand.layer_count && decision.spatial < 0; ++layer) {
      if (active(layer)) decision.spatial = layer;
    }
  }
  decisions.push_back(decision);
}

}  // namespace turms::sfu
