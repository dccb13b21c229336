#include "net/address_checks.h"

#include "base/config.h"
#include "net/address.h"
#include "net/forwarded.h"

namespace turms::net {

Status check_address(std::string_view key, std::string_view value) {
  if (Address::parse(value, 0)) return {};
  return config::must_be(key, "an IP address without a port", value);
}

Status check_network(std::string_view key, std::string_view value) {
  if (Network::parse(value)) return {};
  return config::must_be(key, "an IP address or a network ADDRESS/BITS", value);
}

}  // namespace turms::net
