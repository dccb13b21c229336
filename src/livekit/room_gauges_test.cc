#include "livekit/room_gauges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "livekit/room.h"

namespace turms::livekit {
namespace {

using ::testing::HasSubstr;

TEST(RoomGaugesTest, CountUnderLiveKitsNames) {
  RoomGauges gauges("ND_gauges");
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

}  // namespace
}  // namespace turms::livekit
