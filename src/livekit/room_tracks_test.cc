#include "livekit/room_testing.h"

namespace turms::livekit {
namespace {

using testing::client_answer;
using testing::client_offer;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::OfferedTrack;
using testing::RoomTest;
using ::testing::SizeIs;

TEST_F(RoomTest, APublishedTrackReachesEveryoneWithOneOffer) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  answer(alice);
  answer(bob);
  connect();
  events.clear();
  heard.clear();

  const std::string sid = publish(alice, "cam", TrackSource::kCamera, {camera()});
  ASSERT_TRUE(sid.starts_with("TR_VC")) << sid;
  const auto answered = last<server::Description>(alice).description;
  EXPECT_EQ(answered.type, "answer");
  EXPECT_EQ(answered.id, offer_ids);
  EXPECT_THAT(take_events(), ElementsAre(RoomEvent::kTrackPublished));

  const auto received = engine.received.at(track_id("1").value);
  EXPECT_EQ(received.kind, rtc::MediaKind::kVideo);
  ASSERT_THAT(received.encodings, SizeIs(3));
  EXPECT_EQ(received.encodings[0].rid, "q");
  EXPECT_EQ(received.encodings[2].rid, "f");

  const auto update = last<server::ParticipantUpdate>(bob);
  ASSERT_THAT(update.participants, SizeIs(1));
  ASSERT_THAT(update.participants[0].tracks, SizeIs(1));
  const TrackInfo& info = update.participants[0].tracks[0];
  EXPECT_EQ(info.sid, sid);
  EXPECT_EQ(info.mime_type, "video/VP8");
  EXPECT_TRUE(info.simulcast);
  ASSERT_THAT(info.layers, SizeIs(3));
  EXPECT_EQ(info.layers[1].rid, "h");
  EXPECT_TRUE(update.participants[0].is_publisher);

  const auto offers = take<server::Description>(bob);
  ASSERT_THAT(offers, SizeIs(1));
  const auto& offer = offers[0].description;
  EXPECT_NE(offer.sdp.find("msid:" + room->participant("alice")->sid + "|" + sid + " " + sid),
            std::string::npos)
      << offer.sdp;
  EXPECT_THAT(engine.sent, IsEmpty()) << "not before the answer";
  say(bob, client::Description{{"answer", client_answer(offer.sdp), offer.id}});
  const auto sends = engine.sends_of(track_id("1"));
  ASSERT_THAT(sends, SizeIs(1));
  EXPECT_EQ(sends[0].codecs.front().codec, rtc::Codec::kVp8);
  EXPECT_NE(sends[0].rtx_ssrc.value, 0u);
  EXPECT_EQ(last<server::TrackSubscribed>(alice).sid, sid);
}

TEST_F(RoomTest, ALateComerIsOfferedWhatIsThereAtOnce) {
  make();
  const auto alice = join("alice");
  publish(alice, "cam", TrackSource::kCamera, {camera()});
  publish(alice, "mic", TrackSource::kMicrophone, {camera(), microphone()});
  const auto bob = join("bob");
  EXPECT_THAT(last<server::Join>(bob).others[0].tracks, SizeIs(2));
  const auto offers = take<server::Description>(bob);
  ASSERT_THAT(offers, SizeIs(1));
  const std::string& sdp = offers[0].description.sdp;
  EXPECT_NE(sdp.find("m=video"), std::string::npos);
  EXPECT_NE(sdp.find("m=audio"), std::string::npos);
}

TEST_F(RoomTest, APublishersOfferMayRestartIce) {
  make();
  const auto alice = join("alice");
  const auto offer = [&](const std::string& ufrag) {
    say(alice, client::Description{{"offer", client_offer({}, ufrag), ++offer_ids}});
    return last<server::Description>(alice).description.sdp;
  };
  const std::string first = offer("first");
  const auto& publisher = engine.transports.rbegin()->second;
  ASSERT_TRUE(publisher.remote);
  EXPECT_EQ(publisher.remote->ice.ufrag, "first");
  const std::string ufrag = publisher.parameters.local_ice.ufrag;
  EXPECT_NE(first.find(ufrag), std::string::npos);
  offer("first");
  EXPECT_EQ(publisher.restarts, 0);
  const std::string restarted = offer("second");
  EXPECT_EQ(publisher.restarts, 1);
  EXPECT_EQ(publisher.remote->ice.ufrag, "second");
  EXPECT_NE(publisher.parameters.local_ice.ufrag, ufrag);
  EXPECT_NE(restarted.find(publisher.parameters.local_ice.ufrag), std::string::npos);
}

TEST_F(RoomTest, OnlyOneOfferIsUnderWay) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  const auto first = last<server::Description>(bob).description;
  publish(alice, "cam", TrackSource::kCamera, {camera()});
  publish(alice, "mic", TrackSource::kMicrophone, {camera(), microphone()});
  EXPECT_THAT(take<server::Description>(bob), IsEmpty());
  say(bob, client::Description{{"answer", client_answer(first.sdp), first.id + 7}});
  EXPECT_THAT(take<server::Description>(bob), IsEmpty()) << "an answer to something else";
  say(bob, client::Description{{"answer", client_answer(first.sdp), first.id}});
  const auto offers = take<server::Description>(bob);
  ASSERT_THAT(offers, SizeIs(1));
  // Id 0 is what clients say that know no ids.
  say(bob, client::Description{{"answer", client_answer(offers[0].description.sdp), 0}});
  EXPECT_THAT(engine.sent, SizeIs(2));
}

TEST_F(RoomTest, TheOfferMayComeBeforeAddTrack) {
  make();
  const auto alice = join("alice");
  say(alice, client::Description{{"offer", client_offer({microphone()}), 1}});
  EXPECT_THAT(engine.received, IsEmpty());
  client::AddTrack add;
  add.cid = "mic";
  add.info.source = TrackSource::kMicrophone;
  say(alice, add);
  EXPECT_THAT(engine.received, SizeIs(1));
  EXPECT_THAT(room->participant("alice")->tracks, SizeIs(1));
  // And it takes nothing from what is there.
  say(alice, client::Description{{"offer", client_offer({camera(), microphone()}), 2}});
  add.cid = "cam";
  add.info.type = TrackType::kVideo;
  add.info.source = TrackSource::kCamera;
  say(alice, add);
  EXPECT_THAT(room->participant("alice")->tracks, SizeIs(2));
}

TEST_F(RoomTest, UnpublishingTakesTheTrackFromEveryone) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  answer(bob);
  const std::string sid = publish(alice, "cam", TrackSource::kCamera, {camera()});
  answer(bob);
  ASSERT_THAT(engine.sent, SizeIs(1));
  connect();
  events.clear();
  heard.clear();
  auto stopped = camera();
  stopped.sending = false;
  say(alice, client::Description{{"offer", client_offer({stopped}), ++offer_ids}});
  EXPECT_THAT(engine.received, IsEmpty());
  EXPECT_THAT(engine.sent, IsEmpty());
  EXPECT_THAT(take_events(), ElementsAre(RoomEvent::kTrackUnpublished));
  EXPECT_THAT(last<server::ParticipantUpdate>(bob).participants[0].tracks, IsEmpty());
  const auto offer = last<server::Description>(bob).description;
  EXPECT_NE(offer.sdp.find("a=inactive"), std::string::npos);
  say(bob, client::Description{{"answer", client_answer(offer.sdp), offer.id}});
  // The free section carries the next track.
  publish(alice, "cam2", TrackSource::kCamera, {stopped, camera("3", "cam2")});
  const auto next = last<server::Description>(bob).description;
  const auto count = [&](const std::string& what) {
    size_t found = 0;
    for (size_t at = next.sdp.find(what); at != std::string::npos;
         at = next.sdp.find(what, at + 1)) {
      ++found;
    }
    return found;
  };
  EXPECT_EQ(count("m=video"), 1u);
  (void)sid;
}

TEST_F(RoomTest, ATrackIsPublishedAgainUnderTheSameId) {
  make();
  const auto alice = join("alice");
  const std::string first = publish(alice, "mic", TrackSource::kMicrophone, {microphone("1")});
  // The old section ends only with the offer that brings the new one.
  auto stopped = microphone("1");
  stopped.sending = false;
  const std::string second =
      publish(alice, "mic", TrackSource::kMicrophone, {stopped, microphone("2")});
  EXPECT_NE(first, second);
  ASSERT_THAT(room->participant("alice")->tracks, SizeIs(1));
  EXPECT_EQ(room->participant("alice")->tracks[0].sid, second);
  EXPECT_EQ(room->participant("alice")->tracks[0].mid, "2");
  ASSERT_THAT(engine.received, SizeIs(1));
  // Or the new one takes the old one's section.
  const std::string third =
      publish(alice, "mic", TrackSource::kMicrophone, {stopped, microphone("2")});
  ASSERT_THAT(room->participant("alice")->tracks, SizeIs(1));
  EXPECT_EQ(room->participant("alice")->tracks[0].sid, third);
  EXPECT_THAT(engine.received, SizeIs(1));
}

TEST_F(RoomTest, LeavingUnpublishes) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  answer(bob);
  publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  answer(bob);
  room->on_transport_connected(now, engine.transports.begin()->second.parameters.id);
  drain();
  events.clear();
  say(alice, client::Leave{});
  EXPECT_THAT(take_events(),
              ElementsAre(RoomEvent::kTrackUnpublished, RoomEvent::kParticipantLeft));
  EXPECT_THAT(engine.received, IsEmpty());
  EXPECT_THAT(engine.sent, IsEmpty());
  EXPECT_THAT(engine.transports, SizeIs(1));
}

TEST_F(RoomTest, MuteReachesEngineAndOthers) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  const std::string sid = publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  heard.clear();
  say(alice, MuteTrack{sid, true});
  EXPECT_TRUE(engine.muted.at(track_id("2").value));
  EXPECT_TRUE(last<server::ParticipantUpdate>(bob).participants[0].tracks[0].muted);

  EXPECT_EQ(room->mute_track(now, "alice", sid, false).error().code,
            ErrorCode::kFailedPrecondition);
  say(alice, MuteTrack{sid, false});
  heard.clear();
  const auto muted = room->mute_track(now, "alice", sid, true);
  ASSERT_TRUE(muted);
  EXPECT_TRUE(muted->muted);
  drain();
  EXPECT_TRUE(last<MuteTrack>(alice).muted);
  EXPECT_EQ(room->mute_track(now, "alice", "TR_none", true).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(room->mute_track(now, "nobody", sid, true).error().code, ErrorCode::kNotFound);
}

TEST_F(RoomTest, ChangesOfUnknownTracksAreRefused) {
  make();
  const auto alice = join("alice");
  say(alice, client::UpdateAudioTrack{"TR_none", {1}});
  auto refusal = last<server::RequestResponse>(alice);
  EXPECT_EQ(refusal.reason, server::RequestReason::kNotFound);
  EXPECT_EQ(std::get<client::UpdateAudioTrack>(refusal.request).sid, "TR_none");
  say(alice, client::UpdateVideoTrack{"TR_none", 1, 1});
  refusal = last<server::RequestResponse>(alice);
  EXPECT_EQ(refusal.reason, server::RequestReason::kNotFound);
  EXPECT_EQ(std::get<client::UpdateVideoTrack>(refusal.request).sid, "TR_none");
}

TEST_F(RoomTest, RemoteUnmuteWhenAllowed) {
  make({.enable_remote_unmute = true});
  const auto alice = join("alice");
  const std::string sid = publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  say(alice, MuteTrack{sid, true});
  EXPECT_TRUE(room->mute_track(now, "alice", sid, false));
}

TEST_F(RoomTest, PublishingWithoutTheRightIsRefused) {
  make();
  auto parameters = as("alice");
  parameters.grants.video->can_publish_sources = {TrackSource::kMicrophone};
  const auto alice = join(std::move(parameters));
  EXPECT_EQ(publish(alice, "cam", TrackSource::kCamera, {camera()}), "");
  const auto refusal = last<server::RequestResponse>(alice);
  EXPECT_EQ(refusal.reason, server::RequestReason::kNotAllowed);
  EXPECT_EQ(std::get<client::AddTrack>(refusal.request).cid, "cam");
  // A camera by another name.
  EXPECT_EQ(publish(alice, "cam", TrackSource::kMicrophone, {camera()}), "");
  EXPECT_NE(publish(alice, "mic", TrackSource::kMicrophone, {microphone()}), "");
}

TEST_F(RoomTest, TakingTheRightToPublishEndsTheTrack) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  answer(bob);
  const std::string sid = publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  const std::string video = publish(alice, "cam", TrackSource::kCamera, {microphone(), camera()});
  answer(bob);
  heard.clear();
  connect();
  events.clear();
  Room::ParticipantChange change;
  change.permission = room->participant("alice")->permission;
  change.permission->can_publish_sources = {TrackSource::kCamera};
  const auto changed = room->update_participant(now, "alice", change);
  ASSERT_TRUE(changed);
  EXPECT_THAT(changed->tracks, SizeIs(1));
  drain();
  EXPECT_EQ(last<server::TrackUnpublished>(alice).sid, sid);
  EXPECT_THAT(take<server::RefreshToken>(alice), SizeIs(1));
  EXPECT_THAT(take_events(), ElementsAre(RoomEvent::kTrackUnpublished));
  EXPECT_THAT(engine.received, SizeIs(1));
  EXPECT_THAT(engine.sent, SizeIs(1));
  // It goes on sending and offering all the same: nothing is taken.
  say(alice, client::Description{{"offer", client_offer({microphone(), camera()}), ++offer_ids}});
  EXPECT_THAT(engine.received, SizeIs(1));
  (void)video;
}

TEST_F(RoomTest, TakingTheRightToSubscribeStopsAndGivingItStarts) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  answer(bob);
  publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  answer(bob);
  ASSERT_THAT(engine.sent, SizeIs(1));
  Room::ParticipantChange change;
  change.permission = room->participant("bob")->permission;
  change.permission->can_subscribe = false;
  ASSERT_TRUE(room->update_participant(now, "bob", change));
  drain();
  answer(bob);
  EXPECT_THAT(engine.sent, IsEmpty());
  change.permission->can_subscribe = true;
  ASSERT_TRUE(room->update_participant(now, "bob", change));
  drain();
  answer(bob);
  EXPECT_THAT(engine.sent, SizeIs(1));
}

TEST_F(RoomTest, ClientsChooseWhatTheyReceive) {
  make();
  const auto alice = join("alice");
  auto parameters = as("bob");
  parameters.auto_subscribe = false;
  const auto bob = join(std::move(parameters));
  answer(bob);
  const std::string sid = publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  answer(bob);
  EXPECT_THAT(engine.sent, IsEmpty());
  say(bob, client::UpdateSubscription{{sid}, true});
  answer(bob);
  EXPECT_THAT(engine.sent, SizeIs(1));
  say(bob, client::UpdateSubscription{{sid}, false});
  EXPECT_THAT(engine.sent, IsEmpty());
  answer(bob);
  EXPECT_TRUE(room->update_subscriptions(now, "bob", {sid}, true));
  drain();
  answer(bob);
  EXPECT_THAT(engine.sent, SizeIs(1));
  say(bob, client::UpdateSubscription{{"TR_none"}, true});
  EXPECT_EQ(last<server::SubscriptionResponse>(bob).error,
            server::SubscriptionError::kTrackNotFound);
}

TEST_F(RoomTest, PublishersChooseWhoReceives) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  const auto carol = join("carol");
  answer(bob);
  answer(carol);
  const std::string sid = publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  answer(bob);
  answer(carol);
  ASSERT_THAT(engine.sent, SizeIs(2));
  client::SubscriptionPermission permission;
  permission.tracks = {{"", "carol", true, {}}};
  say(alice, permission);
  answer(bob);
  EXPECT_THAT(engine.sent, SizeIs(1));
  EXPECT_FALSE(last<server::SubscriptionPermissionUpdate>(bob).allowed);
  permission.all_participants = true;
  say(alice, permission);
  answer(bob);
  EXPECT_THAT(engine.sent, SizeIs(2));
  EXPECT_TRUE(last<server::SubscriptionPermissionUpdate>(bob).allowed);
}

TEST_F(RoomTest, WhoMayNotReceiveFromTheStartIsToldSo) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  auto parameters = as("dave");
  parameters.auto_subscribe = false;
  const auto dave = join(std::move(parameters));
  answer(bob);
  answer(dave);
  say(alice, client::SubscriptionPermission{});
  EXPECT_THAT(take<server::SubscriptionPermissionUpdate>(bob), IsEmpty()) << "nothing to receive";
  heard.clear();
  const std::string sid = publish(alice, "mic", TrackSource::kMicrophone, {microphone()});

  // Clients forget what they hear of tracks that they do not know yet.
  const auto place = [&](auto is) {
    return std::find_if(heard[bob].begin(), heard[bob].end(), is) - heard[bob].begin();
  };
  const auto track_known = place([](const ServerMessage& message) {
    return std::holds_alternative<server::ParticipantUpdate>(message);
  });
  const auto forbidden = place([](const ServerMessage& message) {
    return std::holds_alternative<server::SubscriptionPermissionUpdate>(message);
  });
  EXPECT_LT(track_known, forbidden);
  const auto told = last<server::SubscriptionPermissionUpdate>(bob);
  EXPECT_EQ(told.participant_sid, room->participant("alice")->sid);
  EXPECT_EQ(told.track_sid, sid);
  EXPECT_FALSE(told.allowed);
  const auto carol = join("carol");
  EXPECT_FALSE(last<server::SubscriptionPermissionUpdate>(carol).allowed);
  EXPECT_THAT(take<server::SubscriptionPermissionUpdate>(dave), IsEmpty()) << "does not want it";
  say(dave, client::UpdateSubscription{{sid}, true});
  EXPECT_FALSE(last<server::SubscriptionPermissionUpdate>(dave).allowed);

  say(alice, client::SubscriptionPermission{});
  EXPECT_THAT(take<server::SubscriptionPermissionUpdate>(bob), IsEmpty()) << "nothing changed";
  client::SubscriptionPermission everyone;
  everyone.all_participants = true;
  say(alice, everyone);
  for (const auto key : {bob, carol, dave}) {
    EXPECT_TRUE(last<server::SubscriptionPermissionUpdate>(key).allowed);
    answer(key);
  }
  EXPECT_THAT(engine.sent, SizeIs(3));
}

TEST_F(RoomTest, ListsOfClientsAreBounded) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  answer(bob);
  const std::string sid = publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  answer(bob);
  ASSERT_THAT(engine.sent, SizeIs(1));

  // 1 + n + 1 + 1: bob's track is the last that is taken, or the first that is not.
  const auto permit = [&](size_t before) {
    client::SubscriptionPermission permission;
    permission.tracks = {{"", "nobody", false, {}}, {"", "bob", false, {sid}}};
    for (size_t i = 0; i < before; ++i) {
      permission.tracks[0].track_sids.push_back("TR_" + std::to_string(i));
    }
    say(alice, permission);
    answer(bob);
  };
  permit(4093);
  EXPECT_THAT(engine.sent, SizeIs(1));
  EXPECT_THAT(take<server::RequestResponse>(alice), IsEmpty());
  permit(4094);
  EXPECT_THAT(engine.sent, IsEmpty());
  EXPECT_EQ(last<server::RequestResponse>(alice).reason, server::RequestReason::kLimitExceeded);

  std::vector<std::string> unknown(5000, "TR_none");
  say(bob, client::UpdateSubscription{unknown, true});
  const auto& told = heard[bob];
  EXPECT_EQ(std::count_if(told.begin(), told.end(),
                          [](const ServerMessage& message) {
                            return std::holds_alternative<server::SubscriptionResponse>(message);
                          }),
            4096);
  ASSERT_TRUE(std::holds_alternative<server::RequestResponse>(told.back()));
  EXPECT_EQ(std::get<server::RequestResponse>(told.back()).reason,
            server::RequestReason::kLimitExceeded);
  heard[bob].clear();
  say(bob, client::UpdateTrackSettings{unknown, true});
  EXPECT_EQ(last<server::RequestResponse>(bob).reason, server::RequestReason::kLimitExceeded);

  say(alice, client::UpdateAudioTrack{sid, std::vector<uint8_t>(1000, 3)});
  EXPECT_THAT(room->participant("alice")->tracks[0].audio_features, SizeIs(1));
}

TEST_F(RoomTest, SubscribersAreNamedBySidOrIdentity) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  const auto carol = join("carol");
  answer(bob);
  answer(carol);
  publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  answer(bob);
  answer(carol);
  ASSERT_THAT(engine.sent, SizeIs(2));
  client::SubscriptionPermission permission;
  permission.tracks = {{room->participant("bob")->sid, "", true, {}}, {"", "", true, {}}};
  say(alice, permission);
  EXPECT_THAT(engine.sent, SizeIs(1));
  EXPECT_FALSE(last<server::SubscriptionPermissionUpdate>(carol).allowed);
}

struct LayerCase {
  const char* what;
  client::UpdateTrackSettings settings;
  bool paused;
  int max_spatial;
};

TEST_F(RoomTest, TrackSettingsChooseTheLayer) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  answer(bob);
  const std::string sid = publish(alice, "cam", TrackSource::kCamera, {camera()});
  answer(bob);
  ASSERT_THAT(engine.sent, SizeIs(1));
  const uint64_t subscription = engine.sent.begin()->first;
  EXPECT_EQ(engine.layers.at(subscription).max_spatial, 2) << "the best until it says otherwise";
  const LayerCase cases[] = {
      {"low", {{sid}, false, VideoQuality::kLow}, false, 0},
      {"medium", {{sid}, false, VideoQuality::kMedium}, false, 1},
      {"high", {{sid}, false, VideoQuality::kHigh}, false, 2},
      {"off", {{sid}, false, VideoQuality::kOff}, true, 2},
      {"disabled", {{sid}, true, VideoQuality::kHigh}, true, 2},
      {"a thumbnail", {{sid}, false, VideoQuality::kLow, 160, 90}, false, 0},
      {"exactly a layer", {{sid}, false, VideoQuality::kLow, 640, 360}, false, 1},
      {"a bit more than low", {{sid}, false, VideoQuality::kLow, 330, 190}, false, 0},
      {"a bit more than medium", {{sid}, false, VideoQuality::kLow, 641, 361}, false, 1},
      {"a ninth more", {{sid}, false, VideoQuality::kLow, 711, 401}, false, 1},
      {"more than a ninth", {{sid}, false, VideoQuality::kLow, 713, 402}, false, 2},
      {"upright", {{sid}, false, VideoQuality::kLow, 360, 640}, false, 2},
      {"a small upright", {{sid}, false, VideoQuality::kLow, 180, 320}, false, 1},
      {"larger than any", {{sid}, false, VideoQuality::kLow, 3840, 2160}, false, 2},
  };
  for (const LayerCase& c : cases) {
    say(bob, c.settings);
    EXPECT_EQ(engine.layers.at(subscription).paused, c.paused) << c.what;
    EXPECT_EQ(engine.layers.at(subscription).max_spatial, c.max_spatial) << c.what;
  }
}

TEST_F(RoomTest, SettingsMayComeBeforeTheSubscriptionThatTheyAreFor) {
  make();
  const auto alice = join("alice");
  JoinParameters picky = as("bob");
  picky.auto_subscribe = false;
  const auto bob = join(picky);
  const std::string sid = publish(alice, "cam", TrackSource::kCamera, {camera()});
  say(bob, client::UpdateTrackSettings{{sid, "TR_unknown"}, false, VideoQuality::kMedium});
  say(bob, client::UpdateSubscription{{sid}, true});
  answer(bob);
  ASSERT_THAT(engine.sent, SizeIs(1));
  EXPECT_EQ(engine.layers.at(engine.sent.begin()->first).max_spatial, 1);
  // Who ends its subscription and takes it again starts anew.
  say(bob, client::UpdateTrackSettings{{sid}, true});
  say(bob, client::UpdateSubscription{{sid}, false});
  say(bob, client::UpdateSubscription{{sid}, true});
  answer(bob);
  ASSERT_THAT(engine.sent, SizeIs(1));
  EXPECT_FALSE(engine.layers.at(engine.sent.begin()->first).paused);
  EXPECT_EQ(engine.layers.at(engine.sent.begin()->first).max_spatial, 2);
}

TEST_F(RoomTest, AClientSaysWhetherItsVideoMayBePaused) {
  make();
  const auto alice = join("alice");
  JoinParameters never = as("bob");
  never.allow_pause = false;
  const auto bob = join(never);
  const auto carol = join("carol");  // says nothing
  publish(alice, "cam", TrackSource::kCamera, {camera()});
  answer(bob);
  answer(carol);
  ASSERT_THAT(engine.sent, SizeIs(2));
  ASSERT_THAT(engine.path_limits, SizeIs(1));
  EXPECT_EQ(engine.path_limits.begin()->second.allow_pause, false);
}

TEST_F(RoomTest, WhoAdaptsStreamsStartsWithTheLowestLayer) {
  make();
  const auto alice = join("alice");
  JoinParameters adaptive = as("bob");
  adaptive.adaptive_stream = true;
  const auto bob = join(adaptive);
  const std::string sid = publish(alice, "cam", TrackSource::kCamera, {camera()});
  answer(bob);
  ASSERT_THAT(engine.sent, SizeIs(1));
  EXPECT_EQ(engine.layers.begin()->second.max_spatial, 0);
  EXPECT_FALSE(engine.layers.begin()->second.paused);
  say(bob, client::UpdateTrackSettings{{sid}, false, VideoQuality::kHigh});
  EXPECT_EQ(engine.layers.begin()->second.max_spatial, 2);
}

}  // namespace
}  // namespace turms::livekit
