#pragma once

#include <optional>
#include <string>

#include "app/config.h"
#include "base/result.h"
#include "livekit/ice_servers.h"
#include "media/engine.h"
#include "net/loop.h"

namespace turms::app {

/// How media is reached, from the keys livekit.rtc.* and livekit.turn.*. kInvalidArgument when they
/// contradict each other, with the key's name. What is only known once ports are bound
/// (EngineConfig::tcp_ports, IceServerConfig::turn_tcp_port) is left out.
Result<media::EngineConfig> engine_config(const Config& config);
/// With livekit.rtc.use_external_ip: turns the loop for some seconds at most.
void find_external_address(const Config& config, net::Loop& loop, media::EngineConfig& engine);
livekit::IceServerConfig ice_server_config(const Config& config);

/// Where streams of media are accepted; nothing when they are not.
struct MediaTcp {
  std::string bind;
  uint16_t port = 0;  // 0: any free one
};
std::optional<MediaTcp> media_tcp(const Config& config);

}  // namespace turms::app
