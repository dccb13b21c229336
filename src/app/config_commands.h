#pragma once

#include <functional>

#include "app/config.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace turms::app {

/// Adds `turms config get|set|unset`, which work over the admin API of a running server, as
/// add_admin_commands() does.
void add_config_commands(CLI::App& group, const std::function<void(CLI::App&)>& add_common,
                         std::function<void(std::function<Status(const Config&)>)> run);

}  // namespace turms::app
