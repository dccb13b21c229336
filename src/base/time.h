#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace turms {

using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;  // NOLINT: `20ms` reads better than any spelling we could
                                       // invent.

/// The monotonic time line of one process or one simulation. It has no now(): cores are told the
/// time.
struct MonotonicTimeline {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicTimeline, Duration>;
  static constexpr bool is_steady = true;
};
using TimePoint = MonotonicTimeline::time_point;

inline constexpr TimePoint kNever = TimePoint::max();

/// Wall clock, milliseconds since 1970-01-01 UTC: the unit of both protocols.
struct WallTime {
  int64_t unix_ms = 0;
  auto operator<=>(const WallTime&) const = default;
};

/// Reads of the real clocks: for threads at the edge (workers, loops, gateway), never for cores.
TimePoint monotonic_now();
WallTime wall_now();

constexpr int64_t to_ms(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}
constexpr int64_t to_us(Duration d) {
  return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

}  // namespace turms
