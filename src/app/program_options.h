#pragma once

#include <vector>

#include "base/config.h"

namespace turms::app {

/// The keys of the program itself: its ports, its log, and what stands between the parts.
std::vector<config::Option> program_options();

}  // namespace turms::app
