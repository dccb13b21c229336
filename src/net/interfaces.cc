#include "net/interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

namespace turms::net {

namespace {

/// RFC 3927 and RFC 4291 section 2.5.6: reach nobody beyond the cable.
bool is_link_local(const Address& address) {
  const auto& ip = address.ip_bytes();
  return address.is_v4() ? ip[0] == 169 && ip[1] == 254 : ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

bool is_reachable(const Address& address) {
  return !address.is_loopback() && !address.is_unspecified() && !is_link_local(address);
}

}  // namespace

std::vector<InterfaceAddress> machine_addresses() {
  ifaddrs* list = nullptr;
  getifaddrs(&list);
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, freeifaddrs);
  std::vector<InterfaceAddress> out;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    const Address address = Address::from_sockaddr(entry->ifa_addr).with_port(0);
    if (is_reachable(address)) out.push_back({entry->ifa_name, address});
  }
  return out;
}

std::optional<Address> default_route_source(bool v4) {
  // Connecting a UDP socket asks the routing table and sends nothing. Any address beyond this
  // machine's networks will do; these are for documentation (RFC 5737, RFC 3849).
  const Address beyond = *Address::parse(v4 ? "192.0.2.1" : "2001:db8::1", 9);
  const int fd = ::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::nullopt;
  sockaddr_storage storage{};
  socklen_t length = beyond.to_sockaddr(storage);
  auto* const name = reinterpret_cast<sockaddr*>(&storage);
  std::optional<Address> source;
  if (::connect(fd, name, length) == 0) {
    length = sizeof storage;
    if (getsockname(fd, name, &length) == 0) source = Address::from_sockaddr(name).with_port(0);
  }
  ::close(fd);
  if (source && !is_reachable(*source)) return std::nullopt;
  return source;
}

Address machine_address(bool v4) {
  if (const auto source = default_route_source(v4)) return *source;
  for (const InterfaceAddress& entry : machine_addresses()) {
    if (entry.address.is_v4() == v4) return entry.address;
  }
  std::array<uint8_t, 16> loopback6{};
  loopback6[15] = 1;
  return v4 ? Address::v4({127, 0, 0, 1}, 0) : Address::v6(loopback6, 0);
}

}  // namespace turms::net
