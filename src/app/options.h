#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace turms::app {

enum class OptionType : uint8_t { kBool, kInt, kText, kList, kMap };

/// One key of the configuration file. The table of them is the only place that knows names, types,
/// bounds and defaults; `turms config reference` and docs/configuration.md are made from it.
struct Option {
  std::string_view key;  // dotted: "livekit.rtc.udp_port"
  OptionType type = OptionType::kText;
  std::string_view fallback;  // as it would be written after --set key=
  int64_t min = 0;  // kInt: inclusive bounds. kText, kList: bound on the length of each text
  int64_t max = 0;
  std::string_view help;
  bool secret = false;    // masked by `turms config show`
  bool supported = true;  // false: a key of LiveKit's that is accepted and has no effect yet
  /// What type and bounds do not say about a text, or about each of a list; null: nothing.
  Status (*check)(std::string_view key, std::string_view value) = nullptr;
};

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

/// Upstream's words for who gives a meeting its password.
inline constexpr std::string_view kPasswordProhibited = "PROHIBITED";
inline constexpr std::string_view kPasswordOptional = "USER_INPUT_OPTIONAL";
inline constexpr std::string_view kPasswordRequired = "USER_INPUT_REQUIRED";

/// Sorted by key.
std::span<const Option> options();

/// Nothing when there is no such key.
const Option* find_option(std::string_view key);

/// The known key nearest to a mistyped one, empty when none is near.
std::string_view nearest_option(std::string_view key);

}  // namespace turms::app
