#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/address.h"

namespace turms::net {

/// One address of one network interface that is up.
struct InterfaceAddress {
  std::string interface;
  Address address;  // port 0
};

/// Those that others can reach: no loopback and no link-local addresses (RFC 3927, RFC 4291 section
/// 2.5.6). In the kernel's order.
std::vector<InterfaceAddress> machine_addresses();

/// What this machine sends from on its default route. Nothing where there is none. Sends nothing.
std::optional<Address> default_route_source(bool v4);

/// That of the default route, else the first one of the family, else the loopback address.
Address machine_address(bool v4);

}  // namespace turms::net
