#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "sfu/layer_policy.h"

namespace turms::sfu {

/// What a layer costs to forward, by temporal layer: the smoothed rate of about a second, by which
/// a layer is kept, and how much more one of the last eight seconds had, which it has to fit before
/// it is added. Packets count with what IP, UDP and SRTP add.
///
/// A layer that stands still, for its camera shows nothing new or its encoder is starved, goes on
/// to cost half of the dearest second for those eight: it may begin again at any moment.
///
/// Key frames count as frames of usual size. They come when a subscriber asks, and encoders save
/// afterwards what they cost: otherwise each switch would make all layers look dear at first, and
/// cheap a second later.
class LayerCost {
 public:
  void on_packet(uint8_t temporal, size_t size, bool key_frame = false) {
    if (temporal >= kMaxTemporalLayers) temporal = kMaxTemporalLayers - 1;
    if (temporal >= count_) count_ = static_cast<uint8_t>(temporal + 1);
    (key_frame ? key_bytes_ : bytes_[temporal]) += static_cast<uint32_t>(size + kOverhead);
  }
  /// About each 500 ms.
  void measure(Duration interval);
  void reset() { *this = LayerCost(); }

  /// Temporal layers seen.
  [[nodiscard]] int temporal_count() const { return count_; }
  /// 0: not measured yet.
  [[nodiscard]] uint32_t bits_per_second(int up_to_temporal) const;
  /// Of all temporal layers; at least 1.
  [[nodiscard]] float peak() const { return peak_; }
  /// For how many measurements it has been flowing.
  [[nodiscard]] int age() const { return age_; }

 private:
  static constexpr size_t kOverhead = 38;
  static constexpr size_t kSlots = 16;
  static constexpr int kMaxAge = 100;
  static constexpr float kMaxPeak = 2;  // what is counted is at least half of it

  void update_peak();
  [[nodiscard]] uint32_t smoothed(int up_to_temporal) const;

  std::array<uint32_t, kMaxTemporalLayers> bytes_{};  // since the last measurement
  uint32_t key_bytes_ = 0;                            // the same
  std::array<uint32_t, kMaxTemporalLayers> smoothed_{};
  std::array<uint32_t, kSlots> recent_{};  // of all temporal layers
  float peak_ = 1;
  uint32_t least_ = 0;  // what all of it costs at least
  uint8_t next_ = 0;
  uint8_t count_ = 1;
  int age_ = 0;
};

}  // namespace turms::sfu
