#pragma once

#include <string>

#include "app/config.h"
#include "base/result.h"

namespace turms::app {

/// Where `turms room` asks, and what for.
struct RoomQuery {
  std::string url;  // of the admin port; empty: what the configuration says
  std::string room;
  std::string identity;  // empty: everybody
  bool json = false;
  bool watch = false;  // again each second, until interrupted
};

// They print on stdout. kUnavailable: no server answers there; kNotFound: it has no such room.

Status list_rooms(const Config& config, const RoomQuery& query);
Status print_room_stats(const Config& config, const RoomQuery& query);

}  // namespace turms::app
