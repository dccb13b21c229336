#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

namespace turms::bench {

/// Two pieces of work, measured in turns so that a noisy machine disturbs both alike.
struct Comparison {
  double first_ns = 0;   // median per operation
  double second_ns = 0;  // median per operation
  double ratio = 0;      // median over the rounds of first / second
};

/// Each function does `operations` operations per call; `between` rounds is not measured.
inline Comparison interleave(
    int rounds, double operations, const std::function<void()>& first,
    const std::function<void()>& second, const std::function<void()>& between = [] {}) {
  const auto time = [&](const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    return took.count() / operations;
  };
  const auto median = [](std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values[values.size() / 2];
  };
  std::vector<double> a, b, ratios;
  for (int i = 0; i < rounds; ++i) {
    const double x = time(first);
    const double y = time(second);
    between();
    // The first round warms caches and branch predictors.
    if (i == 0) continue;
    a.push_back(x);
    b.push_back(y);
    ratios.push_back(x / y);
  }
  return {median(a), median(b), median(ratios)};
}

}  // namespace turms::bench
