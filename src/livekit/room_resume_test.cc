#include "livekit/room_testing.h"

namespace turms::livekit::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RoomResumeTest : public RoomOfTwoTest {
 protected:
  void lose_signal(ParticipantKey key) {
    room->on_signal_closed(now, key);
    drain();
    heard[key].clear();
  }
  bool resume(const std::string& identity) {
    const bool resumed = room->resume(now, identity, false).has_value();
    drain();
    return resumed;
  }
};

TEST_F(RoomResumeTest, WhoseSessionEndedForGoodDoesNotTakeOverAnother) {
  const std::string replaced = room->participant("alice")->sid;
  const std::string removed = room->participant("bob")->sid;
  const auto carol = join("carol");
  const std::string left = room->participant("carol")->sid;
  EXPECT_FALSE(room->ended(replaced));
  lose_signal(alice);
  lose_signal(bob);
  join("alice");
  ASSERT_TRUE(room->remove_participant(now, "bob"));
  say(carol, client::Leave{});

  ASSERT_TRUE(room->ended(replaced));
  EXPECT_EQ(room->ended(replaced)->reason, DisconnectReason::kDuplicateIdentity);
  EXPECT_EQ(room->ended(replaced)->action, server::LeaveAction::kDisconnect);
  ASSERT_TRUE(room->ended(removed));
  EXPECT_EQ(room->ended(removed)->reason, DisconnectReason::kParticipantRemoved);
  EXPECT_FALSE(room->ended(left)) << "it may come again";
  EXPECT_FALSE(room->ended(room->participant("alice")->sid));
  EXPECT_FALSE(room->ended("PA_never"));
  EXPECT_FALSE(room->ended(""));
}

TEST_F(RoomResumeTest, WhoWasAwayHearsWhoLeftFirst) {
  const auto carol = join("carol");
  const std::string carol_sid = room->participant("carol")->sid;
  lose_signal(alice);
  say(carol, client::Leave{});
  join("dave");
  ASSERT_TRUE(resume("alice"));
  ASSERT_TRUE(std::holds_alternative<server::Reconnect>(heard[alice].at(0)));
  const auto updates = take<server::ParticipantUpdate>(alice);
  ASSERT_THAT(updates, SizeIs(2));
  ASSERT_THAT(updates[0].participants, SizeIs(1));
  EXPECT_EQ(updates[0].participants[0].sid, carol_sid);
  EXPECT_EQ(updates[0].participants[0].state, ParticipantState::kDisconnected);
  EXPECT_THAT(updates[1].participants, SizeIs(3)) << "bob, dave and itself";
  EXPECT_EQ(last<server::RoomUpdate>(alice).room.name, "lounge");
}

TEST_F(RoomResumeTest, WhatWasSaidIntoABrokenConnectionIsSaidAgain) {
  // The break is noticed late: the update about carol went nowhere.
  const auto carol = join("carol");
  say(alice, client::Ping{1, 1});
  pass(3s);
  say(carol, client::Leave{});
  pass(20s);
  lose_signal(alice);
  ASSERT_TRUE(resume("alice"));
  const auto updates = take<server::ParticipantUpdate>(alice);
  ASSERT_THAT(updates, SizeIs(2));
  EXPECT_EQ(updates[0].participants[0].identity, "carol");
}

TEST_F(RoomResumeTest, WhoMissedTooMuchJoinsAnew) {
  lose_signal(alice);
  for (size_t i = 0; i <= Room::kMaxGone; ++i) {
    const auto guest = join("guest");
    room->remove_participant(now, "guest");
    drain();
    heard.erase(guest);
  }
  EXPECT_FALSE(resume("alice"));
  // Whoever was there all the time resumes.
  pass(1s);
  say(bob, client::Ping{1, 1});
  lose_signal(bob);
  EXPECT_TRUE(resume("bob"));
}

TEST_F(RoomResumeTest, APublicationUnderWayIsConfirmedAgain) {
  client::AddTrack add;
  add.cid = "mic";
  add.info.source = TrackSource::kMicrophone;
  say(alice, add);
  lose_signal(alice);
  ASSERT_TRUE(resume("alice"));
  EXPECT_EQ(last<server::TrackPublished>(alice).cid, "mic");
}

TEST_F(RoomResumeTest, WhatAPublisherForbadeIsSaidAgain) {
  const std::string sid = publish(bob, "mic", TrackSource::kMicrophone, {microphone()});
  say(bob, client::SubscriptionPermission{});
  EXPECT_FALSE(last<server::SubscriptionPermissionUpdate>(alice).allowed);
  lose_signal(alice);
  ASSERT_TRUE(resume("alice"));
  const auto update = last<server::SubscriptionPermissionUpdate>(alice);
  EXPECT_EQ(update.track_sid, sid);
  EXPECT_FALSE(update.allowed);
  // And that it is allowed again, which may have been on its way as well.
  say(bob, client::SubscriptionPermission{.all_participants = true, .tracks = {}});
  lose_signal(alice);
  ASSERT_TRUE(resume("alice"));
  EXPECT_TRUE(last<server::SubscriptionPermissionUpdate>(alice).allowed);
}

// ---- sync_state

TEST_F(RoomResumeTest, WhatTheClientWantedMeanwhileIsDone) {
  const std::string mic = publish(bob, "mic", TrackSource::kMicrophone, {microphone()});
  const std::string cam = publish(bob, "cam", TrackSource::kCamera, {microphone(), camera()});
  answer(alice);
  ASSERT_THAT(engine.sent, SizeIs(2));
  lose_signal(alice);
  ASSERT_TRUE(resume("alice"));
  answer(alice);
  client::SyncState state;
  state.subscription = {{mic}, false};
  state.track_sids_disabled = {cam, "TR_unknown"};
  say(alice, state);
  ASSERT_THAT(engine.sent, SizeIs(1));
  EXPECT_TRUE(engine.layers.at(engine.sent.begin()->first).paused);
}

TEST_F(RoomResumeTest, ATrackThatOnlyTheClientKnowsNeedsAFreshStart) {
  const std::string mic = publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  client::SyncState state;
  state.publish_tracks.emplace_back();
  state.publish_tracks[0].track.sid = mic;
  say(alice, state);
  EXPECT_THAT(take<server::Leave>(alice), IsEmpty());
  state.publish_tracks[0].track.sid = "TR_unknown";
  say(alice, state);
  const auto leave = last<server::Leave>(alice);
  EXPECT_EQ(leave.reason, DisconnectReason::kStateMismatch);
  EXPECT_EQ(leave.action, server::LeaveAction::kReconnect);
}

// ---- a transport that fell silent

TEST_F(RoomResumeTest, ASilentTransportIsAskedToResume) {
  const std::string mic = publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  answer(bob);
  room->on_transport_failed(now, engine.transports.begin()->second.parameters.id);
  drain();
  const auto leave = last<server::Leave>(alice);
  EXPECT_EQ(leave.reason, DisconnectReason::kConnectionTimeout);
  EXPECT_EQ(leave.action, server::LeaveAction::kResume);
  EXPECT_EQ(last<server::ConnectionQualityUpdate>(bob).updates[0].quality,
            ConnectionQuality::kLost);
  EXPECT_EQ(room->participant_count(), 2u);

  ASSERT_TRUE(resume("alice"));
  connect();
  pass(5s);
  EXPECT_EQ(last<server::ConnectionQualityUpdate>(bob).updates[0].quality,
            ConnectionQuality::kExcellent);
  pass(2min);
  EXPECT_EQ(room->participant_count(), 2u);
  EXPECT_THAT(engine.sent, SizeIs(1)) << "the subscription was kept";
}

TEST_F(RoomResumeTest, WhoWaitsForTheEndOfItsConnectionGetsIt) {
  room->on_transport_failed(now, engine.transports.begin()->second.parameters.id);
  drain();
  EXPECT_THAT(closed, IsEmpty()) << "it may be resuming";
  pass(2s);
  EXPECT_THAT(closed, ElementsAre(alice));
  closed.clear();
  ASSERT_TRUE(resume("alice"));
  connect();
  pass(2min);
  EXPECT_THAT(closed, IsEmpty());
  EXPECT_EQ(room->participant_count(), 2u);
}

TEST_F(RoomResumeTest, BothTransportsOfAClientFallSilentTogether) {
  publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  connect();
  const auto subscriber = engine.transports.begin()->second.parameters.id;
  const auto publisher = engine.received.begin()->second.transport;
  ASSERT_NE(subscriber, publisher);
  room->on_transport_failed(now, subscriber);
  room->on_transport_failed(now, publisher);
  drain();
  EXPECT_THAT(take<server::Leave>(alice), SizeIs(1));
  EXPECT_TRUE(resume("alice"));
  connect();
  pass(2min);
  EXPECT_EQ(room->participant_count(), 2u);
}

TEST_F(RoomResumeTest, ATransportThatCarriedNothingNeedNotComeBack) {
  say(alice, client::Description{{"offer", client_offer({}), ++offer_ids, {}}});
  const auto publisher = last_transport();
  room->on_transport_connected(now, publisher);
  room->on_transport_failed(now, publisher);
  drain();
  ASSERT_TRUE(resume("alice"));
  pass(2min);
  EXPECT_EQ(room->participant_count(), 2u);
}

TEST_F(RoomResumeTest, WhoVanishedIsGoneAfterTheGrace) {
  room->on_transport_failed(now, engine.transports.begin()->second.parameters.id);
  drain();
  pass(Room::kSilenceGrace);
  EXPECT_EQ(room->participant_count(), 1u);
  EXPECT_EQ(last<server::ParticipantUpdate>(bob).participants[0].disconnect_reason,
            DisconnectReason::kConnectionTimeout);
}

TEST_F(RoomResumeTest, WhoResumesAndStaysSilentIsGoneInTheEnd) {
  room->on_transport_failed(now, engine.transports.begin()->second.parameters.id);
  drain();
  ASSERT_TRUE(resume("alice"));
  pass(Room::kConnectTimeout - 1s);
  EXPECT_EQ(room->participant_count(), 2u);
  pass(1s);
  EXPECT_EQ(room->participant_count(), 1u);
}

// ---- scenarios of test clients

TEST_F(RoomResumeTest, AMigrationGoesOnHere) {
  const std::string mic = publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  say(alice, client::Simulate{client::Scenario::kMigration});
  const auto leave = last<server::Leave>(alice);
  EXPECT_EQ(leave.action, server::LeaveAction::kResume);
  EXPECT_EQ(leave.reason, DisconnectReason::kMigration);
  ASSERT_TRUE(resume("alice"));
  EXPECT_THAT(room->participant("alice")->tracks, SizeIs(1));
}

TEST_F(RoomResumeTest, ASpeakerIsSimulatedForSoManySeconds) {
  const std::string sid = room->participant("alice")->sid;
  say(alice, client::Simulate{client::Scenario::kSpeaker, 3});
  EXPECT_TRUE(last<server::SpeakersChanged>(bob).speakers[0].active);
  pass(2s);
  EXPECT_THAT(take<server::SpeakersChanged>(bob), IsEmpty());
  pass(1s);
  const auto end = last<server::SpeakersChanged>(bob);
  EXPECT_EQ(end.speakers[0].participant_sid, sid);
  EXPECT_FALSE(end.speakers[0].active);
}

TEST_F(RoomResumeTest, ABandwidthIsSimulatedUntilItIsLifted) {
  say(bob, client::Simulate{client::Scenario::kSubscriberBandwidth, 100'000});
  ASSERT_THAT(engine.path_limits, SizeIs(1));
  EXPECT_EQ(engine.path_limits.begin()->second.max_bps, 100'000U);
  say(bob, client::Simulate{client::Scenario::kSubscriberBandwidth, 0});
  EXPECT_EQ(engine.path_limits.begin()->second.max_bps, 0U);
  say(bob, client::Simulate{client::Scenario::kSubscriberBandwidth, -5});
  EXPECT_EQ(engine.path_limits.begin()->second.max_bps, 0U);
}

TEST_F(RoomResumeTest, TheSignalIsLostOnceMoreAfterAResume) {
  say(alice, client::Simulate{client::Scenario::kDisconnectSignalOnResume});
  lose_signal(alice);
  ASSERT_TRUE(resume("alice"));
  EXPECT_THAT(take<server::Reconnect>(alice), SizeIs(1));
  EXPECT_THAT(closed, ElementsAre(alice));
  closed.clear();
  ASSERT_TRUE(resume("alice"));
  EXPECT_THAT(closed, IsEmpty());
  pass(1min);
  EXPECT_EQ(room->participant_count(), 2u);
}

TEST_F(RoomResumeTest, TheSignalIsLostBeforeAnyAnswerThreeTimes) {
  say(alice, client::Simulate{client::Scenario::kDisconnectSignalOnResumeNoMessages});
  lose_signal(alice);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(resume("alice"));
    EXPECT_THAT(heard[alice], IsEmpty());
    EXPECT_THAT(closed, ElementsAre(alice));
    closed.clear();
  }
  ASSERT_TRUE(resume("alice"));
  EXPECT_THAT(take<server::Reconnect>(alice), SizeIs(1));
  EXPECT_THAT(closed, IsEmpty());
}

TEST_F(RoomResumeTest, AScenarioIsForgottenAfterAWhile) {
  say(alice, client::Simulate{client::Scenario::kDisconnectSignalOnResume});
  pass(Room::kScenarioLife);
  lose_signal(alice);
  ASSERT_TRUE(resume("alice"));
  EXPECT_THAT(closed, IsEmpty());
}

TEST_F(RoomResumeTest, AFailedNodeSaysNothing) {
  say(alice, client::Simulate{client::Scenario::kNodeFailure});
  EXPECT_THAT(take<server::Leave>(alice), IsEmpty());
  EXPECT_FALSE(resume("alice"));
}

TEST_F(RoomResumeTest, ATransportThatFallsSilentDuringAMigrationHasNoMoreTimeThanAnother) {
  say(alice, client::Simulate{client::Scenario::kMigration});
  pass(1s);
  room->on_transport_failed(now, engine.transports.begin()->second.parameters.id);
  drain();
  pass(4900ms);
  EXPECT_EQ(room->participant_count(), 2u);
  pass(100ms);
  EXPECT_EQ(room->participant_count(), 1u);
}

TEST_F(RoomResumeTest, AnotherWayToTheMediaIsOfferedAsAsked) {
  using enum client::CandidateProtocol;
  const auto policy = [&] { return engine.transports.begin()->second.parameters.candidates; };
  const auto ask = [&](client::CandidateProtocol way) {
    heard[alice].clear();
    say(alice,
        client::Simulate{client::Scenario::kSwitchCandidateProtocol, static_cast<int64_t>(way)});
    return last<server::Description>(alice).description;
  };
  const int restarts = engine.transports.begin()->second.restarts;
  EXPECT_EQ(ask(kTcp).type, "offer");
  EXPECT_EQ(policy(), (media::CandidatePolicy{.udp = false, .tcp = true}));
  EXPECT_EQ(engine.transports.begin()->second.restarts, restarts + 1);
  answer(alice);
  lose_signal(alice);
  ASSERT_TRUE(resume("alice"));
  EXPECT_FALSE(last<server::Reconnect>(alice).client_configuration.force_relay);
  answer(alice);
  // TLS is the relay's, also for who comes back.
  ask(kTls);
  answer(alice);
  lose_signal(alice);
  ASSERT_TRUE(resume("alice"));
  EXPECT_TRUE(last<server::Reconnect>(alice).client_configuration.force_relay);
  answer(alice);
  ask(kUdp);
  EXPECT_EQ(policy(), media::CandidatePolicy());
  answer(alice);
  // Not for ever.
  ask(kTls);
  answer(alice);
  pass(6min);
  lose_signal(alice);
  ASSERT_TRUE(resume("alice"));
  EXPECT_FALSE(last<server::Reconnect>(alice).client_configuration.force_relay);
}

TEST_F(RoomResumeTest, WhatWasOnItsWayWhenTheSignalBrokeIsToldAgain) {
  const auto carol = join("carol");
  const auto dave = join("dave");
  const std::string carol_sid = room->participant("carol")->sid;
  say(carol, client::Leave{});
  say(dave, client::Leave{});
  const auto dave_again = join("dave");
  pass(10ms);
  say(alice, client::Ping{});  // of before it heard that
  lose_signal(alice);
  ASSERT_TRUE(resume("alice"));
  const auto updates = take<server::ParticipantUpdate>(alice);
  ASSERT_THAT(updates, SizeIs(2));
  ASSERT_THAT(updates[0].participants, SizeIs(1)) << "the other is there again";
  EXPECT_EQ(updates[0].participants[0].sid, carol_sid);
  // Long ago nothing is on its way any more.
  pass(20s);
  say(alice, client::Ping{});
  lose_signal(alice);
  ASSERT_TRUE(resume("alice"));
  EXPECT_THAT(take<server::ParticipantUpdate>(alice), SizeIs(1));
  say(dave_again, client::Leave{});
}

TEST_F(RoomResumeTest, AClientWithOneConnectionDoesNotResumeASessionWithTwo) {
  lose_signal(alice);
  EXPECT_FALSE(room->resume(now, "alice", true));
  EXPECT_TRUE(resume("alice"));
}

}  // namespace
}  // namespace turms::livekit::testing
