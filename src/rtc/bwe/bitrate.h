#pragma once

#include <algorithm>
#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>

#include "base/time.h"

/// Send-side bandwidth estimation and pacing, sans-IO. Depends on `base` and the RTCP views only.
namespace turms::rtc::bwe {

/// The whole part of `value`, or the nearest that there is when it is beyond the range; zero for
/// what is no number. Converting such a value directly is undefined.
inline int64_t whole(double value) {
  constexpr double kBeyond = 0x1p63;
  if (std::isnan(value)) return 0;
  if (value >= kBeyond) return std::numeric_limits<int64_t>::max();
  if (value <= -kBeyond) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

/// Bits per second, never negative. kUnlimited stands for "no bound known": it survives scaling.
class Bitrate {
 public:
  constexpr Bitrate() = default;
  constexpr explicit Bitrate(int64_t bits_per_second) : bps_(bits_per_second) {}
  static constexpr Bitrate kbps(int64_t n) { return Bitrate(n * 1000); }

  [[nodiscard]] constexpr int64_t bps() const { return bps_; }
  [[nodiscard]] constexpr double to_kbps() const { return static_cast<double>(bps_) / 1000; }
  [[nodiscard]] constexpr bool finite() const {
    return bps_ != std::numeric_limits<int64_t>::max();
  }
  [[nodiscard]] constexpr bool is_zero() const { return bps_ == 0; }

  constexpr auto operator<=>(const Bitrate&) const = default;
  /// kUnlimited where the sum would be beyond the range.
  constexpr Bitrate operator+(Bitrate other) const {
    constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
    return other.bps_ <= kMost - bps_ ? Bitrate(bps_ + other.bps_) : Bitrate(kMost);
  }
  /// Zero where the result would be negative.
  constexpr Bitrate operator-(Bitrate other) const {
    return finite() ? Bitrate(std::max<int64_t>(bps_ - other.bps_, 0)) : *this;
  }
  /// Rounded to the nearest bit per second.
  Bitrate operator*(double factor) const {
    return finite() ? Bitrate(whole(std::round(static_cast<double>(bps_) * factor))) : *this;
  }
  [[nodiscard]] double ratio_to(Bitrate other) const {
    return static_cast<double>(bps_) / static_cast<double>(other.bps_);
  }

 private:
  int64_t bps_ = 0;
};

inline constexpr Bitrate kUnlimited{std::numeric_limits<int64_t>::max()};
/// Longer than anything that is waited for; added to a time it does not overflow.
inline constexpr Duration kLongest = std::chrono::hours(24);
/// No estimate goes below this.
inline constexpr Bitrate kLowestBitrate{5000};
/// No estimate goes above this.
inline constexpr Bitrate kHighestBitrate{1'000'000'000};

inline Bitrate operator*(double factor, Bitrate rate) {
  return rate * factor;
}

/// Mean rate of `bytes` over `time`; kUnlimited when no time passed.
inline Bitrate rate_of(int64_t bytes, Duration time) {
  if (time <= Duration::zero()) return kUnlimited;
  return Bitrate(whole(static_cast<double>(bytes) * 8e9 / static_cast<double>(time.count())));
}
/// How long `bytes` take at `rate`: kLongest at most, as at a rate of zero.
inline Duration time_of(int64_t bytes, Bitrate rate) {
  if (rate.is_zero()) return kLongest;
  const double nanoseconds = static_cast<double>(bytes) * 8e9 / static_cast<double>(rate.bps());
  return std::min(Duration(whole(nanoseconds)), kLongest);
}
/// What fits in `time` at `rate`, in bytes.
inline int64_t bytes_in(Bitrate rate, Duration time) {
  return whole(static_cast<double>(rate.bps()) * static_cast<double>(time.count()) / 8e9);
}

constexpr double as_ms(Duration d) {
  return static_cast<double>(d.count()) / 1e6;
}
constexpr double as_seconds(Duration d) {
  return static_cast<double>(d.count()) / 1e9;
}

}  // namespace turms::rtc::bwe
