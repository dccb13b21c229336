#include "storage/pixels.h"

#include <algorithm>

#include "base/check.h"

namespace turms::storage {

Shrinker::Shrinker(uint32_t width, uint32_t height, uint32_t side)
    : width_(width), height_(height), out_width_(width), out_height_(height) {
  TURMS_CHECK(width > 0 && height > 0 && side > 0);
  const uint32_t longer = std::max(width, height);
  if (longer > side) {
    const auto scaled = [&](uint32_t length) {
      return std::max<uint32_t>(1, static_cast<uint32_t>(uint64_t{length} * side / longer));
    };
    out_width_ = scaled(width);
    out_height_ = scaled(height);
  }
  sums_.assign(size_t{out_width_} * 3, 0);
  pixels_.reserve(size_t{out_width_} * out_height_ * 3);
}

void Shrinker::add_row(const uint8_t* rgb) {
  TURMS_CHECK(row_ < height_);
  for (uint32_t x = 0; x < width_; ++x) {
    const size_t to = uint64_t{x} * out_width_ / width_ * 3;
    for (size_t c = 0; c < 3; ++c) sums_[to + c] += rgb[size_t{x} * 3 + c];
  }
  ++rows_in_sum_;
  ++row_;
  const uint64_t done = uint64_t{row_} * out_height_ / height_;
  if (done * out_width_ * 3 > pixels_.size()) finish_row();
}

void Shrinker::finish_row() {
  for (uint32_t x = 0; x < out_width_; ++x) {
    // Pixels of the row that fall on x: those with x = floor(pixel * out / width).
    const uint64_t first = (uint64_t{x} * width_ + out_width_ - 1) / out_width_;
    const uint64_t last = (uint64_t{x + 1} * width_ + out_width_ - 1) / out_width_;
    const uint64_t count = (last - first) * rows_in_sum_;
    for (size_t c = 0; c < 3; ++c) {
      uint64_t& sum = sums_[size_t{x} * 3 + c];
      pixels_.push_back(static_cast<uint8_t>(sum / count));
      sum = 0;
    }
  }
  rows_in_sum_ = 0;
}

}  // namespace turms::storage
