#pragma once

#include <optional>

#include "base/time.h"
#include "rtc/bwe/bitrate.h"

namespace turms::rtc::bwe {

/// Tells whether others have their part of the bottleneck. While a queue stands, all of a sender's
/// packets arrive at what it has of the capacity; two that were sent as one arrive one behind the
/// other, at the capacity itself. Where these are far apart the queue holds packets of others, and
/// what it shows is no capacity that fell.
class Crowd {
 public:
  /// It has to look like that for so long: packets that a radio held back arrive together too.
  static constexpr Duration kSure = 200ms;
  static constexpr double kPairs = 1.5;
  /// More are packets that a radio delivers together.
  static constexpr double kMostPairs = 12;
  /// For how long it is remembered, and how long once it was seen again meanwhile.
  static constexpr Duration kMemory = 15s;
  static constexpr Duration kLongMemory = 60s;
  static constexpr Duration kAgain = 1s;

  /// BottleneckRate::rate() and pairs().
  void on_feedback(TimePoint now, std::optional<Bitrate> arrives, std::optional<Bitrate> pairs);
  [[nodiscard]] bool seen(TimePoint now) const { return seen_at_ && now - *seen_at_ < memory_; }
  /// Of the bottleneck, for all together; zero: no crowd.
  [[nodiscard]] Bitrate capacity(TimePoint now) const { return seen(now) ? capacity_ : Bitrate(); }
  /// This sender's part of it, 0 to 1.
  [[nodiscard]] std::optional<double> part(TimePoint now) const {
    if (!seen(now)) return std::nullopt;
    return part_;
  }
  void reset() { *this = Crowd(); }

 private:
  std::optional<TimePoint> since_;
  std::optional<TimePoint> seen_at_;
  Duration memory_{};
  double part_ = 1;
  Bitrate capacity_;
};

}  // namespace turms::rtc::bwe
