#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace turms::storage {

/// Makes a picture smaller row by row, each pixel the mean of those it stands for. RGB, 8 bits.
class Shrinker {
 public:
  /// Of the picture that comes; the result fits into `side` by `side` and is never larger.
  Shrinker(uint32_t width, uint32_t height, uint32_t side);

  [[nodiscard]] uint32_t width() const { return out_width_; }
  [[nodiscard]] uint32_t height() const { return out_height_; }
  /// The next row from the top: `width` pixels.
  void add_row(const uint8_t* rgb);
  /// Rows that are done, from the top; all of them after the last row.
  [[nodiscard]] const std::vector<uint8_t>& pixels() const { return pixels_; }
  [[nodiscard]] bool done() const { return row_ == height_; }

 private:
  void finish_row();

  const uint32_t width_;
  const uint32_t height_;
  uint32_t out_width_;
  uint32_t out_height_;
  uint32_t row_ = 0;
  uint32_t rows_in_sum_ = 0;
  std::vector<uint64_t> sums_;
  std::vector<uint8_t> pixels_;
};

}  // namespace turms::storage
