#include "app/media_config.h"

#include <fmt/core.h>

#include <fstream>
#include <string>

#include "app/external_address.h"
#include "base/log.h"
#include "livekit/settings_table.h"
#include "media/settings_table.h"
#include "net/address.h"
#include "net/forwarded.h"

namespace turms::app {

namespace {

std::vector<net::Network> networks(const std::vector<std::string>& texts) {
  std::vector<net::Network> out;
  for (const std::string& text : texts) out.push_back(*net::Network::parse(text));
  return out;
}

}  // namespace

Result<media::EngineConfig> engine_config(const Config& config) {
  media::EngineConfig engine = media::settings_table().read(config);
  if (engine.advertised_addresses.size() > media::kMaxAdvertised) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("livekit.rtc.node_ip has more than {} addresses", media::kMaxAdvertised));
  }
  const net::Address bind = *net::Address::parse(engine.bind_address, 0);
  for (const std::string& text : engine.advertised_addresses) {
    const net::Address told = *net::Address::parse(text, 0);
    const bool both = !bind.is_v4() && bind.is_unspecified();
    if (both || told.is_v4() == bind.is_v4()) continue;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("livekit.rtc.node_ip {} cannot be reached: livekit.rtc.bind is {}",
                            text, engine.bind_address));
  }
  if (!engine.candidates.udp && config.number("livekit.rtc.tcp_port") == 0) {
    return fail(ErrorCode::kInvalidArgument, "livekit.rtc.force_tcp needs a livekit.rtc.tcp_port");
  }
  return engine;
}

void find_external_address(const Config& config, net::Loop& loop, media::EngineConfig& engine) {
  constexpr Duration kLimit = 5s;
  if (!config.flag("livekit.rtc.use_external_ip") || !engine.advertised_addresses.empty()) return;
  std::vector<std::string> servers = config.list("livekit.rtc.stun_servers");
  if (servers.empty()) servers.assign(kPublicStunServers.begin(), kPublicStunServers.end());
  const auto address = external_address(loop, servers, kLimit);
  if (!address) {
    log::warn("livekit.rtc.use_external_ip: {}; clients are told the addresses of this machine",
              address.error().message);
    return;
  }
  log::info("clients are told the external address {}", address->ip());
  engine.external_address = address->ip();
}

Result<livekit::ServiceConfig> service_config(const Config& config) {
  livekit::ServiceConfig service = livekit::settings_table().read(config);
  service.ice.stun_servers = config.list("livekit.rtc.stun_servers");
  for (livekit::TurnServer& server : service.ice.turn_servers) {
    if (server.secret_file.empty()) continue;
    std::ifstream file(server.secret_file);
    std::getline(file, server.secret);
    if (server.secret.empty()) {
      return fail(ErrorCode::kInvalidArgument,
                  "livekit.rtc.turn_servers: no secret in " + server.secret_file);
    }
  }
  return service;
}

net::FrontDoorConfig http_door(const Config& config, const Certificates& certificates) {
  net::FrontDoorConfig door;
  door.tls = certificates.http();
  // Checked when they were set.
  door.trusted_proxies = net::TrustedProxies(networks(config.list("http.trusted_proxies")));
  door.proxy_protocol = config.flag("http.proxy_protocol");
  return door;
}

Result<MediaDoors> media_doors(const Config& config, const Certificates& certificates) {
  if (config.flag("http.proxy_protocol") && config.list("http.trusted_proxies").empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "http.proxy_protocol: nobody is believed without http.trusted_proxies");
  }
  MediaDoors doors;
  net::FrontDoorConfig door = http_door(config, certificates);
  door.tls = nullptr;
  const std::string& bind = config.text("livekit.rtc.bind");
  const int64_t http = config.number("http.port");
  const int64_t plain = config.number("livekit.rtc.tcp_port");
  doors.plain_is_http = plain > 0 && plain == http;
  if (plain != 0 && !doors.plain_is_http)
    doors.plain = MediaDoor{bind, media::port_of(plain), door};

  const int64_t tls = config.number("livekit.turn.tls_port");
  const bool external = config.flag("livekit.turn.external_tls");
  if (!config.flag("livekit.turn.enabled") || tls == 0) return doors;
  const bool is_http = tls == http;
  if (is_http && !config.text("livekit.turn.cert_file").empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "livekit.turn.cert_file: the port it shares with HTTP has one certificate, "
                "http.tls.cert_file; that one must hold both names");
  }
  if (certificates.turn() == nullptr && !external) return doors;
  if (config.text("livekit.turn.domain").empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "livekit.turn.domain: clients check the certificate of TURN over TLS by it");
  }
  const int64_t advertised = config.number("livekit.turn.advertised_tls_port");
  doors.advertised_tls_port = static_cast<uint16_t>(advertised != 0 ? advertised : tls);
  if (!external) door.tls = certificates.turn();
  if (is_http) return doors;
  if (tls == plain) {
    doors.plain->door = door;
  } else {
    doors.tls = MediaDoor{bind, static_cast<uint16_t>(tls), door};
  }
  return doors;
}

}  // namespace turms::app
