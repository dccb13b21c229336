#include "sfu/layer_cost.h"

#include <algorithm>

namespace turms::sfu {

namespace {

constexpr uint32_t kFramesPerSecond = 10;
/// Measurements before there is a peak.
constexpr int kSettled = 4;

}  // namespace

void LayerCost::measure(Duration interval) {
  auto us = static_cast<uint64_t>(std::max<int64_t>(to_us(interval), 1));
  // What a usual frame is worth, at ten of them a second.
  bytes_[0] += std::min(key_bytes_, smoothed(0) / (8 * kFramesPerSecond));
  key_bytes_ = 0;
  uint32_t whole = 0;
  for (size_t t = 0; t < count_; ++t) {
    auto rate = static_cast<uint32_t>(
        std::min<uint64_t>(uint64_t{bytes_[t]} * 8 * 1'000'000 / us, UINT32_MAX / 8));
    bytes_[t] = 0;
    smoothed_[t] = age_ == 0 ? rate : smoothed_[t] / 2 + rate / 2;
    whole += rate;
  }
  recent_[next_] = whole;
  next_ = static_cast<uint8_t>((next_ + 1) % kSlots);
  age_ = std::min(age_ + 1, kMaxAge);
  update_peak();
}

uint32_t LayerCost::bits_per_second(int up_to_temporal) const {
  const uint32_t rate = smoothed(up_to_temporal);
  const uint32_t whole = smoothed(kMaxTemporalLayers);
  if (whole >= least_) return rate;
  if (whole == 0) return least_;
  return static_cast<uint32_t>(uint64_t{rate} * least_ / whole);
}

uint32_t LayerCost::smoothed(int up_to_temporal) const {
  auto layers = static_cast<size_t>(std::clamp(up_to_temporal + 1, 1, int{count_}));
  uint32_t sum = 0;
  for (size_t t = 0; t < layers; ++t) sum += smoothed_[t];
  return sum;
}

void LayerCost::update_peak() {
  peak_ = 1;
  least_ = 0;
  if (age_ < kSettled) return;
  uint32_t most = 0;
  // Neighbours in time; next_ is where the oldest begins.
  for (size_t i = 0; i + 1 < kSlots; ++i) {
    most =
        std::max(most, recent_[(next_ + i) % kSlots] / 2 + recent_[(next_ + i + 1) % kSlots] / 2);
  }
  least_ = most / 2;
  const uint32_t counted = bits_per_second(kMaxTemporalLayers);
  if (counted == 0) return;
  peak_ = std::clamp(static_cast<float>(most) / static_cast<float>(counted), 1.0F, kMaxPeak);
}

}  // namespace turms::sfu
