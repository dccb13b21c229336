#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/config.h"
#include "base/log.h"
#include "base/result.h"

namespace turms::app {

/// The settings of one run: defaults, below --dev, below the file, below the environment, below
/// what was changed while a server ran, below --set. Values are checked when they are set, so that
/// reading cannot fail; asking for a key that is not in the table is a bug.
class Config : public config::Values {
 public:
  struct Sources {
    bool dev = false;
    std::optional<std::filesystem::path> file;
    /// Of kConfigVariable, kKeysVariable and kRegionVariable those that are set; above the file.
    std::map<std::string, std::string> environment;
    /// What was changed while a server ran. What cannot be any more is left out, with a warning.
    std::map<std::string, std::string> changes = {};
    std::vector<std::string> assignments;  // "key=value"
    /// What plugins say that they may be told; null: plugins are told whatever stands there.
    std::function<std::vector<config::Option>(const std::string& directory,
                                              const std::vector<std::string>& names)>
        describe_plugins = nullptr;
    /// What they said; nothing: they are asked.
    std::optional<std::vector<config::Option>> plugin_options = {};
    /// What the file held when it was read; nothing: it is read.
    std::optional<std::string> file_text = {};
    /// Keys that must not be above others are not looked at.
    bool in_any_order = false;
  };
  /// As LiveKit's: the content of a LiveKit file, `key: secret` lines, a region.
  static constexpr const char* kConfigVariable = "LIVEKIT_CONFIG";
  static constexpr const char* kKeysVariable = "LIVEKIT_KEYS";
  static constexpr const char* kRegionVariable = "LIVEKIT_REGION";

  /// Errors name file, line and key, and the nearest known key when it looks like a slip.
  static Result<Config> load(const Sources& sources);

  /// Given by the file, the environment or --set, so that its value is meant.
  [[nodiscard]] bool given(std::string_view key) const { return said_.contains(key); }

  [[nodiscard]] bool has_file() const { return sources_.file.has_value(); }
  /// By --set, which nothing else changes.
  [[nodiscard]] bool pinned(std::string_view key) const { return pinned_.contains(key); }
  /// The same with these changes in place of the former ones.
  [[nodiscard]] Result<Config> with_changes(std::map<std::string, std::string> changes) const;
  /// The same at a start: changes that contradict something are left out, with a warning.
  [[nodiscard]] Result<Config> with_kept_changes(std::map<std::string, std::string> changes) const;
  /// The same with the file as it is now.
  [[nodiscard]] Result<Config> read_again() const;
  /// Keys that only a start changes become what they are in `running`. Those that were not.
  std::vector<std::string> keep_fixed(const Config& running);
  [[nodiscard]] const std::map<std::string, std::string>& changes() const {
    return sources_.changes;
  }

  /// What plugin `name` may read: the keys of `plugins.<name>.` without that prefix, as text.
  [[nodiscard]] Map plugin_settings(std::string_view name) const;
  /// One of them; empty when it is not known.
  [[nodiscard]] std::string plugin_setting(std::string_view name, std::string_view key) const;
  /// Those that plugins describe, and what they are set to.
  [[nodiscard]] std::vector<std::pair<const config::Option*, config::Value>> described_settings()
      const;
  /// A key of the server or of a plugin that describes its own; null: unknown.
  [[nodiscard]] const config::Option* find(std::string_view key) const;
  /// Its value as text, secrets as they are.
  [[nodiscard]] std::string text_of(const config::Option& option) const;

  /// Told to the operator at start: keys that were accepted and have no effect, short secrets.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

  /// The settings in force as a configuration file, secrets masked.
  [[nodiscard]] std::string show() const;

 private:
  using Option = config::Option;
  using Value = config::Value;

  /// From text, as in `--set key=value`.
  Status assign(std::string_view key, std::string_view text);
  Status store(const Option& option, Value value);
  static std::string show_value(const Option& option, const Value& value, std::string_view indent);
  Status load_file(const std::filesystem::path& file);
  Status load_environment(const std::string& name, const std::string& value);
  void make_changes();
  void make_plugin_changes();
  void leave_out(const std::string& key, const std::string& value, const std::string& why);
  Status check_plugins();
  [[nodiscard]] const Option* find_plugin_option(std::string_view key) const;
  void warn_of_short_secrets();
  /// What the keys of several groups say together.
  Status check() const;
  /// The first key that is above the one that it must not be above; null: none.
  [[nodiscard]] const Option* out_of_order() const;
  friend class FileReader;

  // plugins.<name>.<key>, as text, and where it was said.
  std::map<std::string, std::string, std::less<>> plugin_values_;
  std::map<std::string, std::string, std::less<>> plugin_places_;
  std::string place_;
  Sources sources_;
  bool saying_ = false;   // what is assigned now was said by the operator
  bool pinning_ = false;  // and by --set
  std::set<std::string, std::less<>> pinned_;
  std::set<std::string, std::less<>> said_;
  std::map<std::string, Value, std::less<>> aliased_;  // by the key they stand for
  std::vector<std::string> warnings_;
};

/// What log.level says.
log::Level log_level(const Config& config);

/// docs/configuration.md
std::string configuration_reference(const std::vector<config::Option>& of_plugins = {});

}  // namespace turms::app
