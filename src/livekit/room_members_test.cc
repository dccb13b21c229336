#include "livekit/room_testing.h"

namespace turms::livekit {
namespace {

using testing::client_answer;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::RoomTest;
using ::testing::SizeIs;

TEST_F(RoomTest, UpdatingOneselfNeedsTheRightAndKeepsTheLimits) {
  make({.max_metadata = 10, .max_attributes = 10, .max_name = 10});
  const auto alice = join("alice");
  auto parameters = as("bob");
  parameters.grants.video->can_update_own_metadata = true;
  const auto bob = join(std::move(parameters));
  say(alice, client::UpdateMetadata{"x", "", {}, 1});
  EXPECT_THAT(take<server::RequestResponse>(alice), IsEmpty())
      << "the Rust SDK is not ready for it";
  pass(Room::kRequestResponseDelay);
  EXPECT_EQ(last<server::RequestResponse>(alice).reason, server::RequestReason::kNotAllowed);
  say(bob, client::UpdateMetadata{"Bobby", "meta", {{"k", "v"}}, 2});
  pass(Room::kRequestResponseDelay);
  auto response = last<server::RequestResponse>(bob);
  EXPECT_EQ(response.reason, server::RequestReason::kOk);
  EXPECT_EQ(response.request_id, 2u);
  const auto seen = last<server::ParticipantUpdate>(alice).participants[0];
  EXPECT_EQ(seen.name, "Bobby");
  EXPECT_EQ(seen.metadata, "meta");
  EXPECT_EQ(seen.attributes, (Attributes{{"k", "v"}}));
  say(bob, client::UpdateMetadata{"", "", {{"k", ""}}, 3});
  EXPECT_THAT(room->participant("bob")->attributes, IsEmpty());
  EXPECT_EQ(room->participant("bob")->name, "Bobby");
  for (const client::UpdateMetadata& big :
       {client::UpdateMetadata{"elevenchars", "", {}, 4},
        client::UpdateMetadata{"", "elevenchars", {}, 5},
        client::UpdateMetadata{"", "", {{"eleven", "chars"}}, 6}}) {
    say(bob, big);
    pass(Room::kRequestResponseDelay);
    response = last<server::RequestResponse>(bob);
    EXPECT_EQ(response.reason, server::RequestReason::kLimitExceeded) << response.request_id;
  }
}

TEST_F(RoomTest, WhoIsMovedHearsWhereTo) {
  make();
  auto parameters = as("alice");
  parameters.grants.room_settings.emplace().max_participants = 5;
  parameters.grants.room_config = R"({"maxParticipants":5})";
  parameters.grants.room_preset = "large";
  const auto alice = join(std::move(parameters));
  const auto bob = join("bob");
  heard.clear();
  RoomInfo attic;
  attic.sid = "RM_attic";
  attic.name = "attic";
  ASSERT_TRUE(room->move_participant(now, "alice", attic));
  drain();
  EXPECT_EQ(minted.video->room, "attic");
  EXPECT_FALSE(minted.room_settings) << "they are of the room that it leaves";
  EXPECT_EQ(minted.room_config, "");
  EXPECT_EQ(minted.room_preset, "");
  const auto& told = heard[alice];
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_TRUE(std::holds_alternative<server::RefreshToken>(told[0]));
  const auto& moved = std::get<server::RoomMoved>(told[1]);
  EXPECT_EQ(moved.room.sid, "RM_attic");
  EXPECT_EQ(moved.participant.identity, "alice");
  EXPECT_EQ(moved.token, std::get<server::RefreshToken>(told[0]).token);
  EXPECT_EQ(std::get<server::Leave>(told[2]).action, server::LeaveAction::kReconnect);
  EXPECT_THAT(closed, ElementsAre(alice));
  const auto seen = last<server::ParticipantUpdate>(bob).participants[0];
  EXPECT_EQ(seen.identity, "alice");
  EXPECT_EQ(seen.state, ParticipantState::kDisconnected);
}

TEST_F(RoomTest, WhoCannotHearOfAMoveStays) {
  make();
  const auto alice = join("alice");
  room->on_signal_closed(now, alice);
  drain();
  RoomInfo attic;
  attic.name = "attic";
  const Status moved = room->move_participant(now, "alice", attic);
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, ErrorCode::kFailedPrecondition);
  ASSERT_TRUE(room->resume(now, "alice", false));
  drain();
  EXPECT_TRUE(take<server::RoomMoved>(alice).empty());
  EXPECT_EQ(minted.video->room, "lounge");
  EXPECT_TRUE(room->move_participant(now, "alice", attic));
  drain();
  EXPECT_EQ(minted.video->room, "attic");
}

TEST_F(RoomTest, VersionsGrowWithEveryChange) {
  make();
  const auto alice = join("alice");
  uint32_t version = room->participant("alice")->version;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(room->update_participant(now, "alice", {std::to_string(i), "", {}, std::nullopt}));
    drain();
    EXPECT_GT(room->participant("alice")->version, version);
    version = room->participant("alice")->version;
  }
  (void)alice;
}

TEST_F(RoomTest, AnUpdateThatChangesNothingIsSilent) {
  make();
  const auto alice = join("alice");
  const Room::ParticipantChange change{"Alice", "meta", {{"k", "v"}}, std::nullopt};
  ASSERT_TRUE(room->update_participant(now, "alice", change));
  drain();
  const auto before = *room->participant("alice");
  heard.clear();
  auto same = change;
  same.permission = before.permission;
  ASSERT_TRUE(room->update_participant(now, "alice", same));
  drain();
  EXPECT_EQ(room->participant("alice")->version, before.version);
  EXPECT_THAT(heard[alice], IsEmpty());
}

TEST_F(RoomTest, SpeakersAreToldAsChanges) {
  make();
  const auto alice = join("alice");
  publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  const std::string sid = room->participant("alice")->sid;
  const media::TrackId track = track_id("2");
  room->on_speakers(now, {{track, 0.5F}});
  drain();
  auto speakers = last<server::SpeakersChanged>(alice).speakers;
  ASSERT_THAT(speakers, SizeIs(1));
  EXPECT_EQ(speakers[0].participant_sid, sid);
  EXPECT_TRUE(speakers[0].active);
  room->on_speakers(now, {{track, 0.5F}});
  drain();
  EXPECT_THAT(take<server::SpeakersChanged>(alice), IsEmpty());
  room->on_speakers(now, {});
  drain();
  speakers = last<server::SpeakersChanged>(alice).speakers;
  ASSERT_THAT(speakers, SizeIs(1));
  EXPECT_FALSE(speakers[0].active);
}

TEST_F(RoomTest, WhoHasTheFloorIsToldFirst) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  publish(alice, "a", TrackSource::kMicrophone, {microphone()});
  const media::TrackId track_a(engine.received.rbegin()->first);
  publish(bob, "b", TrackSource::kMicrophone, {microphone()});
  const media::TrackId track_b(engine.received.rbegin()->first);
  for (const bool alice_first : {true, false}) {
    const auto front = alice_first ? track_a : track_b;
    const auto back = alice_first ? track_b : track_a;
    room->on_speakers(now, {{front, 0.75F}, {back, 0.5F}});
    drain();
    const auto speakers = last<server::SpeakersChanged>(bob).speakers;
    ASSERT_THAT(speakers, SizeIs(2));
    EXPECT_EQ(speakers[0].participant_sid, room->participant(alice_first ? "alice" : "bob")->sid);
    EXPECT_EQ(speakers[0].level, 0.75F);
  }
}

TEST_F(RoomTest, OnlyMicrophonesOfPeopleAreLeftOutInLargeRooms) {
  RoomParameters parameters;
  parameters.audio_sources = 7;
  make(std::move(parameters));
  EXPECT_EQ(engine.room_settings.audio_sources, 7U);
  const auto always = [&](ParticipantKind kind, TrackSource source) {
    auto who = as("guest" + std::to_string(tokens));
    who.grants.kind = kind;
    publish(join(std::move(who)), "sound", source, {microphone()});
    return engine.received.rbegin()->second.always_forwarded;
  };
  EXPECT_FALSE(always(ParticipantKind::kStandard, TrackSource::kMicrophone));
  EXPECT_TRUE(always(ParticipantKind::kStandard, TrackSource::kScreenShareAudio));
  EXPECT_TRUE(always(ParticipantKind::kStandard, TrackSource::kUnknown));
  EXPECT_TRUE(always(ParticipantKind::kAgent, TrackSource::kMicrophone));
  EXPECT_TRUE(always(ParticipantKind::kSip, TrackSource::kMicrophone));
}

TEST_F(RoomTest, ConnectionQualityFollowsLoss) {
  make();
  const auto alice = join("alice");
  connect();
  publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  uint64_t packets = 0;
  uint64_t lost = 0;
  const auto window = [&](uint64_t received, uint64_t missing) {
    packets += received;
    lost += missing;
    room->on_statistics(now, {{track_id("2"), packets, packets * 100, lost, 0, 1}}, {});
    pass(5s);
    return take<server::ConnectionQualityUpdate>(alice);
  };
  auto told = window(250, 0);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].updates[0].quality, ConnectionQuality::kExcellent);
  EXPECT_THAT(window(250, 0), IsEmpty()) << "nothing changed";
  told = window(200, 50);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].updates[0].quality, ConnectionQuality::kPoor);
  told = window(250, 0);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].updates[0].quality, ConnectionQuality::kGood) << "it recovers by and by";
}

TEST_F(RoomTest, CountsReachClientsAtMostOncePerSecond) {
  make();
  const auto alice = join("alice");
  pass(2s);
  take<server::RoomUpdate>(alice);
  for (int i = 0; i < 10; ++i) join("p" + std::to_string(i));
  EXPECT_LE(take<server::RoomUpdate>(alice).size(), 1u);
  pass(1s);
  const auto updates = take<server::RoomUpdate>(alice);
  ASSERT_THAT(updates, SizeIs(1));
  EXPECT_EQ(updates[0].room.num_participants, 11u);
  room->update_metadata(now, "new");
  drain();
  EXPECT_EQ(last<server::RoomUpdate>(alice).room.metadata, "new") << "but metadata at once";
}

TEST_F(RoomTest, WhileARecorderIsInTheRoomIsSaidToBeRecorded) {
  make();
  const auto alice = join("alice");
  take<server::RoomUpdate>(alice);
  auto recorder = as("recorder");
  recorder.grants.video->recorder = true;
  recorder.grants.video->hidden = true;
  const auto key = join(recorder);
  EXPECT_TRUE(last<server::RoomUpdate>(alice).room.active_recording) << "at once";
  room->on_message(now, key, client::Leave{});
  drain();
  EXPECT_FALSE(last<server::RoomUpdate>(alice).room.active_recording);
}

TEST_F(RoomTest, DeletingTheRoomTellsEveryone) {
  make();
  const auto alice = join("alice");
  room->on_transport_connected(now, engine.transports.begin()->second.parameters.id);
  drain();
  events.clear();
  room->close(now, DisconnectReason::kRoomDeleted);
  drain();
  const auto leave = last<server::Leave>(alice);
  EXPECT_EQ(leave.reason, DisconnectReason::kRoomDeleted);
  EXPECT_EQ(leave.action, server::LeaveAction::kDisconnect);
  EXPECT_THAT(take_events(), ElementsAre(RoomEvent::kParticipantLeft, RoomEvent::kRoomFinished));
  EXPECT_THAT(closed, ElementsAre(alice));
}

// ---- hostile clients

TEST_F(RoomTest, MalformedDescriptionsEndTheSession) {
  for (const char* bad : {"", "v=0", "not sdp at all"}) {
    make();
    const auto alice = join("alice");
    say(alice, client::Description{{"offer", bad, 1}});
    EXPECT_EQ(room->participant_count(), 0u) << bad;
    make();
    const auto bob = join("bob");
    say(bob, client::Description{{"answer", bad, 0}});
    EXPECT_EQ(room->participant_count(), 0u) << bad;
  }
}

TEST_F(RoomTest, TracksAreBounded) {
  make({.max_tracks = 3});
  const auto alice = join("alice");
  for (int i = 0; i < 5; ++i) {
    client::AddTrack add;
    add.cid = "cid" + std::to_string(i);
    say(alice, add);
  }
  EXPECT_THAT(take<server::TrackPublished>(alice), SizeIs(3));
  const auto refusals = take<server::RequestResponse>(alice);
  ASSERT_THAT(refusals, SizeIs(2));
  EXPECT_EQ(refusals[0].reason, server::RequestReason::kLimitExceeded);
}

TEST_F(RoomTest, ByDefaultTracksEndWhereTheEnginesDo) {
  make();
  const auto alice = join("alice");
  for (size_t i = 0; i <= media::kMaxTracksPerTransport; ++i) {
    client::AddTrack add;
    add.cid = "cid" + std::to_string(i);
    say(alice, add);
  }
  EXPECT_THAT(take<server::TrackPublished>(alice), SizeIs(media::kMaxTracksPerTransport));
  EXPECT_EQ(last<server::RequestResponse>(alice).reason, server::RequestReason::kLimitExceeded);
}

TEST_F(RoomTest, MembersAreBoundedWhoeverTheyAre) {
  EXPECT_EQ(RoomParameters{}.max_members * 2, media::kMaxTransportsPerRoom);
  make({.max_members = 2});
  join("alice");
  auto recorder = as("recorder");
  recorder.grants.kind = ParticipantKind::kEgress;
  join(std::move(recorder));
  auto agent = as("agent");
  agent.grants.kind = ParticipantKind::kAgent;
  EXPECT_EQ(room->join(now, std::move(agent)).error().code, ErrorCode::kResourceExhausted);
  EXPECT_TRUE(room->join(now, as("alice"))) << "coming again takes one's own place";
}

TEST_F(RoomTest, NonsenseIsHarmless) {
  make();
  const auto alice = join("alice");
  say(alice, MuteTrack{"TR_none", true});
  say(alice, client::UpdateTrackSettings{{"TR_none", ""}, true});
  say(alice, client::UpdateSubscription{{""}, false});
  say(alice, client::UpdateAudioTrack{"x", {1}});
  say(alice, client::UpdateVideoTrack{"x", 1, 1});
  say(alice, client::SubscriptionPermission{});
  say(alice, client::SyncState{});
  say(alice, client::AddTrack{});
  say(alice, client::Description{{"answer", "v=0", 99}});
  say(ParticipantKey(12345), client::Leave{});
  EXPECT_EQ(room->participant_count(), 1u);
  say(alice, client::Simulate{client::Scenario::kServerLeave});
  EXPECT_EQ(room->participant_count(), 0u);
}

}  // namespace
}  // namespace turms::livekit
