#pragma once

#include <cstddef>

#include "base/time.h"

namespace turms::media {

/// When a worker's next turn may begin.
///
/// A message to many receivers brings acknowledgements from all of them, not in step, and to wake
/// for each one costs more than to handle it. So after data has gone to kMany members the worker
/// leaves what arrives in the kernel for kPause at a time, for as long as datagrams come closer
/// together than that, as network cards moderate their interrupts. Whatever else arrives then
/// waits for at most kPause. Without data for many there are no pauses.
class TurnPacing {
 public:
  static constexpr size_t kMany = 16;
  static constexpr Duration kPause = 800us;
  /// After data has left for many.
  static constexpr Duration kWindow = 10ms;

  /// Data left for so many members in a turn.
  void data_sent(TimePoint now, size_t members) {
    if (members < kMany) return;
    until_ = now + kWindow;
    dense_ = true;
  }
  /// Something arrived after the worker had waited for it so long.
  void woke(Duration waited) { dense_ = waited < kPause; }
  /// Before the next wait, where `next` is the next deadline.
  [[nodiscard]] Duration pause(TimePoint now, TimePoint next) const {
    return dense_ && now < until_ && now + kPause < next ? kPause : Duration(0);
  }

 private:
  TimePoint until_{};
  bool dense_ = false;  // what comes, comes close together
};

}  // namespace turms::media
