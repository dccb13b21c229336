#pragma once

#include <string>

#include "base/config_table.h"
#include "gateway/service.h"

namespace turms::gateway {

/// Ports of the Turms protocol's own.
struct Listeners {
  struct Port {
    bool enabled = true;
    std::string host = "0.0.0.0";
    uint16_t port = 0;
  };
  Port websocket{.port = 10510};
  Port tcp{.port = 11510};
};

/// The keys of the gateway, with upstream's names where it has them.
const config::Table<Config>& settings_table();
const config::Table<Listeners>& listeners_table();

/// Those of its parts.
config::Table<GuardConfig> guard_table();

}  // namespace turms::gateway
