#include "livekit/types.h"

#include <algorithm>

namespace turms::livekit {

bool Permission::may_publish(TrackSource source) const {
  if (!can_publish) return false;
  return can_publish_sources.empty() ||
         std::find(can_publish_sources.begin(), can_publish_sources.end(), source) !=
             can_publish_sources.end();
}

bool ParticipantInfo::is_dependent() const {
  return kind == ParticipantKind::kAgent || kind == ParticipantKind::kEgress || permission.agent ||
         permission.recorder;
}

}  // namespace turms::livekit
