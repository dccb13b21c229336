#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "sfu/layer_allocator.h"
#include "sfu/parameters.h"

namespace turms::sfu {

inline constexpr int kMaxTemporalLayers = 4;

/// What one transport may send, as its estimator says.
struct Bandwidth {
  uint64_t target_bps = 0;
  /// What a probe has shown to get through, and when; 0: none.
  uint64_t proven_bps = 0;
  TimePoint proven_at;
};

/// What one subscription wants, what its source offers, and what each choice costs.
struct BandwidthDemand {
  SubscriptionId subscription;
  rtc::MediaKind kind = rtc::MediaKind::kVideo;
  bool screen_share = false;
  bool stage = false;  // speaker or pinned
  bool hidden = false;
  LayerRequest request;
  uint32_t tile_pixels = 0;  // shown at; 0: not known
  float weight = 1;
  int layer_count = 1;
  int temporal_count = 1;
  uint8_t active_layers = 0;                         // bit i: spatial layer i is flowing
  std::array<uint32_t, kMaxSpatialLayers> pixels{};  // 0: a quarter of the layer above, top 720p
  /// Of spatial layer s with temporal layers up to t, lower layers of an SVC stream included. Of
  /// sound [0][0].
  std::array<std::array<uint32_t, kMaxTemporalLayers>, kMaxSpatialLayers> bits_per_second{};
};

struct BandwidthDecision {
  LayerDecision layers;
  bool paused = false;  // wanted, and there is no bandwidth for it
};

/// Shares one transport's bandwidth among its subscriptions: in strict classes (sound, base of
/// screen shares, of the stage, of visible tiles, all of screen shares, the stage to 360p, the rest
/// by utility for each bit), along the upper convex hull of each one's operating points. A function
/// of demands, rates and time, and of what it decided before, so that pictures do not flap:
///
/// - What was sent is kept while it fits the target; what falls is filled up to kFill of it.
/// - Upgrades have to fit the lowest target of the last two generations of kGeneration, or what a
///   probe has proven within kProof.
/// - What bandwidth took away comes back within kDowngradeMemory only to a probe of kProofMargin
///   times what it needs; after three times not for kFailurePenalty.
/// - A base pauses when it has not fitted for kPauseAfter, resumes with a margin, and after pausing
///   twice within kFlapWindow not before that has passed.
///
/// Memory: one record for each subscription until remove(). Allocates while the number grows.
class BandwidthAllocator {
 public:
  static constexpr double kFill = 0.97;
  static constexpr Duration kGeneration = 2500ms;
  static constexpr Duration kProof = 2s;
  static constexpr double kProofMargin = 1.15;
  static constexpr Duration kDowngradeMemory = 10s;
  static constexpr Duration kFailurePenalty = 30s;
  static constexpr int kFailures = 3;
  static constexpr Duration kPauseAfter = 2s;
  static constexpr Duration kFlapWindow = 10s;
  static constexpr uint64_t kResumeMargin = 20'000;  // or a tenth

  /// Decisions in the order of `demands`, valid until the next call.
  std::span<const BandwidthDecision> allocate(TimePoint now,
                                              std::span<const BandwidthDemand> demands,
                                              const Bandwidth& bandwidth);
  void remove(SubscriptionId subscription) { memory_.erase(subscription); }
  /// Of the last allocation, sound included.
  [[nodiscard]] uint64_t allocated_bps() const { return allocated_; }

 private:
  static constexpr size_t kMaxPoints = kMaxSpatialLayers * kMaxTemporalLayers;

  struct Point {
    int8_t spatial = -1;
    int8_t temporal = 0;
    uint32_t bps = 0;
    uint32_t pixels = 0;
    double utility = 0;
  };
  struct Memory {
    int8_t spatial = -1;  // as decided last
    int8_t temporal = 0;
    bool paused = false;
    int failures = 0;
    TimePoint failed_at = kNever;
    TimePoint unfit_since = kNever;
    TimePoint resumed_at = kNever;
    TimePoint paused_at = kNever;
    bool flapped = false;
  };
  struct Candidate {
    const BandwidthDemand* demand = nullptr;
    Memory* memory = nullptr;
    std::array<Point, kMaxPoints> points;
    int count = 0;
    int chosen = -1;
    int before = -1;  // the point it had
    bool closed = false;
  };

  void update_generations(TimePoint now, uint64_t target);
  void make_points(Candidate& candidate) const;
  bool take(TimePoint now, Candidate& candidate);
  [[nodiscard]] bool may_rise(TimePoint now, const Candidate& candidate, uint64_t total) const;
  void bases(TimePoint now, bool screen_share, bool stage);
  void fill(TimePoint now, bool screen_share, bool stage, uint32_t max_pixels);
  void share_rest(TimePoint now, bool kept_only);
  void decide(TimePoint now, Candidate& candidate, BandwidthDecision& decision);

  std::unordered_map<SubscriptionId, Memory> memory_;
  std::vector<Candidate> candidates_;
  std::vector<BandwidthDecision> decisions_;
  std::vector<std::pair<double, uint32_t>> heap_;  // gradient, candidate
  uint64_t allocated_ = 0;
  uint64_t keep_ = 0;    // limit for what was sent before
  uint64_t rise_ = 0;    // limit for more
  uint64_t proven_ = 0;  // 0: nothing fresh
  uint64_t generation_ = 0;
  uint64_t generation_before_ = 0;
  TimePoint generation_since_ = kNever;
};

}  // namespace turms::sfu
