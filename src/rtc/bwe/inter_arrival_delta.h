#pragma once

#include <optional>

#include "base/time.h"

namespace turms::rtc::bwe {

/// Gathers packets that were sent, or arrived, as one burst, and gives how the spacing of bursts
/// changed on the way (libwebrtc goog_cc, InterArrivalDelta).
///
/// A burst: sent within kSendGroup, or at the very same time, or arriving at most kBurstGap after
/// the packet before while catching up, up to kMaxBurst.
class InterArrivalDelta {
 public:
  static constexpr Duration kSendGroup = 5ms;
  static constexpr Duration kBurstGap = 5ms;
  static constexpr Duration kMaxBurst = 100ms;
  /// The receiver's clock jumped when arrivals move this much more than ours: start again.
  static constexpr Duration kClockJump = 3s;
  /// So many bursts in a row that arrive before their predecessor: start again.
  static constexpr int kMaxReordered = 3;

  struct Deltas {
    Duration send{};
    Duration arrival{};
  };
  /// In order of arrival. Something when `sent` begins a burst and two whole ones lie before.
  std::optional<Deltas> on_packet(TimePoint sent, TimePoint arrival, TimePoint now);

 private:
  struct Group {
    bool empty = true;
    TimePoint first_sent{};
    TimePoint sent{};
    TimePoint first_arrival{};
    TimePoint arrival{};
    TimePoint reported{};
  };
  [[nodiscard]] bool starts_group(TimePoint sent, TimePoint arrival) const;
  void reset();

  Group current_;
  Group previous_;
  int reordered_ = 0;
};

}  // namespace turms::rtc::bwe
