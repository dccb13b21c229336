#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sfu/parameters.h"

namespace turms::sfu {

/// What one subscription wants and what its source offers now.
struct LayerDemand {
  SubscriptionId subscription;
  rtc::MediaKind kind = rtc::MediaKind::kVideo;
  LayerRequest request;
  /// Encodings of the source; a request beyond the last means the last.
  int layer_count = 1;
  uint8_t active_layers = 0;  // bit i: layer i is flowing
  std::array<uint32_t, kMaxSpatialLayers> bits_per_second{};
};

struct LayerDecision {
  SubscriptionId subscription;
  int spatial = -1;  // -1: send nothing
  int temporal = 0;

  bool operator==(const LayerDecision&) const = default;
};

/// Decides what the subscriptions of one transport send. Told one changed demand at a time, it adds
/// the decisions that follow: one that shares bandwidth may change other subscriptions too.
class LayerAllocator {
 public:
  virtual ~LayerAllocator() = default;
  virtual void update(const LayerDemand& demand, std::vector<LayerDecision>& decisions) = 0;
  virtual void remove(SubscriptionId subscription, std::vector<LayerDecision>& decisions) = 0;
};

/// As asked: the highest active layer not above the asked one; when there is none, the lowest
/// active above it, for a large picture beats none.
class AskedLayerAllocator final : public LayerAllocator {
 public:
  void update(const LayerDemand& demand, std::vector<LayerDecision>& decisions) override;
  void remove(SubscriptionId, std::vector<LayerDecision>&) override {}
};

}  // namespace turms::sfu
