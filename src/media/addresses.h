#pragma once

#include "net/address.h"
#include "rtc/transport_address.h"

namespace turms::media {

/// Between the types of net and rtc, which do not see each other. The protocol is UDP.
inline rtc::TransportAddress to_rtc(const net::Address& address) {
  return {address.ip_bytes(), address.port(),
          address.is_v4() ? rtc::TransportAddress::Family::kIpv4
                          : rtc::TransportAddress::Family::kIpv6};
}

inline net::Address to_net(const rtc::TransportAddress& address) {
  if (address.family == rtc::TransportAddress::Family::kIpv6) {
    return net::Address::v6(address.ip, address.port);
  }
  return net::Address::v4({address.ip[0], address.ip[1], address.ip[2], address.ip[3]},
                          address.port);
}

}  // namespace turms::media
