#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/loaded_plugin.h"

namespace turms::plugin {

/// The plugins of a host, in the order they were loaded.
class PluginList {
 public:
  [[nodiscard]] std::vector<std::unique_ptr<LoadedPlugin>>& all() { return plugins_; }
  [[nodiscard]] const std::vector<std::unique_ptr<LoadedPlugin>>& all() const { return plugins_; }

  /// Null: none of that name.
  [[nodiscard]] LoadedPlugin* find(std::string_view name) const {
    for (const auto& plugin : plugins_) {
      if (plugin->loaded() && plugin->status().name == name) return plugin.get();
    }
    return nullptr;
  }

  /// Whether one that runs offers this.
  template <class Offers>
  [[nodiscard]] bool any(Offers offers) const {
    for (const auto& plugin : plugins_) {
      if (std::invoke(offers, plugin->hooks())) return true;
    }
    return false;
  }
  /// Their names: one may be unloaded while another is asked.
  template <class Offers>
  [[nodiscard]] std::vector<std::string> names(Offers offers) const {
    std::vector<std::string> names;
    for (const auto& plugin : plugins_) {
      if (std::invoke(offers, plugin->hooks())) names.push_back(plugin->status().name);
    }
    return names;
  }

 private:
  std::vector<std::unique_ptr<LoadedPlugin>> plugins_;
};

}  // namespace turms::plugin
