#include "app/program_options.h"

#include <fmt/core.h>

#include <algorithm>

#include "app/external_address.h"
#include "net/address_checks.h"
#include "net/forwarded.h"

namespace turms::app {
namespace {

using config::flag;
using config::list;
using config::number;
using config::Option;
using config::secret;
using config::text;

Status named(std::string_view key, const Error& error) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", key, error.message));
}

Status check_stun_server(std::string_view key, std::string_view value) {
  const auto parsed = parse_host_and_port(value, 1);
  return parsed ? Status() : named(key, parsed.error());
}

Status check_proxy(std::string_view key, std::string_view value) {
  const auto network = net::Network::parse(value);
  return network ? Status() : named(key, network.error());
}

Option log_level() {
  Option option = text("log.level", "info", "debug, info, warn, error or off.");
  option.words = {"debug", "info", "warn", "error", "off"};
  option.check = [words = option.words](std::string_view key, std::string_view value) {
    if (std::ranges::find(words, value) != words.end()) return Status();
    return config::must_be(key, "debug, info, warn, error or off", value);
  };
  option.changeable = true;
  return option;
}

std::vector<Option> http_options() {
  return {
      flag("admin.enabled", "true",
           "Serve the admin HTTP port (administration, metrics, health, rooms)."),
      text("admin.bind", "127.0.0.1",
           "Address of the admin HTTP port. Keep it off public networks: metrics, health and "
           "rooms ask for no password, and it has no TLS of its own.",
           net::check_address),
      number("admin.port", "8510", 0, 65535, "TCP port of the admin HTTP server; 0: any free one."),
      text("http.bind", "0.0.0.0",
           "Address of the HTTP port: web app, LiveKit signalling and API, Turms over WebSocket.",
           net::check_address),
      number("http.port", "7880", 0, 65535, "TCP port of the HTTP server; 0: any free one."),
      number("http.max_connections", "15000", 1, 1000000, "Connections at once; more are refused."),
      text("http.tls.cert_file", "",
           "PEM file of the certificate and its chain. With it the HTTP port also speaks TLS: "
           "https, wss, and TURN and ICE inside TLS. Read again when the file changes."),
      text("http.tls.key_file", "", "PEM file of its private key."),
      list("http.trusted_proxies", "",
           "Addresses or networks (ADDRESS/BITS) of proxies that are believed about a client's "
           "address: Forwarded and X-Forwarded-For over HTTP, PROXY headers with "
           "http.proxy_protocol. Nobody else is.",
           check_proxy),
      flag("http.proxy_protocol", "false",
           "Connections from http.trusted_proxies to the HTTP, media and Turms ports begin with a "
           "PROXY header, version 1 or 2; those that do not are closed, except over loopback to "
           "the HTTP and media ports."),
      list("livekit.bind_addresses", "",
           "Addresses of the HTTP port, when http.bind is not given. Empty: http.bind."),
      number("livekit.prometheus.port", "0", 0, 65535,
             "A further port for the metrics, on all addresses; 0: none."),
      text("livekit.prometheus.username", "", "Name that the further port asks for."),
      secret(text("livekit.prometheus.password", "", "Password that it asks for.")),
  };
}

/// Streams of media are accepted by the program, which hands them on, and so are their
/// certificates.
std::vector<Option> media_options() {
  return {
      flag("livekit.enabled", "true", "Run the built-in SFU."),
      number("livekit.rtc.tcp_port", "7881", -1, 65535,
             "TCP port for media of clients that cannot use UDP. May be http.port: then one port "
             "serves everything. 0: none. -1: any free one."),
      flag("livekit.rtc.use_external_ip", "false",
           "Ask STUN servers at start for the address that others see, and tell clients that one "
           "first. When none answers within 5 seconds, clients are told this machine's own."),
      list("livekit.rtc.stun_servers", "",
           "STUN servers, host:port, for use_external_ip and for clients. Empty: public ones for "
           "the former, none for the latter.",
           check_stun_server),
      text("livekit.turn.cert_file", "",
           "PEM file of the certificate of TURN over TLS, for livekit.turn.domain. Empty: that of "
           "http.tls. Read again when the file changes."),
      text("livekit.turn.key_file", "", "PEM file of its private key."),
      number("livekit.turn.tls_port", "5349", 0, 65535,
             "TCP port of TURN over TLS, when there is a certificate. May be http.port when that "
             "has one: then one port serves everything. 0: none."),
      flag("livekit.turn.external_tls", "false",
           "Somebody in front of livekit.turn.tls_port ends TLS."),
      number("livekit.turn.advertised_tls_port", "0", 0, 65535,
             "Port that clients are told for TURN over TLS, where somebody in front of this server "
             "has another one. 0: livekit.turn.tls_port."),
  };
}

}  // namespace

std::vector<Option> program_options() {
  std::vector<Option> all = {
      log_level(),
      number("node.id", "0", 0, 1023,
             "Number of this node; ids made by nodes with different numbers never collide."),
  };
  for (auto& part : {http_options(), media_options()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace turms::app
