#include "app/options.h"

#include <algorithm>
#include <vector>

#include "admin/settings_table.h"
#include "app/program_options.h"
#include "bus/settings_table.h"
#include "gateway/authentication/settings.h"
#include "gateway/settings_table.h"
#include "im/settings_table.h"
#include "livekit/settings_table.h"
#include "media/settings_table.h"
#include "plugin/settings_table.h"
#include "record/settings_table.h"
#include "storage/settings_table.h"
#include "store/settings_table.h"

namespace turms::app {
namespace {

const std::vector<Option>& sorted_options() {
  static const std::vector<Option> sorted = [] {
    std::vector<Option> all;
    for (auto& part :
         {program_options(), admin::settings_table().options(), bus::settings_table().options(),
          store::settings_table().options(), storage::settings_table().options(),
          im::settings_table().options(), im::meeting_table().options(),
          im::storage_table().options(), gateway::settings_table().options(),
          gateway::listeners_table().options(), gateway::authentication_table().options(),
          gateway::oidc_table().options(), plugin::settings_table().options(),
          media::settings_table().options(), record::settings_table().options(),
          livekit::settings_table().options(), livekit::accepted_options()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    std::ranges::sort(all, {}, &Option::key);
    return all;
  }();
  return sorted;
}

}  // namespace

std::optional<MapEntry> find_map_entry(std::string_view key) {
  for (size_t dot = key.rfind('.'); dot != key.npos && dot > 0; dot = key.rfind('.', dot - 1)) {
    const Option* option = find_option(key.substr(0, dot));
    if (option == nullptr) continue;
    if (option->type != OptionType::kMap || !option->supported) return std::nullopt;
    return MapEntry{option, key.substr(dot + 1)};
  }
  return std::nullopt;
}

const Option* find_ignored_group(std::string_view key) {
  for (size_t dot = key.rfind('.'); dot != key.npos && dot > 0; dot = key.rfind('.', dot - 1)) {
    const Option* option = find_option(key.substr(0, dot));
    if (option != nullptr) {
      return option->supported || option->type != OptionType::kMap ? nullptr : option;
    }
  }
  return nullptr;
}

std::span<const Option> options() {
  return sorted_options();
}

const Option* find_option(std::string_view key) {
  const auto& all = sorted_options();
  const auto it = std::ranges::lower_bound(
      all, key, {}, [](const Option& option) { return std::string_view(option.key); });
  return it != all.end() && it->key == key ? &*it : nullptr;
}

std::string nearest_option(std::string_view key) {
  std::vector<std::string> keys;
  for (const Option& option : sorted_options()) keys.push_back(option.key);
  return config::nearest_key(key, keys);
}

}  // namespace turms::app
