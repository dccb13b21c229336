#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "sfu/layer_policy.h"
#include "sfu/parameters.h"

namespace turms::sfu {

/// Shares one transport's bandwidth among its subscriptions: in strict classes (sound, base of
/// screen shares, of the stage, of visible tiles, all of screen shares, the stage to 360p, the rest
/// by utility for each bit). A function of demands, rates and time, and of what it decided before,
/// so that pictures do not flap:
///
/// - What was sent is kept while it fits the target; what falls is filled up to kFill of it.
/// - Upgrades have to fit the lowest target of the last two generations of kGeneration, or what a
///   probe has proven within kProof.
/// - What bandwidth took away comes back within kDowngradeMemory only to a probe of kProofMargin
///   times what it needs; for kFirstPenalty, doubling up to kMaxPenalty, after an upgrade that was
///   taken back within kFailureWindow only to one of kProofMarginAgain.
/// - Where that proved too much twice, proofs are not believed for kMisledPenalty, doubling up to
///   kMaxMisledPenalty: policers let bursts through.
/// - Neither are they where others share the path (Bandwidth::crowded), beyond kCrowdShare of what
///   they show. What is not believed then rises by a trial (RiseTrial).
/// - A change of the spatial layer has to be worth kSwitchWorth: it costs a key frame.
/// - A base pauses when it has not fitted for kPauseAfter and what is sent waits, resumes with a
/// margin, and after pausing
///   twice within kFlapWindow not before that has passed, unless there is room for it twice.
///
/// Memory: one record for each subscription until remove(). Allocates while the number grows.
class BandwidthAllocator final : public LayerPolicy {
 public:
  static constexpr double kFill = 0.97;
  static constexpr Duration kGeneration = 2500ms;
  static constexpr Duration kProof = 2s;
  static constexpr double kProofMargin = 1.15;
  static constexpr double kProofMarginAgain = 1.5;
  static constexpr Duration kDowngradeMemory = 10s;
  static constexpr Duration kFirstPenalty = 6s;
  static constexpr Duration kMaxPenalty = 40s;
  static constexpr Duration kFailureWindow = 5s;
  static constexpr double kWellProven = 1.3;
  static constexpr int kMisled = 2;
  static constexpr Duration kMisledPenalty = 15s;
  static constexpr Duration kMaxMisledPenalty = 60s;
  static constexpr double kCrowdShare = 0.2;
  static constexpr double kSwitchWorth = 1.1;
  static constexpr Duration kPauseAfter = 2s;
  static constexpr Duration kFlapWindow = 10s;
  static constexpr uint64_t kResumeMargin = 20'000;  // or a tenth

  std::span<const LayerDecision> allocate(TimePoint now, std::span<const LayerDemand> demands,
                                          const Bandwidth& bandwidth) override;
  void remove(SubscriptionId subscription) override { memory_.erase(subscription); }

  // Of the last allocation, sound included.
  [[nodiscard]] uint64_t allocated_bps() const { return allocated_; }
  /// If all got the best of what they want.
  [[nodiscard]] uint64_t wanted_bps() const { return wanted_; }
  /// With the next better layer, the cheapest there is; 0: all have the best.
  [[nodiscard]] uint64_t next_step_bps() const { return next_step_; }
  /// The least at which a layer would fit that is not believed to; 0: there is none. A trial of so
  /// much is believed.
  [[nodiscard]] uint64_t doubted_bps() const { return doubted_; }

 private:
  static constexpr size_t kMaxPoints = kMaxSpatialLayers * kMaxTemporalLayers;

  struct Point {
    int8_t spatial = -1;
    int8_t temporal = 0;
    uint32_t bps = 0;
    uint32_t pixels = 0;
    double utility = 0;
    double slope = 0;  // utility for each bit that can be had from here on
  };
  struct Memory {
    int8_t spatial = -1;  // as decided last
    int8_t temporal = 0;
    bool paused = false;
    int failures = 0;  // upgrades that had to be taken back
    int misled = 0;    // of them, those that a probe had proven well
    bool rose_well_proven = false;
    TimePoint failed_at = kNever;
    TimePoint rose_at = kNever;
    TimePoint unfit_since = kNever;
    TimePoint resumed_at = kNever;
    TimePoint paused_at = kNever;
    bool flapped = false;
  };
  struct Candidate {
    const LayerDemand* demand = nullptr;
    Memory* memory = nullptr;
    std::array<Point, kMaxPoints> points;
    int count = 0;
    int chosen = -1;
    int before = -1;  // the point it had
    bool closed = false;
  };

  static Duration failure_penalty(int failures);
  static Duration misled_penalty(int misled);
  void update_generations(TimePoint now, uint64_t target);
  void make_points(Candidate& candidate) const;
  bool take(TimePoint now, Candidate& candidate);
  [[nodiscard]] bool may_rise(TimePoint now, const Candidate& candidate, uint64_t total);
  void bases(TimePoint now, bool screen_share, bool stage);
  void fill(TimePoint now, bool screen_share, bool stage, uint32_t max_pixels);
  void share_rest(TimePoint now, bool kept_only);
  void decide(TimePoint now, Candidate& candidate, LayerDecision& decision);
  void sum_up(uint64_t sound);

  std::unordered_map<SubscriptionId, Memory> memory_;
  std::vector<Candidate> candidates_;
  std::vector<LayerDecision> decisions_;
  std::vector<std::pair<double, uint32_t>> heap_;  // gradient, candidate
  uint64_t allocated_ = 0;
  uint64_t wanted_ = 0;
  uint64_t next_step_ = 0;
  bool bases_always_ = false;
  bool unknown_ = false;
  bool calm_ = false;
  uint64_t keep_ = 0;    // limit for what was sent before
  uint64_t rise_ = 0;    // limit for more
  uint64_t proven_ = 0;  // 0: nothing fresh
  uint64_t tried_ = 0;   // the same
  uint64_t doubted_ = 0;
  bool crowded_ = false;
  uint64_t generation_ = 0;
  uint64_t generation_before_ = 0;
  TimePoint generation_since_ = kNever;
};

}  // namespace turms::sfu
