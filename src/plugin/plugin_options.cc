#include <fmt/core.h>

#include <cstddef>
#include <filesystem>

#include "base/log.h"
#include "plugin/loaded_plugin.h"
#include "plugin/settings_table.h"

namespace turms::plugin {
namespace {

constexpr size_t kMaxSettings = 1000;

config::Option option_of(const std::string& key, const turms_setting& setting) {
  const std::string fallback = setting.fallback == nullptr ? "" : setting.fallback;
  const std::string help = setting.help == nullptr ? "" : setting.help;
  switch (setting.type) {
    case TURMS_SETTING_NUMBER:
      return config::number(key, fallback, setting.min, setting.max, help);
    case TURMS_SETTING_FLAG:
      return config::flag(key, fallback, help);
    case TURMS_SETTING_LIST:
      return config::list(key, fallback, help);
    case TURMS_SETTING_SECRET:
      return config::secret(config::text(key, fallback, help));
    case TURMS_SETTING_TEXT:
      break;
  }
  return config::text(key, fallback, help);
}

}  // namespace

std::vector<config::Option> LoadedPlugin::options() const {
  const auto* table = static_cast<const turms_settings*>(
      loaded() ? capability(TURMS_SETTINGS, TURMS_SIZE_WITH(turms_settings, count)) : nullptr);
  if (table == nullptr || table->settings == nullptr || table->count > kMaxSettings) return {};
  std::vector<config::Option> all;
  const auto* entry = reinterpret_cast<const std::byte*>(table->settings);
  for (size_t i = 0; i < table->count; ++i) {
    const auto& setting = *reinterpret_cast<const turms_setting*>(entry);
    if (setting.struct_size < TURMS_SIZE_WITH(turms_setting, help) || setting.key == nullptr) break;
    entry += setting.struct_size;
    auto option = option_of(fmt::format("plugins.{}.{}", status_.name, setting.key), setting);
    if (const auto good = config::parse_value(option, option.fallback); !good) {
      log::error("plugin {}: its own default is wrong: {}", status_.name, good.error().message);
      continue;
    }
    all.push_back(std::move(option));
  }
  return all;
}

std::string plugin_file(const std::string& directory, const std::string& name) {
  namespace fs = std::filesystem;
  const fs::path plain = fs::path(directory) / (name + ".so");
  std::error_code ignored;
  return fs::exists(plain, ignored) ? plain
                                    : fs::path(directory) / ("turms-plugin-" + name + ".so");
}

std::vector<config::Option> plugin_options(const std::string& directory,
                                           const std::vector<std::string>& names) {
  std::vector<config::Option> all;
  net::Loop loop;
  const HostConfig config;
  for (const std::string& name : names) {
    const std::string file = plugin_file(directory, name);
    std::error_code ignored;
    // The host says what is wrong with it when it is to be started.
    if (!std::filesystem::exists(file, ignored)) continue;
    LoadedPlugin plugin(loop, config, file);
    if (!plugin.load()) continue;
    for (config::Option& option : plugin.options()) all.push_back(std::move(option));
  }
  return all;
}

}  // namespace turms::plugin
