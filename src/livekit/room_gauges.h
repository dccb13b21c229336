#pragma once

#include <string_view>

#include "base/metrics.h"

namespace turms::livekit {

struct Notify;

/// How many rooms, connected participants and published tracks there are, under the names that
/// LiveKit's server gives them: livekit_room_total, livekit_participant_total and
/// livekit_track_published_total by kind, each with node_id and node_type.
class RoomGauges {
 public:
  explicit RoomGauges(std::string_view node_id);

  void count(const Notify& event);

 private:
  Metric& rooms_;
  Metric& participants_;
  Metric& audio_;
  Metric& video_;
};

}  // namespace turms::livekit
