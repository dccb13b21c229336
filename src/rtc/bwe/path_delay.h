#pragma once

#include <optional>

#include "base/time.h"
#include "rtc/bwe/packet_result.h"

namespace turms::rtc::bwe {

/// How much one-way delay there is above the least seen lately: the queue on the path. The clocks'
/// offset does not matter, their skew is forgotten with the window.
///
/// A delay that came in one gap between two packets (kStep or more) and stays as it is for
/// kStepMessages of feedback is no queue, which grows packet by packet: the path is longer now.
class PathDelay {
 public:
  static constexpr Duration kGeneration = 10s;  // the base is the least of this one and the last
  static constexpr Duration kClean = 10ms;
  static constexpr Duration kStep = 40ms;
  static constexpr int kStepMessages = 3;
  /// A base is held no longer than that.
  static constexpr Duration kMaxHold = 60s;

  void on_feedback(TimePoint now, PacketResults received);
  [[nodiscard]] Duration queue() const { return queue_; }
  /// Since when the queue is below kClean.
  [[nodiscard]] std::optional<TimePoint> clean_since() const { return clean_since_; }
  /// It looks as if the path had become longer, which is not sure yet.
  [[nodiscard]] bool stepping() const { return step_ > Duration::zero(); }
  /// The base is not to be forgotten: a queue stands that is not ours.
  void hold(TimePoint now);

 private:
  void look_for_step(TimePoint now, PacketResults received);
  void follow_step(Duration least);

  std::optional<TimePoint> generation_since_;
  std::optional<TimePoint> held_since_;
  std::optional<TimePoint> held_at_;
  Duration least_ = Duration::max();
  Duration least_before_ = Duration::max();
  Duration queue_{};
  std::optional<TimePoint> clean_since_;

  std::optional<Duration> newest_;  // delay of the newest packet
  Duration step_{};                 // zero: none
  std::optional<TimePoint> step_at_;
  Duration stepped_from_{};
  std::optional<Duration> level_;  // of the last message since
  int steady_ = 0;                 // messages at that level
};

}  // namespace turms::rtc::bwe
