#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/metrics.h"

namespace turms {

/// How often a value was how large; any thread, no lock. Lives as long as the process.
class Histogram {
 public:
  /// Upper ends of its buckets, ascending; one more takes what is above.
  explicit Histogram(std::span<const double> bounds);

  void observe(double value, uint64_t times = 1);
  [[nodiscard]] const std::vector<double>& bounds() const { return bounds_; }
  /// Of bucket `i` alone.
  [[nodiscard]] uint64_t count(size_t i) const {
    return counts_[i].load(std::memory_order_relaxed);
  }
  [[nodiscard]] double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::vector<std::atomic<uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

namespace metrics {

/// As counter(): finds or makes one, and the help text and the bounds of the first call stay.
Histogram& histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                     Labels labels = {});

}  // namespace metrics
}  // namespace turms
