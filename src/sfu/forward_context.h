#pragma once

#include <cstdint>

#include "base/time.h"

namespace turms::sfu {

struct RoomCounters;

/// What all packets that a room writes at one moment have in common.
struct ForwardContext {
  TimePoint now;
  uint32_t now_ms = 0;
  uint32_t abs_send_time = 0;
  RoomCounters& counters;

  ForwardContext(TimePoint now, RoomCounters& counters);
};

}  // namespace turms::sfu
