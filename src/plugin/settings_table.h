#pragma once

#include <string>
#include <vector>

#include "base/config_table.h"

namespace turms::plugin {

/// Which plugins there are. What a plugin is told is the plugin's own.
struct Settings {
  std::string directory;
  std::vector<std::string> enabled = {"livekit"};
};

const config::Table<Settings>& settings_table();

}  // namespace turms::plugin
