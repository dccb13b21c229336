#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/address.h"
#include "net/forwarded.h"
#include "net/interfaces.h"

namespace turms::media {

/// Which of the machine's addresses clients are told. An empty list of what is included is all.
struct AddressFilter {
  std::vector<std::string> included_interfaces;
  std::vector<std::string> excluded_interfaces;
  std::vector<net::Network> included_networks;
  std::vector<net::Network> excluded_networks;

  [[nodiscard]] bool allows(const net::InterfaceAddress& address) const;
};

/// What is known of the machine.
struct MachineAddresses {
  std::vector<net::InterfaceAddress> all;
  std::optional<net::Address> default_v4;
  std::optional<net::Address> default_v6;
};

/// For a socket bound to the unspecified address of a family (IPv6: of both): the source address of
/// the default route first, IPv4 before IPv6, then the others as the kernel lists them. At most
/// kMaxAdvertised.
std::vector<std::string> addresses_to_advertise(const net::Address& bind,
                                                const MachineAddresses& machine,
                                                const AddressFilter& filter);

/// Each costs a client checks and every description some bytes.
inline constexpr size_t kMaxAdvertised = 8;

}  // namespace turms::media
