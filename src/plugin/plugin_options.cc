#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <sstream>

#include "base/log.h"
#include "plugin/loaded_plugin.h"
#include "plugin/services.h"
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
  config::Option option = config::text(key, fallback, help);
  if (!TURMS_HAS(&setting, words)) return option;
  std::vector<std::string> words;
  std::istringstream all(setting.words);
  for (std::string word; std::getline(all, word, ',');) words.push_back(word);
  return config::one_of(std::move(option), std::move(words));
}

}  // namespace

const turms_settings* LoadedPlugin::settings_table() const {
  return loaded() ? static_cast<const turms_settings*>(
                        capability(TURMS_SETTINGS, TURMS_SETTINGS_MINIMUM))
                  : nullptr;
}

LoadedPlugin::Settings LoadedPlugin::configured() const {
  return config_.settings ? config_.settings(status_.name) : Settings();
}

bool LoadedPlugin::keep_settings(const Settings& settings) {
  const std::lock_guard lock(settings_mutex_);
  decltype(settings_) next;
  for (const auto& [key, text] : settings) next[key] = &*texts_.insert(text).first;
  if (next == settings_) return false;  // equal texts are one text
  settings_ = std::move(next);
  return true;
}

void LoadedPlugin::take_settings() {
  if (!running() || !keep_settings(configured())) return;
  const turms_settings* table = settings_table();
  if (table == nullptr || !TURMS_HAS(table, changed)) return;
  const auto change = [this, changed = table->changed, self = self_] {
    std::array<char, 256> why{};
    turms_status status = TURMS_ERROR_INTERNAL;
    try {
      status = changed(self, why.data(), why.size());
    } catch (...) {
      // It broke the contract, which is no reason to break with it.
    }
    if (status == TURMS_OK) return;
    why.back() = '\0';
    log::error("plugin {}: goes on with the settings of before: {}", status_.name,
               why[0] != '\0' ? why.data() : describe(status));
  };
  if (thread_ == nullptr) {
    change();
  } else if (!thread_->run(change)) {
    hook_failed("too many calls wait for it: its settings stay as they were");
  }
}

std::vector<config::Option> LoadedPlugin::options() const {
  const turms_settings* table = settings_table();
  if (table == nullptr || table->settings == nullptr || table->count > kMaxSettings) return {};
  std::vector<config::Option> all;
  const auto* entry = reinterpret_cast<const std::byte*>(table->settings);
  for (size_t i = 0; i < table->count; ++i) {
    const auto& setting = *reinterpret_cast<const turms_setting*>(entry);
    if (setting.struct_size < TURMS_SETTING_MINIMUM || setting.key == nullptr) break;
    entry += setting.struct_size;
    auto option = option_of(fmt::format("plugins.{}.{}", status_.name, setting.key), setting);
    if (const auto good = config::parse_value(option, option.fallback); !good) {
      log::error("plugin {}: its own default is wrong: {}", status_.name, good.error().message);
      continue;
    }
    option.changeable = setting.struct_size >= TURMS_SIZE_WITH(turms_setting, changeable) &&
                        setting.changeable != 0;
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
