#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

/// What can be configured, as those declare it who use it: a key has one owner, whose table
/// (config_table.h) binds it to a field of the owner's settings.
namespace turms::config {

/// kDuration: as LiveKit writes them, "1m30s", "500ms", or seconds. kYaml: any YAML, kept as text.
enum class OptionType : uint8_t { kBool, kInt, kText, kList, kMap, kDuration, kYaml };

/// What type and bounds do not say about a text, or about each of a list.
using Check = std::function<Status(std::string_view key, std::string_view value)>;

/// One key of the configuration. `turms config reference` and docs/configuration.md are made from
/// them.
struct Option {
  std::string key;  // dotted: "livekit.rtc.udp_port"
  OptionType type = OptionType::kText;
  std::string fallback = {};  // as it would be written after --set key=
  /// kInt: inclusive bounds; kDuration: in milliseconds. The others: bound on the length of texts.
  int64_t min = 0;
  int64_t max = 0;
  std::string help = {};
  bool secret = false;    // masked wherever settings are shown
  bool supported = true;  // false: a key of LiveKit's that is accepted and has no effect yet
  Check check = nullptr;
  /// LiveKit's name for this other key, which wins when both are given. Only `key`, `help` and this
  /// are set.
  std::string alias_of = {};
  /// May change while the server runs.
  bool changeable = false;
  /// The only texts that are good, where `check` takes those of a list of words.
  std::vector<std::string> words = {};
  /// Another key, whose number this one must not be above; empty: none.
  std::string at_most = {};
  /// 0 of that key is no limit.
  bool at_most_unless_zero = false;
};

// Options of the usual kinds.
constexpr int64_t kMaxText = 4096;
Option flag(std::string key, std::string fallback, std::string help);
Option number(std::string key, std::string fallback, int64_t min, int64_t max, std::string help);
Option text(std::string key, std::string fallback, std::string help, Check check = nullptr);
Option list(std::string key, std::string fallback, std::string help, Check check = nullptr);
Option pairs(std::string key, std::string fallback, std::string help);
Option duration(std::string key, std::string fallback, int64_t min_ms, int64_t max_ms,
                std::string help);
Option secret(Option option);
/// A text that is one of these.
Option one_of(Option option, std::vector<std::string> words);

/// What a key is set to. Of an option's type only that member counts.
struct Value {
  bool flag = false;
  int64_t number = 0;  // durations: milliseconds
  std::string text;
  std::vector<std::string> list;
  std::map<std::string, std::string> map;
  bool operator==(const Value&) const = default;
};

/// From text, as after `--set key=`; kInvalidArgument names the key. Not yet check_value().
Result<Value> parse_value(const Option& option, std::string_view text);
/// Length of texts, `check`, empty secrets.
Status check_value(const Option& option, const Value& value);
/// Whether a number is what `at_most` wants.
Status check_order(const Option& option, int64_t value, int64_t other);
/// What parse_value() makes the same of, but for commas within the texts of a list.
std::string to_text(const Option& option, const Value& value);
/// "{key} must be {what}, not '{value}'"
Status must_be(std::string_view key, std::string_view what, std::string_view value);
std::unexpected<Error> empty_secret(std::string_view key);

/// Checked values by their keys, so that reading cannot fail; asking for a key that is not there is
/// a bug.
class Values {
 public:
  using Map = std::map<std::string, std::string>;

  [[nodiscard]] bool flag(std::string_view key) const { return at(key).flag; }
  [[nodiscard]] int64_t number(std::string_view key) const { return at(key).number; }
  [[nodiscard]] const std::string& text(std::string_view key) const { return at(key).text; }
  [[nodiscard]] const std::vector<std::string>& list(std::string_view key) const {
    return at(key).list;
  }
  [[nodiscard]] const Map& map(std::string_view key) const { return at(key).map; }
  [[nodiscard]] Duration duration(std::string_view key) const {
    return std::chrono::milliseconds(at(key).number);
  }
  [[nodiscard]] const Value& at(std::string_view key) const;
  void set(std::string key, Value value) {
    values_.insert_or_assign(std::move(key), std::move(value));
  }

 private:
  std::map<std::string, Value, std::less<>> values_;
};

/// A whole decimal number and nothing else.
std::optional<int64_t> parse_integer(std::string_view text);
/// "1m30s", "500ms", "5" (seconds) → milliseconds; not negative.
std::optional<int64_t> parse_duration_ms(std::string_view text);

/// The one of `keys` that is nearest to a mistyped one, empty when none is near.
std::string nearest_key(std::string_view key, const std::vector<std::string>& keys);

constexpr int64_t kYearInSeconds = 365 * 24 * 3600;

}  // namespace turms::config
