#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "base/time.h"

namespace turms::sim {

/// The median and the worst of a figure over the seeds, and the aim where the median misses it.
template <class T>
struct Column {
  std::vector<T> values;
  bool less_is_better = true;

  [[nodiscard]] std::string cell(T aim) {
    std::ranges::sort(values);
    if (!less_is_better) std::ranges::reverse(values);
    T median = values[(values.size() - 1) / 2];
    bool met = less_is_better ? median <= aim : median >= aim;
    std::string cell = fmt::format("{} / {}", text(median), text(values.back()));
    return met ? cell : fmt::format("{} ✗ {}", cell, text(aim));
  }
  static std::string text(double value) { return fmt::format("{:.2f}", value); }
  static std::string text(Duration value) { return fmt::format("{}", to_ms(value)); }
};

/// What of its bars a run does not reach, in words; empty when it reaches all.
class Missed {
 public:
  void at_least(const char* what, double value, double bar) {
    if (value < bar) fmt::format_to(std::back_inserter(text_), "{} {:.3f}; ", what, value);
  }
  void at_most(const char* what, double value, double bar) {
    if (value > bar) fmt::format_to(std::back_inserter(text_), "{} {:.3f}; ", what, value);
  }
  void at_most(const char* what, Duration value, Duration bar) {
    if (value > bar) fmt::format_to(std::back_inserter(text_), "{} {} ms; ", what, to_ms(value));
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace turms::sim
