#pragma once

#include <string>
#include <string_view>

#include "app/options.h"

namespace turms::app {

/// As a quoted scalar.
std::string yaml_text(std::string_view text);
const char* type_name(OptionType type);
/// What a plugin of others calls its secrets nobody here knows: by the words in their names.
bool is_secret_name(std::string_view key);

}  // namespace turms::app
