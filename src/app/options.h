#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/config.h"

namespace turms::app {

using config::Option;
using config::OptionType;

/// A shorter secret can be guessed; it is warned of.
inline constexpr size_t kShortestSecret = 32;

/// A key like `livekit.keys.NAME` → the option of type kMap that it is an entry of, and NAME.
struct MapEntry {
  const Option* option = nullptr;
  std::string_view name;
};
std::optional<MapEntry> find_map_entry(std::string_view key);
/// The group that is accepted as a whole and of which this key is one.
const Option* find_ignored_group(std::string_view key);

/// The keys of all modules, each from the table of its owner. Sorted by key.
std::span<const Option> options();

/// Nothing when there is no such key.
const Option* find_option(std::string_view key);

/// The known key nearest to a mistyped one, empty when none is near.
std::string nearest_option(std::string_view key);

}  // namespace turms::app
