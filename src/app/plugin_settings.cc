#include "app/plugin_settings.h"

#include <filesystem>

#include "plugin/settings_table.h"

namespace turms::app {

std::string plugin_directory(const std::string& configured) {
  if (!configured.empty()) return configured;
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path() / "plugins").string();
}

std::vector<config::Option> describe_plugins(const std::string& configured_directory,
                                             const std::vector<std::string>& names) {
  return plugin::plugin_options(plugin_directory(configured_directory), names);
}

}  // namespace turms::app
