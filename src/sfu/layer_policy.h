#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "sfu/parameters.h"

namespace turms::sfu {

inline constexpr int kMaxTemporalLayers = 4;

/// What one transport may send, as its estimator says.
struct Bandwidth {
  uint64_t target_bps = 0;
  /// What a probe has shown to get through, and when; 0: none.
  uint64_t proven_bps = 0;
  TimePoint proven_at;
  /// Sound is sent before everything else.
  uint64_t audio_bps = 0;
  /// Nothing has spoken against the path yet, or pausing is not allowed: lowest layers are sent
  /// whatever the target says.
  bool bases_always = false;
  /// What was sent may go on while it exceeds the target by less than that: it gets through, and
  /// pictures differ in what they cost.
  uint64_t slack_bps = 0;
  /// Nothing is known of the path yet: no more than lowest layers is begun.
  bool unknown = false;
  /// What is sent gets through in time, whatever the target says: no lowest layer is paused.
  bool calm = false;
  /// What a trial with padding has shown to get through, and when; 0: none.
  uint64_t tried_bps = 0;
  TimePoint tried_at;
  /// Others have their part of the path: probes show more than there is.
  bool crowded = false;
};

/// What one subscription wants, what its source offers, and what each choice costs.
struct LayerDemand {
  SubscriptionId subscription;
  bool screen_share = false;
  bool stage = false;  // speaker or pinned
  LayerRequest request;
  int layer_count = 1;  // a request beyond the last means the last
  int temporal_count = 1;
  uint8_t active_layers = 0;                         // bit i: spatial layer i is flowing
  std::array<uint32_t, kMaxSpatialLayers> pixels{};  // 0: a quarter of the layer above, top 720p
  /// Of spatial layer s with temporal layers up to t, lower layers of an SVC stream included.
  std::array<std::array<uint32_t, kMaxTemporalLayers>, kMaxSpatialLayers> bits_per_second{};
  /// How much more a spatial layer costs at times: what is added must fit then too.
  std::array<float, kMaxSpatialLayers> peak = {1, 1, 1};
  static_assert(kMaxSpatialLayers == 3);
};

struct LayerDecision {
  SubscriptionId subscription;
  int spatial = -1;  // -1: send nothing
  int temporal = 0;
  bool paused = false;  // wanted, and there is no bandwidth for it

  bool operator==(const LayerDecision&) const = default;
};

/// Decides what the subscriptions of one transport send.
class LayerPolicy {
 public:
  virtual ~LayerPolicy() = default;
  /// Decisions in the order of `demands`, valid until the next call.
  virtual std::span<const LayerDecision> allocate(TimePoint now,
                                                  std::span<const LayerDemand> demands,
                                                  const Bandwidth& bandwidth) = 0;
  virtual void remove(SubscriptionId subscription) = 0;
};

/// As asked: the highest active layer not above the asked one; when there is none, the lowest
/// active above it, for a large picture beats none.
class AskedLayers final : public LayerPolicy {
 public:
  std::span<const LayerDecision> allocate(TimePoint now, std::span<const LayerDemand> demands,
                                          const Bandwidth& bandwidth) override;
  void remove(SubscriptionId) override {}

 private:
  std::vector<LayerDecision> decisions_;
};

}  // namespace turms::sfu
