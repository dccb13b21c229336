#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace turms::app {

struct Option;

/// The settings of one run: defaults, below --dev, below the file, below --set. Values are checked
/// when they are set, so that reading cannot fail; asking for a key that is not in the table is a
/// bug.
class Config {
 public:
  using Map = std::map<std::string, std::string>;

  struct Sources {
    bool dev = false;
    std::optional<std::filesystem::path> file;
    std::vector<std::string> assignments;  // "key=value"
  };

  /// Errors name file, line and key, and the nearest known key when it looks like a slip.
  static Result<Config> load(const Sources& sources);

  [[nodiscard]] bool flag(std::string_view key) const;
  [[nodiscard]] int64_t number(std::string_view key) const;
  [[nodiscard]] const std::string& text(std::string_view key) const;
  [[nodiscard]] const std::vector<std::string>& list(std::string_view key) const;
  [[nodiscard]] const Map& map(std::string_view key) const;

  /// What plugin `name` may read: the keys of `plugins.<name>.` without that prefix, as text.
  [[nodiscard]] Map plugin_settings(std::string_view name) const;

  /// Told to the operator at start: keys that were accepted and have no effect.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

  /// The settings in force as a configuration file, secrets masked.
  [[nodiscard]] std::string show() const;

 private:
  struct Value {
    bool flag = false;
    int64_t number = 0;
    std::string text;
    std::vector<std::string> list;
    Map map;
  };

  /// From text, as in `--set key=value`.
  Status assign(std::string_view key, std::string_view text);
  static Result<Value> parse(const Option& option, std::string_view text);
  Status store(const Option& option, Value value);
  static std::string show_value(const Option& option, const Value& value, std::string_view indent);
  Status load_file(const std::filesystem::path& file);
  friend class FileReader;
  const Value& at(std::string_view key) const;

  std::map<std::string, Value, std::less<>> values_;
  // plugins.<name>.<key> of plugins this table does not know.
  std::map<std::string, std::string, std::less<>> plugin_values_;
  std::vector<std::string> warnings_;
};

/// docs/configuration.md
std::string configuration_reference();

}  // namespace turms::app
