#pragma once

#include <vector>

#include "app/options.h"

namespace turms::gateway {
struct GuardConfig;
}

namespace turms::app {

class Config;

/// The keys of `turms.security.blocklist` and `turms.health-check`, and the limit on what one
/// address may ask for.
std::vector<Option> blocklist_options();
gateway::GuardConfig guard_config(const Config& config);

}  // namespace turms::app
