#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "livekit/signal.h"
#include "media/engine.h"

namespace turms::livekit {

/// A TURN server of others, as LiveKit's configuration file names it. With a `secret` each client
/// gets credentials of its own for `ttl` (draft-uberti-behave-turn-rest-00, what coturn calls
/// use-auth-secret); otherwise all get the same.
struct TurnServer {
  std::string host;
  uint16_t port = 3478;
  std::string protocol = "udp";  // udp, tcp, or tls
  std::string username;
  std::string credential;
  std::string secret;
  std::string secret_file;  // read by whoever configures: its content is the secret
  Duration ttl = std::chrono::hours(4);
};

/// Pairs separated by blanks: `host=turn.example.org port=3478 protocol=udp username=u
/// credential=c`, or `secret=s ttl=14400` (or secret_file) in place of the last two.
/// kInvalidArgument says what is wrong.
Result<TurnServer> parse_turn_server(std::string_view text);

struct IceServerConfig {
  std::vector<std::string> stun_servers;  // host:port
  std::vector<TurnServer> turn_servers;
  /// Of the embedded server: the name or address in its URLs (empty: as media is reached), and the
  /// port of turns: URLs, which may be that of whoever ends TLS in front; 0: none.
  std::string turn_host;
  uint16_t turn_tls_port = 0;
  uint16_t turn_tcp_port = 0;  // turn: over TCP without TLS; 0: none
  Duration turn_ttl = std::chrono::minutes(5);
};

/// What a client is told at its join and again at each resume, since credentials expire. `user`
/// stands in the credentials; `embedded`: those for the embedded server, if there is one.
std::vector<server::IceServer> ice_servers(const IceServerConfig& config, WallTime now,
                                           std::string_view user,
                                           const std::optional<media::TurnAccess>& embedded);

}  // namespace turms::livekit
