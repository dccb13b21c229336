#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace turms::app {

/// kDuration: as LiveKit writes them, "1m30s", "500ms", or seconds. kYaml: any YAML, kept as text.
enum class OptionType : uint8_t { kBool, kInt, kText, kList, kMap, kDuration, kYaml };

/// One key of the configuration file. The table of them is the only place that knows names, types,
/// bounds and defaults; `turms config reference` and docs/configuration.md are made from it.
struct Option {
  std::string_view key;  // dotted: "livekit.rtc.udp_port"
  OptionType type = OptionType::kText;
  std::string_view fallback;  // as it would be written after --set key=
  /// kInt: inclusive bounds; kDuration: in milliseconds. The others: bound on the length of texts.
  int64_t min = 0;
  int64_t max = 0;
  std::string_view help;
  bool secret = false;    // masked by `turms config show`
  bool supported = true;  // false: a key of LiveKit's that is accepted and has no effect yet
  /// What type and bounds do not say about a text, or about each of a list; null: nothing.
  Status (*check)(std::string_view key, std::string_view value) = nullptr;
  /// LiveKit's name for this other key, which wins when both are given. Only `key`, `help` and this
  /// are set.
  std::string_view alias_of = {};
};

/// As the fallback of an option. They live as long as the options do.
std::string_view flag_text(bool value);
std::string_view number_text(int64_t value);

/// A shorter secret can be guessed; it is warned of.
inline constexpr size_t kShortestSecret = 32;

/// "1m30s", "500ms", "5" (seconds) → milliseconds; not negative.
std::optional<int64_t> parse_duration_ms(std::string_view text);

/// A key like `livekit.keys.NAME` → the option of type kMap that it is an entry of, and NAME.
struct MapEntry {
  const Option* option = nullptr;
  std::string_view name;
};
std::optional<MapEntry> find_map_entry(std::string_view key);
/// The group that is accepted as a whole and of which this key is one.
const Option* find_ignored_group(std::string_view key);

/// A whole decimal number and nothing else.
std::optional<int64_t> parse_integer(std::string_view text);

/// "7882" → {7882, 1}; "7882-7885" → {7882, 4}; at most 64 ports.
struct PortRange {
  uint16_t first = 0;
  int count = 1;
};
Result<PortRange> parse_ports(std::string_view text);

/// What store.url begins with.
inline constexpr std::string_view kSqliteScheme = "sqlite:";

/// Sorted by key.
std::span<const Option> options();

/// Nothing when there is no such key.
const Option* find_option(std::string_view key);

/// The known key nearest to a mistyped one, empty when none is near.
std::string_view nearest_option(std::string_view key);

}  // namespace turms::app
