#include "livekit/node_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "livekit/room.h"

namespace turms::livekit {
namespace {

using ::testing::HasSubstr;

TEST(NodeMetricsTest, CountRoomsUnderLiveKitsNames) {
  NodeMetrics gauges("ND_gauges");
  const auto note = [&](RoomEvent event, std::optional<TrackType> track = {}) {
    Notify out;
    out.event = event;
    if (track) out.track.emplace().type = *track;
    gauges.count(out);
  };
  const auto expect = [](const std::string& name, const std::string& kind, int value) {
    const std::string labels = kind + R"(node_id="ND_gauges",node_type="SERVER")";
    EXPECT_THAT(metrics::expose(),
                HasSubstr(name + "{" + labels + "} " + std::to_string(value) + "\n"));
  };
  note(RoomEvent::kRoomStarted);
  note(RoomEvent::kRoomStarted);
  note(RoomEvent::kParticipantJoined);
  note(RoomEvent::kParticipantConnectionAborted);
  note(RoomEvent::kTrackPublished, TrackType::kAudio);
  note(RoomEvent::kTrackPublished, TrackType::kVideo);
  note(RoomEvent::kTrackPublished, TrackType::kVideo);
  expect("livekit_room_total", "", 2);
  expect("livekit_participant_total", "", 1);
  expect("livekit_track_published_total", R"(kind="AUDIO",)", 1);
  expect("livekit_track_published_total", R"(kind="VIDEO",)", 2);
  note(RoomEvent::kTrackUnpublished, TrackType::kVideo);
  note(RoomEvent::kParticipantLeft);
  note(RoomEvent::kRoomFinished);
  expect("livekit_room_total", "", 1);
  expect("livekit_participant_total", "", 0);
  expect("livekit_track_published_total", R"(kind="VIDEO",)", 1);
}

TEST(NodeMetricsTest, CountWhoReceivesWhat) {
  NodeMetrics node("ND_subscribed");
  const auto exposes = [](const std::string& line) {
    EXPECT_THAT(metrics::expose(), HasSubstr(line + "\n"));
  };
  SubscribedTracks last;
  node.count_subscribed({.audio = 2, .video = 1, .ever = 3}, last);
  node.count_subscribed({.audio = 1, .video = 1, .ever = 4}, last);
  const std::string labels = R"(node_id="ND_subscribed",node_type="SERVER")";
  exposes(R"(livekit_track_subscribed_total{kind="AUDIO",)" + labels + "} 1");
  exposes(R"(livekit_track_subscribed_total{kind="VIDEO",)" + labels + "} 1");
  exposes(R"(livekit_track_subscribe_counter{error="",)" + labels + R"(,state="success"} 4)");
}

}  // namespace
}  // namespace turms::livekit
