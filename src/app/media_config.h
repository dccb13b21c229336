#pragma once

#include <optional>
#include <string>

#include "app/certificates.h"
#include "app/config.h"
#include "base/result.h"
#include "livekit/service.h"
#include "media/engine.h"
#include "net/front_door.h"
#include "net/loop.h"

namespace turms::app {

/// How media is reached, from the keys livekit.rtc.* and livekit.turn.*. kInvalidArgument when they
/// contradict each other, with the key's name. What is only known once ports are bound
/// (EngineConfig::tcp_ports, IceServerConfig::turn_tcp_port) is left out.
Result<media::EngineConfig> engine_config(const Config& config);
/// With livekit.rtc.use_external_ip: turns the loop for some seconds at most.
void find_external_address(const Config& config, net::Loop& loop, media::EngineConfig& engine);
/// The LiveKit service, with the secrets that stand in files. kInvalidArgument when one has none.
Result<livekit::ServiceConfig> service_config(const Config& config);

/// Whom to believe about clients' addresses, and the certificate of the HTTP port.
net::FrontDoorConfig http_door(const Config& config, const Certificates& certificates);

/// Where streams of media are accepted.
struct MediaDoor {
  std::string bind;
  uint16_t port = 0;  // 0: any free one
  net::FrontDoorConfig door = {};
};
struct MediaDoors {
  /// Ports of their own: one for ICE and TURN in the plain, one for TURN over TLS, which may be the
  /// same.
  std::optional<MediaDoor> plain;
  std::optional<MediaDoor> tls;
  /// The HTTP port takes the place of `plain`.
  bool plain_is_http = false;
  /// What clients are told for TURN over TLS, wherever it ends; 0: nothing.
  uint16_t advertised_tls_port = 0;
};
/// kInvalidArgument when keys contradict each other, with the key's name.
Result<MediaDoors> media_doors(const Config& config, const Certificates& certificates);

}  // namespace turms::app
