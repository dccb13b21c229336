#pragma once

#include <algorithm>

#include "base/time.h"
#include "rtc/bwe/bitrate.h"

namespace turms::sfu {

/// How much of a path may be spent on sending again. Where a queue stands on it, losses come from
/// there, and answering each request in full would feed what causes them: kShare of the estimate
/// then, all of it otherwise. A token bucket of kWindow, at least a packet. What is refused is
/// asked for again by who still needs it.
class RepairBudget {
 public:
  static constexpr double kShare = 0.25;
  static constexpr Duration kWindow = 500ms;
  static constexpr Duration kQueue = 30ms;  // it stands from there on
  static constexpr double kPacket = 1500;

  [[nodiscard]] bool take(TimePoint now, size_t size, rtc::bwe::Bitrate estimate, Duration queue) {
    const double share = queue > kQueue ? kShare : 1;
    const double rate = static_cast<double>(estimate.bps()) / 8 * share;  // bytes a second
    const double most = std::max(rate * seconds(kWindow), kPacket);
    bytes_ = at_ == kNever ? most : std::min(bytes_ + rate * seconds(now - at_), most);
    at_ = now;
    if (bytes_ < static_cast<double>(size)) return false;
    bytes_ -= static_cast<double>(size);
    return true;
  }

 private:
  static double seconds(Duration d) { return static_cast<double>(to_us(d)) / 1e6; }

  double bytes_ = 0;
  TimePoint at_ = kNever;
};

}  // namespace turms::sfu
