#pragma once

#include <cstdint>
#include <string_view>

#include "base/config_table.h"
#include "base/result.h"
#include "media/engine.h"

namespace turms::media {

/// The keys of `livekit.rtc` and `livekit.turn` that say how media is sent, with LiveKit's names
/// where it has them.
const config::Table<EngineConfig>& settings_table();

/// "7882" → {7882, 1}; "7882-7885" → {7882, 4}; at most 64 ports.
struct PortRange {
  uint16_t first = 0;
  int count = 1;
};
Result<PortRange> parse_ports(std::string_view text);

/// As configured: -1 stands for any free port, which is 0 below here.
uint16_t port_of(int64_t configured);

}  // namespace turms::media
