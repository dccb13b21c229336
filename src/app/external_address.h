#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "net/loop.h"

namespace turms::app {

/// Asked where none are configured; each answers binding requests of anybody.
inline constexpr std::array<std::string_view, 2> kPublicStunServers = {
    "stun.l.google.com:19302", "global.stun.twilio.com:3478"};

/// What the first of the STUN servers to answer says this machine's IPv4 address is (RFC 8489):
/// port 0. At most kMaxStunServers of them (host:port; without a port 3478) are asked, every half
/// second. Turns the loop until then, before it runs otherwise; kUnavailable when `limit` is over.
Result<net::Address> external_address(net::Loop& loop, const std::vector<std::string>& servers,
                                      Duration limit);

inline constexpr size_t kMaxStunServers = 4;

/// "stun.example.org:3478" or "stun.example.org"; kInvalidArgument names what is wrong.
struct HostAndPort {
  std::string host;
  uint16_t port = 0;
};
Result<HostAndPort> parse_host_and_port(std::string_view text, uint16_t default_port);

}  // namespace turms::app
