#include "livekit/room_testing.h"

namespace turms::livekit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::RoomTest;
using ::testing::SizeIs;

TEST_F(RoomTest, JoinIsAnsweredFirstAndCompletely) {
  make();
  const auto alice = join("alice");
  ASSERT_FALSE(heard[alice].empty());
  const auto* answer = std::get_if<server::Join>(&heard[alice].front());
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->room.name, "lounge");
  EXPECT_TRUE(answer->room.sid.starts_with("RM_"));
  EXPECT_EQ(answer->room.num_participants, 1u);
  EXPECT_TRUE(answer->participant.sid.starts_with("PA_"));
  EXPECT_EQ(answer->participant.identity, "alice");
  EXPECT_EQ(answer->participant.state, ParticipantState::kJoined);
  EXPECT_TRUE(answer->subscriber_primary);
  EXPECT_TRUE(answer->fast_publish);
  EXPECT_THAT(answer->others, IsEmpty());
  EXPECT_EQ(last<server::RefreshToken>(alice).token, "token:name of alice");
  const auto offer = last<server::Description>(alice).description;
  EXPECT_EQ(offer.type, "offer");
  EXPECT_NE(offer.id, 0u);
  EXPECT_NE(offer.sdp.find("m=application"), std::string::npos) << "or it could never connect";
}

TEST_F(RoomTest, WhoMayNotSubscribeGetsNoSubscriberConnection) {
  make();
  auto parameters = as("alice");
  parameters.grants.video->can_subscribe = false;
  const auto alice = join(std::move(parameters));
  EXPECT_FALSE(last<server::Join>(alice).subscriber_primary);
  EXPECT_THAT(take<server::Description>(alice), IsEmpty());
  EXPECT_THAT(engine.transports, IsEmpty());
}

TEST_F(RoomTest, OthersHearOfComingAndGoingAtOnce) {
  make();
  const auto alice = join("alice");
  take<server::ParticipantUpdate>(alice);
  const auto bob = join("bob");
  EXPECT_THAT(last<server::Join>(bob).others, SizeIs(1));
  auto update = last<server::ParticipantUpdate>(alice);
  ASSERT_THAT(update.participants, SizeIs(1));
  EXPECT_EQ(update.participants[0].identity, "bob");

  say(bob, client::Leave{});
  EXPECT_THAT(closed, ElementsAre(bob));
  update = last<server::ParticipantUpdate>(alice);
  ASSERT_THAT(update.participants, SizeIs(1));
  EXPECT_EQ(update.participants[0].state, ParticipantState::kDisconnected);
  EXPECT_EQ(update.participants[0].disconnect_reason, DisconnectReason::kClientInitiated);
  EXPECT_EQ(room->participant_count(), 1u);
}

TEST_F(RoomTest, HiddenParticipantsAreNotSeen) {
  make();
  const auto alice = join("alice");
  take<server::ParticipantUpdate>(alice);
  auto parameters = as("ghost");
  parameters.grants.video->hidden = true;
  const auto ghost = join(std::move(parameters));
  EXPECT_THAT(take<server::ParticipantUpdate>(alice), IsEmpty());
  EXPECT_THAT(last<server::Join>(ghost).others, SizeIs(1));
  const auto bob = join("bob");
  EXPECT_THAT(last<server::Join>(bob).others, SizeIs(1));
  say(ghost, client::Leave{});
  for (const auto& update : take<server::ParticipantUpdate>(alice)) {
    for (const auto& participant : update.participants) EXPECT_NE(participant.identity, "ghost");
  }
}

TEST_F(RoomTest, TheNewerOfTwoWithOneIdentityStays) {
  make();
  const auto first = join("alice");
  const auto second = join("alice");
  EXPECT_EQ(last<server::Leave>(first).reason, DisconnectReason::kDuplicateIdentity);
  EXPECT_THAT(closed, ElementsAre(first));
  EXPECT_EQ(room->participant_count(), 1u);
  EXPECT_NE(room->participant("alice")->sid, "");
  say(first, client::Leave{});
  EXPECT_EQ(room->participant_count(), 1u) << "the older one has no say any more";
  (void)second;
}

TEST_F(RoomTest, WhoTakesOverAnIdentityDoesNotHearThatItWent) {
  make();
  const auto bob = join("bob");
  join("alice");
  take<server::ParticipantUpdate>(bob);
  const auto second = join("alice");
  const auto own = take<server::ParticipantUpdate>(second);
  ASSERT_THAT(own, SizeIs(1));
  ASSERT_THAT(own[0].participants, SizeIs(1));
  EXPECT_EQ(own[0].participants[0].sid, room->participant("alice")->sid);
  const auto others = last<server::ParticipantUpdate>(bob).participants;
  ASSERT_THAT(others, SizeIs(2)) << "the others hear of both";
  EXPECT_EQ(others[0].disconnect_reason, DisconnectReason::kDuplicateIdentity);
}

TEST_F(RoomTest, WhoHidesGoesForTheOthersOnly) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  heard.clear();
  Room::ParticipantChange change;
  change.permission = room->participant("alice")->permission;
  change.permission->hidden = true;
  ASSERT_TRUE(room->update_participant(now, "alice", change));
  drain();
  const auto own = take<server::ParticipantUpdate>(alice);
  ASSERT_THAT(own, SizeIs(1));
  ASSERT_THAT(own[0].participants, SizeIs(1));
  EXPECT_NE(own[0].participants[0].state, ParticipantState::kDisconnected);
  const auto seen = last<server::ParticipantUpdate>(bob).participants;
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_EQ(seen[0].state, ParticipantState::kDisconnected);
}

TEST_F(RoomTest, MaxParticipantsCountsPeopleOnly) {
  make({.max_participants = 1});
  join("alice");
  EXPECT_EQ(room->join(now, as("bob")).error().code, ErrorCode::kResourceExhausted);
  auto recorder = as("recorder");
  recorder.grants.kind = ParticipantKind::kEgress;
  EXPECT_TRUE(room->join(now, std::move(recorder)));
  EXPECT_TRUE(room->join(now, as("alice"))) << "coming again takes one's own place";
  EXPECT_EQ(room->info().num_participants, 1u);
}

TEST_F(RoomTest, ClosesWhenNobodyComes) {
  make({.empty_timeout_s = 30});
  events.clear();
  pass(29s);
  EXPECT_FALSE(room->closed());
  pass(1s);
  EXPECT_TRUE(room->closed());
  EXPECT_THAT(take_events(), ElementsAre(RoomEvent::kRoomFinished));
  EXPECT_EQ(engine.rooms, 0);
}

TEST_F(RoomTest, NumbersOfRoomsComeRound) {
  const media::RoomId highest(0xFFFF'FFFF);
  EXPECT_EQ(Room::id_after({}), media::RoomId(1));
  EXPECT_EQ(Room::id_after(media::RoomId(1)), media::RoomId(2));
  EXPECT_EQ(Room::id_after(highest), media::RoomId(1));
  RoomParameters parameters;
  parameters.id = highest;
  Room last(parameters, now, engine, {{}, [](size_t length) { return std::string(length, 'x'); }});
  EXPECT_EQ(last.id(), highest);
}

TEST_F(RoomTest, ClosesWhenItsNumbersAreUsedUp) {
  make({.max_ids = 20});
  const auto alice = join("alice");
  for (int i = 0; i < 20 && !room->closed(); ++i) {
    ASSERT_TRUE(room->join(now, as("bob")));
    drain();
  }
  EXPECT_TRUE(room->closed());
  EXPECT_EQ(last<server::Leave>(alice).reason, DisconnectReason::kRoomClosed);
  EXPECT_EQ(take_events().back(), RoomEvent::kRoomFinished);
  EXPECT_EQ(engine.rooms, 0);
}

TEST_F(RoomTest, ClosesSomeTimeAfterTheLastLeft) {
  make({.empty_timeout_s = 30, .departure_timeout_s = 5});
  const auto alice = join("alice");
  pass(31s);
  EXPECT_FALSE(room->closed());
  say(alice, client::Leave{});
  pass(4s);
  EXPECT_FALSE(room->closed());
  join("alice");
  pass(20s);
  EXPECT_FALSE(room->closed()) << "someone came back";
}

TEST_F(RoomTest, ADependentParticipantDoesNotKeepTheRoomOpen) {
  make({.empty_timeout_s = 300, .departure_timeout_s = 5});
  const auto alice = join("alice");
  auto agent = as("agent");
  agent.grants.kind = ParticipantKind::kAgent;
  const auto robot = join(std::move(agent));
  say(alice, client::Leave{});
  pass(5s);
  EXPECT_TRUE(room->closed());
  EXPECT_EQ(last<server::Leave>(robot).reason, DisconnectReason::kRoomClosed);
}

TEST_F(RoomTest, JoinedIsToldWhenMediaIsConnected) {
  make();
  events.clear();
  const auto alice = join("alice");
  EXPECT_THAT(take_events(), IsEmpty());
  room->on_transport_connected(now, engine.transports.begin()->second.parameters.id);
  drain();
  EXPECT_THAT(take_events(), ElementsAre(RoomEvent::kParticipantJoined));
  EXPECT_EQ(room->participant("alice")->state, ParticipantState::kActive);
  say(alice, client::Leave{});
  EXPECT_THAT(take_events(), ElementsAre(RoomEvent::kParticipantLeft));
}

TEST_F(RoomTest, WhoNeverConnectsIsRemovedQuietly) {
  make();
  events.clear();
  const auto alice = join("alice");
  pass(59s);
  EXPECT_EQ(room->participant_count(), 1u);
  pass(1s);
  EXPECT_EQ(room->participant_count(), 0u);
  EXPECT_EQ(last<server::Leave>(alice).reason, DisconnectReason::kConnectionTimeout);
  EXPECT_THAT(take_events(), ElementsAre(RoomEvent::kParticipantConnectionAborted))
      << "no one was told that it joined";
}

TEST_F(RoomTest, ADeadTransportAsksForAFreshStart) {
  make();
  // Of who cannot be asked to resume, or has never been in.
  for (const int32_t protocol : {12, 17}) {
    JoinParameters parameters = as("alice");
    parameters.protocol = protocol;
    const auto alice = join(std::move(parameters));
    const auto transport = engine.transports.begin()->second.parameters.id;
    if (protocol == 12) room->on_transport_connected(now, transport);
    room->on_transport_failed(now, transport);
    drain();
    const auto leave = last<server::Leave>(alice);
    EXPECT_EQ(leave.action, server::LeaveAction::kReconnect);
    EXPECT_EQ(room->participant_count(), 0u);
    EXPECT_THAT(engine.transports, IsEmpty());
    room->on_transport_failed(now, transport);  // late news of something gone
    drain();
  }
}

TEST_F(RoomTest, WhoClosesOneConnectionStaysWithTheOther) {
  make();
  const auto bob = join("bob");
  answer(bob);
  const auto alice = join("alice");
  answer(alice);
  const auto subscriber = last_transport();
  room->on_transport_connected(now, subscriber);
  ASSERT_NE(publish(alice, "mic", TrackSource::kMicrophone, {microphone()}), "");
  const auto publisher = engine.received.begin()->second.transport;
  room->on_transport_connected(now, publisher);
  drain();
  answer(bob);
  ASSERT_THAT(engine.sent, SizeIs(1));

  room->on_transport_closed(now, publisher);
  drain();
  EXPECT_THAT(take<server::TrackUnpublished>(alice), SizeIs(1)) << "what it carried ends";
  EXPECT_THAT(engine.received, IsEmpty());
  EXPECT_THAT(engine.sent, IsEmpty());
  EXPECT_FALSE(engine.transports.contains(publisher.value));
  pass(5min);
  EXPECT_EQ(room->participant("alice")->state, ParticipantState::kActive);
  EXPECT_THAT(take<server::Leave>(alice), IsEmpty());

  ASSERT_NE(publish(alice, "mic", TrackSource::kMicrophone, {microphone()}), "");
  EXPECT_THAT(engine.received, SizeIs(1)) << "another offer opens another connection";
  EXPECT_NE(engine.received.begin()->second.transport, publisher);
}

TEST_F(RoomTest, WhoClosesItsSubscriberIsOfferedNothingUntilItResumes) {
  make();
  const auto bob = join("bob");
  ASSERT_NE(publish(bob, "mic", TrackSource::kMicrophone, {microphone()}), "");
  const auto alice = join("alice");
  answer(alice);
  ASSERT_THAT(engine.sent, SizeIs(1));
  const auto subscriber = last_transport();
  room->on_transport_connected(now, subscriber);
  room->on_transport_closed(now, subscriber);
  drain();
  EXPECT_THAT(engine.sent, IsEmpty());
  EXPECT_FALSE(engine.transports.contains(subscriber.value));
  ASSERT_NE(publish(bob, "cam", TrackSource::kCamera, {microphone(), camera()}), "");
  EXPECT_THAT(take<server::Description>(alice), IsEmpty());

  ASSERT_TRUE(room->resume(now, "alice", false));
  drain();
  answer(alice);
  EXPECT_THAT(engine.sent, SizeIs(2));
  room->on_transport_connected(now, last_transport());
  pass(5min);
  EXPECT_TRUE(room->participant("alice"));
}

TEST_F(RoomTest, WhoClosesItsLastConnectionMayStartAfreshLater) {
  make();
  const auto alice = join("alice");
  const auto subscriber = last_transport();
  room->on_transport_connected(now, subscriber);
  room->on_transport_closed(now, subscriber);
  drain();
  pass(Room::kMediaTimeout - 1ms);
  EXPECT_TRUE(room->participant("alice")) << "its signalling connection is there";
  pass(1ms);
  EXPECT_FALSE(room->participant("alice"));
  EXPECT_EQ(last<server::Leave>(alice).action, server::LeaveAction::kReconnect);
  room->on_transport_closed(now, subscriber);  // late news of something gone
  drain();
}

TEST_F(RoomTest, WhoClosesEverythingIsGoneAtOnce) {
  make();
  for (const bool signal_first : {true, false}) {
    const auto alice = join("alice");
    const auto subscriber = last_transport();
    room->on_transport_connected(now, subscriber);
    if (signal_first) room->on_signal_closed(now, alice);
    room->on_transport_closed(now, subscriber);
    if (!signal_first) room->on_signal_closed(now, alice);
    drain();
    EXPECT_EQ(room->participant_count(), 0u);
    EXPECT_THAT(engine.transports, IsEmpty());
    EXPECT_EQ(events.back().participant->disconnect_reason, DisconnectReason::kSignalClose);
  }
}

TEST_F(RoomTest, ABrokenSignalMayResumeWithinTheGrace) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  answer(alice);
  room->on_signal_closed(now, alice);
  drain();
  heard[alice].clear();
  pass(9s);
  ASSERT_EQ(room->participant_count(), 2u);
  say(bob, client::UpdateMetadata{});
  EXPECT_THAT(heard[alice], IsEmpty());

  EXPECT_FALSE(room->resume(now, "carol", false));
  const auto resumed = room->resume(now, "alice", false);
  ASSERT_TRUE(resumed);
  EXPECT_EQ(*resumed, alice);
  drain();
  ASSERT_FALSE(heard[alice].empty());
  EXPECT_TRUE(std::holds_alternative<server::Reconnect>(heard[alice].front()));
  EXPECT_THAT(last<server::ParticipantUpdate>(alice).participants, SizeIs(2));
  EXPECT_EQ(last<server::Description>(alice).description.type, "offer") << "an ICE restart";
  EXPECT_EQ(engine.transports.begin()->second.restarts, 1);
  pass(30s);
  EXPECT_EQ(room->participant_count(), 2u);
}

TEST_F(RoomTest, ABrokenSignalEndsAfterTheGrace) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  room->on_signal_closed(now, alice);
  pass(Room::kResumeGrace);
  EXPECT_EQ(room->participant_count(), 1u);
  const auto update = last<server::ParticipantUpdate>(bob);
  EXPECT_EQ(update.participants.back().disconnect_reason, DisconnectReason::kSignalClose);
}

TEST_F(RoomTest, TokensAreRefreshed) {
  make();
  const auto alice = join("alice");
  room->on_transport_connected(now, engine.transports.begin()->second.parameters.id);
  take<server::RefreshToken>(alice);
  pass(5min);
  EXPECT_THAT(take<server::RefreshToken>(alice), SizeIs(1));
  pass(5min);
  EXPECT_THAT(take<server::RefreshToken>(alice), SizeIs(1));
}

TEST_F(RoomTest, ARefreshedTokenHasTheGrantsAsTheyAreNow) {
  make();
  auto manager = as("alice");
  manager.grants.video->room_admin = true;
  join(std::move(manager));
  Room::ParticipantChange demoted;
  demoted.metadata = "guest";
  demoted.permission = room->participant("alice")->permission;
  demoted.permission->can_publish = false;
  ASSERT_TRUE(room->update_participant(now, "alice", demoted));
  ASSERT_TRUE(minted.video);
  EXPECT_FALSE(minted.video->permission().can_publish);
  EXPECT_EQ(minted.metadata, "guest");
  EXPECT_TRUE(minted.video->room_admin) << "no permission speaks of it, in LiveKit as well";
}

TEST_F(RoomTest, PingsAreAnsweredInBothForms) {
  make();
  const auto alice = join("alice");
  say(alice, client::LegacyPing{5});
  say(alice, client::Ping{7, 1});
  EXPECT_EQ(last<server::LegacyPong>(alice).timestamp, now.wall.unix_ms);
  EXPECT_EQ(last<server::Pong>(alice).last_ping_timestamp, 7);
}

}  // namespace
}  // namespace turms::livekit
