#include "media/advertise.h"

#include <algorithm>

namespace turms::media {

namespace {

bool is_in(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_in(const std::vector<net::Network>& networks, const net::Address& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const net::Network& network) { return network.contains(address); });
}

}  // namespace

bool AddressFilter::allows(const net::InterfaceAddress& entry) const {
  if (!included_interfaces.empty() && !is_in(included_interfaces, entry.interface)) return false;
  if (is_in(excluded_interfaces, entry.interface)) return false;
  if (!included_networks.empty() && !is_in(included_networks, entry.address)) return false;
  return !is_in(excluded_networks, entry.address);
}

std::vector<std::string> addresses_to_advertise(const net::Address& bind,
                                                const MachineAddresses& machine,
                                                const AddressFilter& filter) {
  std::vector<std::string> out;
  const auto add = [&](const net::InterfaceAddress& entry) {
    const std::string ip = entry.address.ip();
    if (filter.allows(entry) && !is_in(out, ip) && out.size() < kMaxAdvertised) out.push_back(ip);
  };
  const auto add_family = [&](bool v4, const std::optional<net::Address>& preferred) {
    for (const net::InterfaceAddress& entry : machine.all) {
      if (preferred && entry.address == *preferred) add(entry);
    }
    for (const net::InterfaceAddress& entry : machine.all) {
      if (entry.address.is_v4() == v4) add(entry);
    }
  };
  add_family(true, machine.default_v4);
  if (!bind.is_v4()) add_family(false, machine.default_v6);
  return out;
}

}  // namespace turms::media
