#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"

namespace turms::record {

/// Places the RTP timestamps of one track on the process's time line. All tracks of a room are on
/// that line, whatever their publishers' clocks say: the room's sender reports tell which timestamp
/// is now. Before the first report the arrival of the first packet has to do.
///
/// A report moves the line by at most kMaxStep, so that nobody hears or sees it; one that is off by
/// more than kJump is a new beginning.
class MediaClock {
 public:
  static constexpr Duration kMaxStep = 5ms;
  static constexpr Duration kJump = 500ms;

  explicit MediaClock(uint32_t rate) : rate_(rate) {}

  void on_packet(int64_t rtp_time, TimePoint arrival) {
    if (!offset_) offset_ = arrival.time_since_epoch() - ticks(rtp_time);
  }
  /// A sender report that left the room at `now` named `rtp_time`.
  void on_report(int64_t rtp_time, TimePoint now) {
    const Duration told = now.time_since_epoch() - ticks(rtp_time);
    if (!reported_ || !offset_) {
      offset_ = told;
      reported_ = true;
      return;
    }
    const Duration off = told - *offset_;
    *offset_ += off > kJump || off < -kJump ? off : std::clamp<Duration>(off, -kMaxStep, kMaxStep);
  }
  /// Nothing before the first packet or report.
  [[nodiscard]] std::optional<TimePoint> at(int64_t rtp_time) const {
    if (!offset_) return std::nullopt;
    return TimePoint(*offset_ + ticks(rtp_time));
  }
  [[nodiscard]] std::optional<int64_t> rtp_at(TimePoint at) const {
    if (!offset_) return std::nullopt;
    const Duration since = at.time_since_epoch() - *offset_;
    return since / 1s * rate_ + since % 1s * rate_ / 1s;
  }
  [[nodiscard]] bool reported() const { return reported_; }

 private:
  [[nodiscard]] Duration ticks(int64_t rtp_time) const {
    return Duration(rtp_time / rate_ * 1'000'000'000 + rtp_time % rate_ * 1'000'000'000 / rate_);
  }

  int64_t rate_;
  std::optional<Duration> offset_;  // of timestamp 0
  bool reported_ = false;
};

}  // namespace turms::record
