#pragma once

#include "net/address.h"

namespace turms::net {

/// Of the public internet (IANA special-purpose registries): none of loopback, private, shared,
/// link-local, multicast, benchmarking, documentation and reserved addresses, nor an IPv6 one that
/// stands for such an IPv4 one (NAT64, 6to4). What a request on somebody's behalf may be sent to.
bool is_global(const Address& address);

}  // namespace turms::net
