#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace turms::app {

/// What GET /rooms of the admin port says, a line for each room. kInvalidArgument: it is no such
/// answer.
Result<std::string> room_list_text(std::string_view json);
/// What GET /rooms/stats says, for people: a line for each participant, and under it one for each
/// track that it publishes or receives, which says why its layer is what it is.
Result<std::string> room_stats_text(std::string_view json);

}  // namespace turms::app
