#pragma once

#include "net/address.h"

namespace turms::net {

/// The first address of this machine that is neither loopback nor link-local, port 0; the loopback
/// address when there is none.
Address machine_address(bool v4);

}  // namespace turms::net
