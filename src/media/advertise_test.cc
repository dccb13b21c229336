#include "media/advertise.h"

#include <gtest/gtest.h>

namespace turms::media {
namespace {

net::Address ip(const char* text) {
  return *net::Address::parse(text, 0);
}

const MachineAddresses kMachine = {
    .all = {{"docker0", ip("172.17.0.1")},
            {"eth0", ip("192.0.2.10")},
            {"eth1", ip("198.51.100.4")},
            {"docker0", ip("fd00::1")},
            {"eth0", ip("2001:db8::10")}},
    .default_v4 = ip("192.0.2.10"),
    .default_v6 = ip("2001:db8::10"),
};

using Addresses = std::vector<std::string>;

TEST(Advertise, TheDefaultRouteComesFirstNotTheFirstInterface) {
  EXPECT_EQ(addresses_to_advertise(ip("0.0.0.0"), kMachine, {}),
            (Addresses{"192.0.2.10", "172.17.0.1", "198.51.100.4"}));
  MachineAddresses island = kMachine;
  island.default_v4.reset();
  EXPECT_EQ(addresses_to_advertise(ip("0.0.0.0"), island, {}),
            (Addresses{"172.17.0.1", "192.0.2.10", "198.51.100.4"}));
}

TEST(Advertise, ADualStackSocketTellsBothFamilies) {
  EXPECT_EQ(addresses_to_advertise(ip("::"), kMachine, {}),
            (Addresses{"192.0.2.10", "172.17.0.1", "198.51.100.4", "2001:db8::10", "fd00::1"}));
}

TEST(Advertise, FiltersByInterfaceAndNetwork) {
  const auto of = [](const AddressFilter& filter) {
    return addresses_to_advertise(ip("::"), kMachine, filter);
  };
  EXPECT_EQ(of({.included_interfaces = {"eth1"}}), Addresses{"198.51.100.4"});
  EXPECT_EQ(of({.excluded_interfaces = {"docker0"}}),
            (Addresses{"192.0.2.10", "198.51.100.4", "2001:db8::10"}));
  EXPECT_EQ(of({.included_networks = {*net::Network::parse("192.0.2.0/24")}}),
            Addresses{"192.0.2.10"});
  EXPECT_EQ(of({.excluded_interfaces = {"docker0"},
                .excluded_networks = {*net::Network::parse("2001:db8::/32"),
                                      *net::Network::parse("198.51.100.4")}}),
            Addresses{"192.0.2.10"});
  EXPECT_EQ(of({.included_interfaces = {"wlan0"}}), Addresses{});
}

TEST(Advertise, IsBounded) {
  MachineAddresses many;
  for (uint8_t i = 0; i < 100; ++i)
    many.all.push_back({"eth0", net::Address::v4({10, 0, 0, i}, 0)});
  EXPECT_EQ(addresses_to_advertise(ip("0.0.0.0"), many, {}).size(), kMaxAdvertised);
}

}  // namespace
}  // namespace turms::media
