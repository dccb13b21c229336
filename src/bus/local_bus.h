#pragma once

#include <memory>

#include "im/ports/bus.h"

namespace turms::bus {

/// The bus of a cluster of one.
std::unique_ptr<im::Bus> make_local_bus();

}  // namespace turms::bus
