#pragma once

#include <memory>

#include "im/ports/bus.h"
#include "plugin/host_hooks.h"

namespace turms::plugin {

/// `bus` as it is, and plugins hear of what passes, or change it. Notifications keep their order:
/// one that a plugin is asked about holds up those behind it. `bus` outlives it; the hooks may go
/// first.
std::unique_ptr<im::Bus> make_listening_bus(im::Bus& bus, std::weak_ptr<HostHooks> hooks);

}  // namespace turms::plugin
