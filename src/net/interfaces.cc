#include "net/interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>

#include <memory>

namespace turms::net {

namespace {

/// RFC 3927 and RFC 4291 section 2.5.6: reach nobody beyond the cable.
bool is_link_local(const Address& address) {
  const auto& ip = address.ip_bytes();
  return address.is_v4() ? ip[0] == 169 && ip[1] == 254 : ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

}  // namespace

Address machine_address(bool v4) {
  ifaddrs* list = nullptr;
  getifaddrs(&list);
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, freeifaddrs);
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    if (entry->ifa_addr->sa_family != (v4 ? AF_INET : AF_INET6)) continue;
    const Address address = Address::from_sockaddr(entry->ifa_addr).with_port(0);
    if (!address.is_loopback() && !is_link_local(address)) return address;
  }
  std::array<uint8_t, 16> loopback6{};
  loopback6[15] = 1;
  return v4 ? Address::v4({127, 0, 0, 1}, 0) : Address::v6(loopback6, 0);
}

}  // namespace turms::net
