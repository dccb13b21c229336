#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "livekit/token.h"

namespace turms::livekit {

/// The value of livekit.room.room_configurations: room configurations in YAML by their names.
/// Empty: none. kInvalidArgument says which one is wrong.
Result<std::map<std::string, RoomSettings, std::less<>>> parse_room_configurations(
    std::string_view yaml);

Status check_room_configurations(std::string_view key, std::string_view yaml);

}  // namespace turms::livekit
