#pragma once

#include <string>
#include <vector>

#include "base/config.h"

namespace turms::app {

/// `configured`, or plugins/ beside the program.
std::string plugin_directory(const std::string& configured);

/// Config::Sources::describe_plugins of the program.
std::vector<config::Option> describe_plugins(const std::string& configured_directory,
                                             const std::vector<std::string>& names);

}  // namespace turms::app
