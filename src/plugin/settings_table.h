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

/// What the named plugins of a directory say that they may be told, by plugins.<name>.<key>. Loads
/// them for that, one after the other; of those that cannot be loaded, or say nothing, nothing.
std::vector<config::Option> plugin_options(const std::string& directory,
                                           const std::vector<std::string>& names);

/// <name>.so, else turms-plugin-<name>.so.
std::string plugin_file(const std::string& directory, const std::string& name);

}  // namespace turms::plugin
