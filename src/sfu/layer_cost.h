#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "sfu/layer_policy.h"

namespace turms::sfu {

/// What a layer costs to forward, by temporal layer: the smoothed rate of about a second, by which
/// a layer is kept, and how much more one of the last two seconds had, which it has to fit before
/// it is added.
class LayerCost {
 public:
  void on_packet(uint8_t temporal, size_t size) {
    if (temporal >= kMaxTemporalLayers) temporal = kMaxTemporalLayers - 1;
    bytes_[temporal] += static_cast<uint32_t>(size);
    if (temporal >= count_) count_ = static_cast<uint8_t>(temporal + 1);
  }
  /// About each 500 ms.
  void measure(Duration interval);
  void reset() { *this = LayerCost(); }

  /// Temporal layers seen.
  [[nodiscard]] int temporal_count() const { return count_; }
  /// 0: not measured yet.
  [[nodiscard]] uint32_t bits_per_second(int up_to_temporal) const;
  /// Of all temporal layers; at least 1.
  [[nodiscard]] float peak() const;
  /// For how many measurements it has been flowing.
  [[nodiscard]] int age() const { return age_; }

 private:
  static constexpr size_t kSlots = 4;
  static constexpr int kMaxAge = 100;
  static constexpr float kMaxPeak = 1.5F;

  std::array<uint32_t, kMaxTemporalLayers> bytes_{};  // since the last measurement
  std::array<uint32_t, kMaxTemporalLayers> smoothed_{};
  std::array<std::array<uint32_t, kSlots>, kMaxTemporalLayers> recent_{};
  uint8_t next_ = 0;
  uint8_t count_ = 1;
  int age_ = 0;
};

}  // namespace turms::sfu
