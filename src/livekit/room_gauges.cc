#include "livekit/room_gauges.h"

#include "livekit/room.h"

namespace turms::livekit {
namespace {

constexpr std::string_view kNodeType = "SERVER";

Metric& gauge(std::string_view name, std::string_view help, std::string_view node) {
  return metrics::gauge(name, help, {{"node_id", node}, {"node_type", kNodeType}});
}

Metric& tracks(std::string_view kind, std::string_view node) {
  return metrics::gauge("livekit_track_published_total", "Tracks that are published",
                        {{"kind", kind}, {"node_id", node}, {"node_type", kNodeType}});
}

}  // namespace

RoomGauges::RoomGauges(std::string_view node_id)
    : rooms_(gauge("livekit_room_total", "Rooms that are open", node_id)),
      participants_(gauge("livekit_participant_total", "Participants that are connected", node_id)),
      audio_(tracks("AUDIO", node_id)),
      video_(tracks("VIDEO", node_id)) {}

void RoomGauges::count(const Notify& event) {
  switch (event.event) {
    case RoomEvent::kRoomStarted:
      return rooms_.add(1);
    case RoomEvent::kRoomFinished:
      return rooms_.add(-1);
    case RoomEvent::kParticipantJoined:
      return participants_.add(1);
    case RoomEvent::kParticipantLeft:
      return participants_.add(-1);
    case RoomEvent::kTrackPublished:
    case RoomEvent::kTrackUnpublished:
      if (event.track) {
        (event.track->type == TrackType::kAudio ? audio_ : video_)
            .add(event.event == RoomEvent::kTrackPublished ? 1 : -1);
      }
      return;
    case RoomEvent::kParticipantConnectionAborted:
      return;
  }
}

}  // namespace turms::livekit
