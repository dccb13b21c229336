// Participants that say all they publish in one offer (WHIP).
#include "livekit/one_offer.h"
#include "livekit/room_testing.h"

namespace turms::livekit {
namespace {

using testing::client_offer;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::RoomTest;
using ::testing::SizeIs;

class WhipRoomTest : public RoomTest {
 protected:
  static std::string offer(std::vector<std::string> rids = {}, const std::string& ufrag = "whip") {
    return client_offer(
        {{.mid = "1", .kind = rtc::MediaKind::kAudio, .cid = "sound"},
         {.mid = "2", .kind = rtc::MediaKind::kVideo, .cid = "picture", .rids = std::move(rids)}},
        ufrag);
  }
  OneOffer publish(const std::string& text = offer(), const std::string& identity = "obs") {
    const auto published = room->publish(now, as(identity), text);
    EXPECT_TRUE(published) << published.error().message;
    OneOffer out = published ? **published : OneOffer{};
    drain();
    return out;
  }
  ParticipantInfo info(const std::string& identity = "obs") {
    return room->participant(identity).value_or(ParticipantInfo{});
  }
  media::TransportId transport() { return engine.transports.rbegin()->second.parameters.id; }
  std::vector<RoomEvent> kinds() {
    std::vector<RoomEvent> out;
    for (const Notify& event : events) out.push_back(event.event);
    events.clear();
    return out;
  }
};

TEST_F(WhipRoomTest, OnOfferPublishesAtOnce) {
  make();
  const OneOffer session = publish();
  EXPECT_EQ(session.sid, info().sid);
  EXPECT_EQ(session.mid, "0");
  EXPECT_EQ(session.remote.ufrag, "whip");
  const auto answer = rtc::sdp::parse(session.answer);
  ASSERT_TRUE(answer);
  EXPECT_EQ(rtc::sdp::remote_transport(*answer)->ice.ufrag, session.local.ufrag);
  ASSERT_THAT(info().tracks, SizeIs(2));
  EXPECT_EQ(info().tracks[0].source, TrackSource::kMicrophone);
  EXPECT_EQ(info().tracks[0].name, "synthesized-microphone");
  EXPECT_TRUE(info().tracks[0].disable_dtx);
  EXPECT_EQ(info().tracks[1].source, TrackSource::kCamera);
  EXPECT_EQ(info().tracks[1].mid, "2");
  EXPECT_THAT(engine.received, SizeIs(2));
  EXPECT_TRUE(info().is_publisher);
  room->on_transport_connected(now, transport());
  drain();
  EXPECT_EQ(info().state, ParticipantState::kActive);
}

TEST_F(WhipRoomTest, OthersReceiveIt) {
  make();
  const ParticipantKey viewer = join("viewer");
  connect();
  publish();
  EXPECT_THAT(engine.received, SizeIs(2));
  const auto update = last<server::ParticipantUpdate>(viewer);
  ASSERT_THAT(update.participants, SizeIs(1));
  EXPECT_THAT(update.participants[0].tracks, SizeIs(2));
  EXPECT_EQ(last<server::Description>(viewer).description.type, "offer");
}

TEST_F(WhipRoomTest, LayersAreKnownByTheirNamesOrKeepTheirOrder) {
  struct Case {
    std::vector<std::string> offered;
    std::vector<std::string> lowest_first;
  };
  for (const Case& c : std::vector<Case>{{{"f", "h", "q"}, {"q", "h", "f"}},
                                         {{"0", "1", "2"}, {"2", "1", "0"}},       // OBS
                                         {{"0", "1", "2", "3"}, {"2", "1", "0"}},  // OBS with four
                                         {{"low", "high"}, {"low", "high"}}}) {
    make();
    publish(offer(c.offered));
    const auto track =
        std::find_if(engine.received.begin(), engine.received.end(),
                     [](const auto& entry) { return entry.second.kind == rtc::MediaKind::kVideo; });
    ASSERT_NE(track, engine.received.end());
    std::vector<std::string> rids;
    for (const auto& encoding : track->second.encodings) rids.push_back(encoding.rid);
    EXPECT_EQ(rids, c.lowest_first);
    EXPECT_EQ(info().tracks[1].layers.size(), c.lowest_first.size());
    EXPECT_TRUE(info().tracks[1].simulcast);
    ASSERT_TRUE(room->end_one_offer(now, "obs", info().sid));
    drain();
  }
}

TEST_F(WhipRoomTest, StereoIsToldWhereTheOfferSaysIt) {
  make();
  std::string text = offer();
  text.replace(text.find("minptime=10"), 11, "stereo=1;sprop-stereo=1;minptime=10");
  publish(text);
  EXPECT_TRUE(info().tracks[0].stereo);
}

TEST_F(WhipRoomTest, ItsEndIsTheEndOfItsTransport) {
  make();
  publish();
  room->on_transport_connected(now, transport());
  drain();
  events.clear();
  room->on_transport_failed(now, transport());
  drain();
  EXPECT_FALSE(room->participant("obs"));
  EXPECT_THAT(kinds(), ElementsAre(RoomEvent::kTrackUnpublished, RoomEvent::kTrackUnpublished,
                                   RoomEvent::kParticipantLeft));
  EXPECT_THAT(engine.transports, IsEmpty());

  const OneOffer second = publish();
  room->on_transport_connected(now, transport());
  drain();
  room->on_transport_closed(now, transport());
  drain();
  EXPECT_FALSE(room->participant("obs"));
  // OBS closes first, and then says so.
  EXPECT_TRUE(room->end_one_offer(now, "obs", second.sid));
  EXPECT_FALSE(room->end_one_offer(now, "other", second.sid));
}

TEST_F(WhipRoomTest, WhoNeverConnectsIsGoneAfterAMinute) {
  make();
  publish();
  pass(Room::kConnectTimeout + std::chrono::seconds(1));
  EXPECT_FALSE(room->participant("obs"));
}

TEST_F(WhipRoomTest, StaysWithoutSignallingAsLongAsItsTransportDoes) {
  make();
  publish();
  room->on_transport_connected(now, transport());
  drain();
  pass(std::chrono::minutes(30));
  EXPECT_TRUE(room->participant("obs"));
  EXPECT_FALSE(room->resume(now, "obs", /*single_connection=*/true));
  ASSERT_TRUE(room->remove_participant(now, "obs"));
  drain();
  EXPECT_FALSE(room->participant("obs"));
}

TEST_F(WhipRoomTest, RestartsIceWithOtherCredentials) {
  make();
  const OneOffer first = publish();
  room->on_transport_connected(now, transport());
  drain();
  const rtc::IceCredentials fresh{"fresh", "abcdefghijklmnopqrstuvwx"};
  ASSERT_TRUE(room->restart_ice(now, "obs", first.sid, fresh));
  drain();
  const OneOffer second = *room->one_offer("obs", first.sid);
  EXPECT_NE(second.local.ufrag, first.local.ufrag);
  const auto& its = engine.transports.at(transport().value);
  EXPECT_EQ(its.restarts, 1);
  EXPECT_EQ(its.remote->ice.ufrag, "fresh");
  EXPECT_EQ(its.parameters.local_ice.ufrag, second.local.ufrag);
  EXPECT_THAT(engine.received, SizeIs(2));
  // The same again is the answer that was lost.
  ASSERT_TRUE(room->restart_ice(now, "obs", first.sid, fresh));
  EXPECT_EQ(engine.transports.at(transport().value).restarts, 1);
  // A flood of others is not served.
  const rtc::IceCredentials more{"more1", "abcdefghijklmnopqrstuvwx"};
  EXPECT_EQ(room->restart_ice(now, "obs", first.sid, more).error().code,
            ErrorCode::kResourceExhausted);
  pass(Room::kMinIceRestartInterval);
  EXPECT_TRUE(room->restart_ice(now, "obs", first.sid, more));
  EXPECT_EQ(room->restart_ice(now, "alice", first.sid, more).error().code, ErrorCode::kNotFound);
}

TEST_F(WhipRoomTest, WhatMayNotBePublishedIsRejectedInItsSection) {
  make();
  JoinParameters parameters = as("obs");
  parameters.grants.video->can_publish_sources = {TrackSource::kMicrophone};
  ASSERT_TRUE(publishable(offer(), parameters.grants.video->permission()));
  const auto published = room->publish(now, std::move(parameters), offer());
  ASSERT_TRUE(published);
  const auto answer = rtc::sdp::parse((*published)->answer);
  EXPECT_TRUE(answer->find("2")->rejected());
  drain();
  EXPECT_THAT(info().tracks, SizeIs(1));
}

TEST(Publishable, SaysWhyNot) {
  const Permission all;
  const auto why = [](const Status& status) { return status ? "" : status.error().message; };
  EXPECT_EQ(why(publishable("v=1", all)), "line 1: v=0 expected");
  EXPECT_EQ(why(publishable(client_offer({}), all)), "nothing is sent in this offer");
  std::string odd = client_offer({{.mid = "1", .kind = rtc::MediaKind::kAudio, .cid = "sound"}});
  odd.replace(odd.find("a=rtcp-mux"), 10, "a=rtcp-mix");
  EXPECT_EQ(why(publishable(odd, all)), "m-section \"1\": without a=rtcp-mux");
  Permission no_sources;
  no_sources.can_publish_sources = {TrackSource::kScreenShare};
  const auto refused = publishable(
      client_offer({{.mid = "1", .kind = rtc::MediaKind::kAudio, .cid = "sound"}}), no_sources);
  EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
}

}  // namespace
}  // namespace turms::livekit
