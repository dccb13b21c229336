#pragma once

#include <optional>

#include "base/time.h"
#include "rtc/bwe/packet_result.h"

namespace turms::rtc::bwe {

/// How much one-way delay there is above the least seen lately: the queue on the path. The clocks'
/// offset does not matter, their skew is forgotten with the window.
class PathDelay {
 public:
  static constexpr Duration kGeneration = 10s;  // the base is the least of this one and the last
  static constexpr Duration kClean = 10ms;

  void on_feedback(TimePoint now, PacketResults received);
  [[nodiscard]] Duration queue() const { return queue_; }
  /// Since when the queue is below kClean.
  [[nodiscard]] std::optional<TimePoint> clean_since() const { return clean_since_; }

 private:
  std::optional<TimePoint> generation_since_;
  Duration least_ = Duration::max();
  Duration least_before_ = Duration::max();
  Duration queue_{};
  std::optional<TimePoint> clean_since_;
};

}  // namespace turms::rtc::bwe
