#pragma once

#include <string_view>

#include "base/result.h"

/// Checks of configured values (base/config.h); kInvalidArgument names the key.
namespace turms::net {

/// An IP address without a port.
Status check_address(std::string_view key, std::string_view value);
/// An address or a network ADDRESS/BITS.
Status check_network(std::string_view key, std::string_view value);

}  // namespace turms::net
