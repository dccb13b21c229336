#include "sfu/layer_cost.h"

#include <algorithm>

namespace turms::sfu {

void LayerCost::measure(Duration interval) {
  auto us = static_cast<uint64_t>(std::max<int64_t>(to_us(interval), 1));
  for (size_t t = 0; t < count_; ++t) {
    auto rate = static_cast<uint32_t>(
        std::min<uint64_t>(uint64_t{bytes_[t]} * 8 * 1'000'000 / us, UINT32_MAX / 8));
    bytes_[t] = 0;
    smoothed_[t] = age_ == 0 ? rate : smoothed_[t] / 2 + rate / 2;
    recent_[t][next_] = rate;
  }
  next_ = static_cast<uint8_t>((next_ + 1) % kSlots);
  age_ = std::min(age_ + 1, kMaxAge);
}

uint32_t LayerCost::bits_per_second(int up_to_temporal) const {
  auto layers = static_cast<size_t>(std::clamp(up_to_temporal + 1, 1, int{count_}));
  uint32_t sum = 0;
  for (size_t t = 0; t < layers; ++t) sum += smoothed_[t];
  return sum;
}

float LayerCost::peak() const {
  uint32_t smoothed = bits_per_second(kMaxTemporalLayers);
  if (age_ < static_cast<int>(kSlots) || smoothed == 0) return 1;
  std::array<uint32_t, kSlots> whole{};
  for (const auto& rates : recent_) {
    for (size_t i = 0; i < kSlots; ++i) whole[i] += rates[i];
  }
  uint32_t most = 0;
  // Neighbours in time; next_ is where the oldest begins.
  for (size_t i = 0; i + 1 < kSlots; ++i) {
    most = std::max(most, whole[(next_ + i) % kSlots] / 2 + whole[(next_ + i + 1) % kSlots] / 2);
  }
  return std::clamp(static_cast<float>(most) / static_cast<float>(smoothed), 1.0F, kMaxPeak);
}

}  // namespace turms::sfu
