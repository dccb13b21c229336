#pragma once

#include <optional>

#include "sfu/receive_stream.h"

namespace turms::sfu {

/// Places the wall clock of one publisher on our time line, from the arrival of its sender reports:
/// one answer for all its tracks, so that sound and picture keep their relation.
class RemoteClock {
 public:
  void on_sender_report(TimePoint now, NtpTime ntp) {
    if (!base_) {
      base_ = ntp;
      offset_ = now.time_since_epoch();
      return;
    }
    Duration sample = now.time_since_epoch() - ntp_difference(ntp, *base_);
    Duration above = sample - offset_;
    if (above < -kStep || above > kStep) {
      base_ = ntp;  // the publisher set its clock
      offset_ = now.time_since_epoch();
    } else if (above < Duration{}) {
      offset_ = sample;  // the fastest report so far comes closest to the truth
    } else {
      offset_ += above / 64;  // clocks drift apart
    }
  }
  /// When, on our line, it was `ntp` there, plus the way here. Only after a report.
  [[nodiscard]] std::optional<TimePoint> local(NtpTime ntp) const {
    if (!base_) return std::nullopt;
    return TimePoint(offset_ + ntp_difference(ntp, *base_));
  }

 private:
  static constexpr Duration kStep = 5s;

  std::optional<NtpTime> base_;
  Duration offset_{};  // our time at *base_
};

}  // namespace turms::sfu
