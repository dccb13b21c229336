#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace turms::livekit {

/// What stands for {name} in the path of a recording.
using PathValues = std::map<std::string, std::string, std::less<>>;

/// {time} and {utc}.
void add_time(PathValues& values, WallTime now);

/// A path below the directory of recordings, without extension: `wanted` with its {names} filled
/// in, or `fallback` where it is empty or ends with a slash (then below that). What users chose
/// (names of rooms, identities) stays one part of it, whatever is in it. kInvalidArgument: it leads
/// elsewhere.
Result<std::string> recording_path(std::string_view wanted, std::string_view fallback,
                                   const PathValues& values);

}  // namespace turms::livekit
