#pragma once

#include <vector>

#include "base/config_table.h"
#include "livekit/service.h"

namespace turms::livekit {

/// The keys of the built-in SFU, with LiveKit's names.
const config::Table<ServiceConfig>& settings_table();

/// LiveKit's names for keys that stand elsewhere here, and its keys that have no effect: a LiveKit
/// file can be pasted as it is.
std::vector<config::Option> accepted_options();

}  // namespace turms::livekit
