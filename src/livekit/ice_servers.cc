#include "livekit/ice_servers.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "rtc/hmac_sha1.h"

namespace turms::livekit {

namespace {

std::unexpected<Error> bad(std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, std::string(what));
}

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// IPv6 addresses stand in brackets in a URL (RFC 7065 section 3.1).
std::string url_host(std::string_view host) {
  return host.find(':') == host.npos ? std::string(host) : fmt::format("[{}]", host);
}

server::IceServer from(const TurnServer& turn, WallTime now, std::string_view user) {
  server::IceServer out;
  out.urls = {fmt::format("{}:{}:{}?transport={}", turn.protocol == "tls" ? "turns" : "turn",
                          url_host(turn.host), turn.port, turn.protocol == "udp" ? "udp" : "tcp")};
  out.username = turn.username;
  out.credential = turn.credential;
  if (!turn.secret.empty()) {
    const int64_t expiry = now.unix_ms / 1000 + to_ms(turn.ttl) / 1000;
    out.username = fmt::format("{}:{}", expiry, user);
    out.credential = base64(rtc::HmacSha1(as_bytes(turn.secret))({as_bytes(out.username)}));
  }
  return out;
}

}  // namespace

Result<TurnServer> parse_turn_server(std::string_view text) {
  TurnServer out;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (word.empty()) continue;
    const size_t equals = word.find('=');
    if (equals == word.npos) return bad(fmt::format("'{}' is not of the form name=value", word));
    const std::string_view name = word.substr(0, equals);
    const std::string_view value = word.substr(equals + 1);
    const auto integer = number(value);
    if (name == "host") {
      out.host = value;
    } else if (name == "port") {
      if (!integer || *integer < 1 || *integer > 65535) return bad("port is not from 1 to 65535");
      out.port = static_cast<uint16_t>(*integer);
    } else if (name == "protocol") {
      out.protocol = value;
    } else if (name == "username") {
      out.username = value;
    } else if (name == "credential") {
      out.credential = value;
    } else if (name == "secret") {
      out.secret = value;
    } else if (name == "secret_file") {
      out.secret_file = value;
    } else if (name == "ttl") {
      if (!integer || *integer < 60 || *integer > 30 * 24 * 3600) {
        return bad("ttl is not from 60 to 2592000 seconds");
      }
      out.ttl = std::chrono::seconds(*integer);
    } else {
      return bad(fmt::format("unknown name '{}'", name));
    }
  }
  if (out.host.empty()) return bad("no host");
  if (out.protocol != "udp" && out.protocol != "tcp" && out.protocol != "tls") {
    return bad("protocol is not udp, tcp or tls");
  }
  if (out.secret.empty() && out.secret_file.empty() &&
      (out.username.empty() || out.credential.empty())) {
    return bad("neither a secret nor a username and a credential");
  }
  return out;
}

std::vector<server::IceServer> ice_servers(const IceServerConfig& config, WallTime now,
                                           std::string_view user,
                                           const std::optional<media::TurnAccess>& embedded) {
  std::vector<server::IceServer> out;
  if (embedded) {
    const std::string host =
        url_host(config.turn_host.empty() ? embedded->address : config.turn_host);
    server::IceServer own{{}, embedded->username, embedded->password};
    if (embedded->udp_port != 0) {
      own.urls.push_back(fmt::format("turn:{}:{}?transport=udp", host, embedded->udp_port));
    }
    if (config.turn_tcp_port != 0) {
      own.urls.push_back(fmt::format("turn:{}:{}?transport=tcp", host, config.turn_tcp_port));
    }
    if (config.turn_tls_port != 0) {
      own.urls.push_back(fmt::format("turns:{}:{}?transport=tcp", host, config.turn_tls_port));
    }
    if (!own.urls.empty()) out.push_back(std::move(own));
  }
  for (const TurnServer& turn : config.turn_servers) out.push_back(from(turn, now, user));
  if (!config.stun_servers.empty()) {
    server::IceServer stun;
    for (const std::string& server : config.stun_servers) stun.urls.push_back("stun:" + server);
    out.push_back(std::move(stun));
  }
  return out;
}

}  // namespace turms::livekit
