#include "livekit/node_metrics.h"

#include "livekit/room.h"

namespace turms::livekit {
namespace {

constexpr std::string_view kNodeType = "SERVER";

Metric& gauge(std::string_view name, std::string_view help, std::string_view node) {
  return metrics::gauge(name, help, {{"node_id", node}, {"node_type", kNodeType}});
}

Metric& published(std::string_view kind, std::string_view node) {
  return metrics::gauge("livekit_track_published_total", "Tracks that are published",
                        {{"kind", kind}, {"node_id", node}, {"node_type", kNodeType}});
}

Metric& subscribed(std::string_view kind, std::string_view node) {
  return metrics::gauge("livekit_track_subscribed_total",
                        "Tracks that reach a subscriber, once for each of both",
                        {{"kind", kind}, {"node_id", node}, {"node_type", kNodeType}});
}

Metric& messages(std::string_view direction, std::string_view node) {
  return metrics::counter("livekit_node_messages", "Messages on signalling connections",
                          {{"direction", direction},
                           {"node_id", node},
                           {"node_type", kNodeType},
                           {"status", "success"},
                           {"type", "signal"}});
}

// By JoinStep.
constexpr std::array<std::string_view, 6> kJoinStates = {
    "signal_validation_failed", "signal_failed", "signal_upgrade_failed",
    "signal_connected",         "rtc_active",    "rtc_success"};

}  // namespace

NodeMetrics::NodeMetrics(std::string_view node_id)
    : node_(node_id),
      rooms_(gauge("livekit_room_total", "Rooms that are open", node_id)),
      participants_(gauge("livekit_participant_total", "Participants that are connected", node_id)),
      published_audio_(published("AUDIO", node_id)),
      published_video_(published("VIDEO", node_id)),
      subscribed_audio_(subscribed("AUDIO", node_id)),
      subscribed_video_(subscribed("VIDEO", node_id)),
      subscribe_success_(metrics::counter(
          "livekit_track_subscribe_counter", "Tracks that began to reach a subscriber",
          {{"error", ""}, {"node_id", node_id}, {"node_type", kNodeType}, {"state", "success"}})),
      requests_(messages("request", node_id)),
      responses_(messages("response", node_id)) {
  for (size_t i = 0; i < kJoinSteps; ++i) {
    join_[i] = &metrics::counter(
        "livekit_participant_join_total", "Participants that got so far, or not, while they join",
        {{"node_id", node_id}, {"node_type", kNodeType}, {"state", kJoinStates[i]}});
  }
}

void NodeMetrics::count(const Notify& event) {
  switch (event.event) {
    case RoomEvent::kRoomStarted:
      return rooms_.add(1);
    case RoomEvent::kRoomFinished:
      return rooms_.add(-1);
    case RoomEvent::kParticipantJoined:
      count(JoinStep::kActive);
      count(JoinStep::kFirstActive);
      return participants_.add(1);
    case RoomEvent::kParticipantLeft:
      return participants_.add(-1);
    case RoomEvent::kTrackPublished:
    case RoomEvent::kTrackUnpublished:
      if (event.track) {
        (event.track->type == TrackType::kAudio ? published_audio_ : published_video_)
            .add(event.event == RoomEvent::kTrackPublished ? 1 : -1);
      }
      return;
    case RoomEvent::kParticipantConnectionAborted:
      return;
  }
}

void NodeMetrics::count_subscribed(const SubscribedTracks& now, SubscribedTracks& last) {
  subscribed_audio_.add(int64_t{now.audio} - last.audio);
  subscribed_video_.add(int64_t{now.video} - last.video);
  subscribe_success_.add(static_cast<int64_t>(now.ever - last.ever));
  last = now;
}

void NodeMetrics::count_api(std::string_view service, std::string_view method, int status,
                            std::string_view code) {
  const std::string family = status >= 500 ? "5xx" : status >= 400 ? "4xx" : std::to_string(status);
  metrics::counter("livekit_node_twirp_request_status", "Answers of the server API",
                   {{"code", code},
                    {"method", method},
                    {"node_id", node_},
                    {"node_type", kNodeType},
                    {"service", service},
                    {"status", family}})
      .add();
}

}  // namespace turms::livekit
