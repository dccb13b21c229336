#include "media/settings_table.h"

#include "net/address_checks.h"

namespace turms::media {
namespace {

using config::path;
using config::Value;

Status check_ports(std::string_view key, std::string_view value) {
  if (parse_ports(value)) return {};
  return config::must_be(key, "a port or a range FIRST-LAST of at most 64 ports", value);
}

std::vector<net::Network> networks(const std::vector<std::string>& texts) {
  std::vector<net::Network> out;
  for (const std::string& text : texts) out.push_back(*net::Network::parse(text));
  return out;
}

config::Table<AddressFilter> filter_table() {
  config::Table<AddressFilter> table(config::Change::kAtStart);
  table
      .list("livekit.rtc.interfaces.includes", &AddressFilter::included_interfaces,
            "Network interfaces whose addresses clients are told where node_ip is empty. Empty: "
            "all.")
      .list("livekit.rtc.interfaces.excludes", &AddressFilter::excluded_interfaces,
            "Network interfaces that are left out.")
      .add(config::list("livekit.rtc.ips.includes", "",
                        "Networks (ADDRESS/BITS) whose addresses clients are told where node_ip is "
                        "empty. Empty: all.",
                        net::check_network),
           [](AddressFilter& filter, const Value& value) {
             filter.included_networks = networks(value.list);
           })
      .add(config::list("livekit.rtc.ips.excludes", "", "Networks that are left out.",
                        net::check_network),
           [](AddressFilter& filter, const Value& value) {
             filter.excluded_networks = networks(value.list);
           });
  return table;
}

config::Table<TurnConfig> turn_table() {
  config::Table<TurnConfig> table(config::Change::kAtStart);
  table
      .flag("livekit.turn.enabled", &TurnConfig::enabled,
            "Run the embedded TURN server. It relays to the media of this server only and opens no "
            "ports for it.")
      .add(config::number("livekit.turn.udp_port", "0", -1, 65535,
                          "UDP port of the TURN server; each further media worker takes the next "
                          "one. 0: none. -1: any free one."),
           [](TurnConfig& turn, const Value& value) {
             if (value.number != 0) turn.first_udp_port = port_of(value.number);
           })
      .number("livekit.turn.per_user_relay_allocation_limit", &TurnConfig::max_allocations_per_user,
              1, 1000, "Allocations that one participant may have.");
  return table;
}

config::Table<EngineConfig> make_table() {
  config::Table<EngineConfig> table(config::Change::kAtStart);
  table
      .add(config::text("livekit.rtc.udp_port", "7882",
                        "UDP port for all media, or a range FIRST-LAST: one worker thread for each "
                        "port. 0: any free one.",
                        check_ports),
           [](EngineConfig& engine, const Value& value) {
             const auto ports = parse_ports(value.text);
             engine.workers = ports->count;
             engine.first_udp_port = ports->first;
           })
      .add(config::number("livekit.rtc.members_per_worker", "64", 0, 100000,
                          "Members of one room on one worker before another one takes further "
                          "ones, where there are several. 0: a room stays on one worker."),
           [](EngineConfig& engine, const Value& value) {
             engine.members_per_worker = static_cast<size_t>(value.number);
           })
      .list("livekit.rtc.node_ip", &EngineConfig::advertised_addresses,
            "Addresses that clients are told to send media to, best first. Empty: that of the "
            "default route and the others of this machine.",
            net::check_address)
      .text("livekit.rtc.bind", &EngineConfig::bind_address,
            "Address the media ports are bound to. A loopback address: this machine only, through "
            "that address and the one of its first network.",
            net::check_address)
      .add(config::flag("livekit.rtc.force_tcp", "false", "Offer clients TCP only."),
           [](EngineConfig& engine, const Value& value) { engine.candidates.udp = !value.flag; })
      .include(&EngineConfig::filter, filter_table())
      .include(&EngineConfig::turn, turn_table());
  return table;
}

}  // namespace

const config::Table<EngineConfig>& settings_table() {
  static const config::Table<EngineConfig> table = make_table();
  return table;
}

Result<PortRange> parse_ports(std::string_view text) {
  const size_t dash = text.find('-');
  const auto first = config::parse_integer(text.substr(0, dash));
  const auto last = dash == text.npos ? first : config::parse_integer(text.substr(dash + 1));
  if (!first || !last || *first < 0 || *last > 65535 || *last < *first || *last - *first >= 64 ||
      (*first == 0 && *last != 0)) {
    return fail(ErrorCode::kInvalidArgument, "not a port or a range of ports");
  }
  return PortRange{static_cast<uint16_t>(*first), static_cast<int>(*last - *first + 1)};
}

uint16_t port_of(int64_t configured) {
  return configured < 0 ? uint16_t{0} : static_cast<uint16_t>(configured);
}

}  // namespace turms::media
