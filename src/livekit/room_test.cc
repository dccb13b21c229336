#include "livekit/room.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "livekit/participant.h"
#include "livekit/testing.h"

namespace turms::livekit {
namespace {

using testing::client_answer;
using testing::client_offer;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::OfferedTrack;
using testing::RecordingEngine;
using ::testing::SizeIs;

template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

/// A room, a clock, and per participant what it was told since last asked.
class RoomTest : public ::testing::Test {
 protected:
  void make(RoomParameters parameters = {}) {
    parameters.id = media::RoomId(1);
    parameters.name = "lounge";
    room.emplace(std::move(parameters), now, engine,
                 RoomSecrets{[](const Grants& grants, WallTime) { return "token:" + grants.name; },
                             [this](size_t length) {
                               std::string out = std::to_string(++tokens);
                               out.resize(length, 'x');
                               return out;
                             }});
    drain();
  }

  static JoinParameters as(const std::string& identity) {
    JoinParameters out;
    out.grants.api_key = "devkey";
    out.grants.identity = identity;
    out.grants.name = "name of " + identity;
    out.grants.video.emplace();
    out.grants.video->room_join = true;
    out.grants.video->room = "lounge";
    return out;
  }

  ParticipantKey join(const std::string& identity) { return join(as(identity)); }
  ParticipantKey join(JoinParameters parameters) {
    const auto key = room->join(now, std::move(parameters));
    EXPECT_TRUE(key.has_value());
    drain();
    return *key;
  }

  void say(ParticipantKey from, const ClientMessage& message) {
    room->on_message(now, from, message);
    drain();
  }

  void pass(Duration duration) {
    const TimePoint end = now.monotonic + duration;
    while (!room->closed() && room->next_timeout() <= end) {
      advance_to(std::max(room->next_timeout(), now.monotonic));
      room->on_timer(now);
      drain();
    }
    advance_to(end);
  }

  void advance_to(TimePoint time) {
    now.wall.unix_ms += to_ms(time - now.monotonic);
    now.monotonic = time;
  }

  void drain() {
    for (RoomOutput& output : room->take_outputs(now)) {
      std::visit(Overload{
                     [&](SendMessage& m) {
                       for (const ParticipantKey key : m.to) heard[key].push_back(m.message);
                     },
                     [&](CloseSignal& m) { closed.push_back(m.participant); },
                     [&](Notify& m) { events.push_back(std::move(m)); },
                 },
                 output);
    }
  }

  template <class T>
  std::vector<T> take(ParticipantKey key) {
    std::vector<T> out;
    auto& messages = heard[key];
    for (auto it = messages.begin(); it != messages.end();) {
      if (auto* message = std::get_if<T>(&*it)) {
        out.push_back(std::move(*message));
        it = messages.erase(it);
      } else {
        ++it;
      }
    }
    return out;
  }
  template <class T>
  T last(ParticipantKey key) {
    auto all = take<T>(key);
    if (all.empty()) {
      ADD_FAILURE() << "it did not hear that";
      return T{};
    }
    return std::move(all.back());
  }

  /// Answers every offer that waits, and those that follow.
  void answer(ParticipantKey key) {
    for (auto offers = take<server::Description>(key); !offers.empty();
         offers = take<server::Description>(key)) {
      for (const auto& [description] : offers) {
        if (description.type != "offer") continue;
        say(key, client::Description{{"answer", client_answer(description.sdp), description.id}});
      }
    }
  }

  /// add_track and the offer for it; returns the track's sid.
  std::string publish(ParticipantKey key, const std::string& cid, TrackSource source,
                      std::vector<OfferedTrack> tracks) {
    client::AddTrack add;
    add.cid = cid;
    add.info.source = source;
    for (const OfferedTrack& track : tracks) {
      if (track.cid != cid) continue;
      add.info.type = track.kind == rtc::MediaKind::kVideo ? TrackType::kVideo : TrackType::kAudio;
      for (size_t i = 0; i < track.rids.size(); ++i) {
        add.info.layers.push_back(
            {static_cast<VideoQuality>(i), 320U << i, 180U << i, 0, 0, 0, ""});
      }
    }
    say(key, add);
    const auto published = take<server::TrackPublished>(key);
    if (published.empty()) return {};
    EXPECT_EQ(published.back().cid, cid);
    say(key, client::Description{{"offer", client_offer(tracks), ++offer_ids}});
    return published.back().track.sid;
  }

  static OfferedTrack camera(const std::string& mid = "1", const std::string& cid = "cam") {
    return {mid, rtc::MediaKind::kVideo, cid, {"q", "h", "f"}, true};
  }
  static OfferedTrack microphone(const std::string& mid = "2", const std::string& cid = "mic") {
    return {mid, rtc::MediaKind::kAudio, cid, {}, true};
  }

  [[nodiscard]] media::TrackId track_id(const std::string& mid) const {
    for (const auto& [id, parameters] : engine.received) {
      if (parameters.mid == mid) return parameters.id;
    }
    return {};
  }

  std::vector<RoomEvent> take_events() {
    std::vector<RoomEvent> out;
    for (const Notify& event : std::exchange(events, {})) out.push_back(event.event);
    return out;
  }

  RecordingEngine engine;
  Now now{TimePoint(std::chrono::hours(1)), {1'700'000'000'000}};
  int tokens = 0;
  uint32_t offer_ids = 0;
  std::map<ParticipantKey, std::vector<ServerMessage>> heard;
  std::vector<ParticipantKey> closed;
  std::vector<Notify> events;
  std::optional<Room> room;
};

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
  EXPECT_THAT(take_events(), IsEmpty()) << "no one was told that it joined";
}

TEST_F(RoomTest, ADeadTransportAsksForAFreshStart) {
  make();
  const auto alice = join("alice");
  const auto transport = engine.transports.begin()->second.parameters.id;
  room->on_transport_connected(now, transport);
  room->on_transport_failed(now, transport);
  drain();
  const auto leave = last<server::Leave>(alice);
  EXPECT_EQ(leave.action, server::LeaveAction::kReconnect);
  EXPECT_EQ(room->participant_count(), 0u);
  EXPECT_THAT(engine.transports, IsEmpty());
  room->on_transport_failed(now, transport);  // late news of something gone
  drain();
}

TEST_F(RoomTest, ABrokenSignalMayResumeWithinTheGrace) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  answer(alice);
  const std::string sid = room->participant("alice")->sid;
  room->on_signal_closed(now, alice);
  drain();
  heard[alice].clear();
  pass(9s);
  ASSERT_EQ(room->participant_count(), 2u);
  say(bob, client::UpdateMetadata{});
  EXPECT_THAT(heard[alice], IsEmpty());

  EXPECT_FALSE(room->resume(now, "alice", "PA_other"));
  EXPECT_FALSE(room->resume(now, "carol", sid));
  const auto resumed = room->resume(now, "alice", sid);
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

TEST_F(RoomTest, PingsAreAnsweredInBothForms) {
  make();
  const auto alice = join("alice");
  say(alice, client::LegacyPing{5});
  say(alice, client::Ping{7, 1});
  EXPECT_EQ(last<server::LegacyPong>(alice).timestamp, now.wall.unix_ms);
  EXPECT_EQ(last<server::Pong>(alice).last_ping_timestamp, 7);
}

// ---- publishing and subscribing

TEST_F(RoomTest, APublishedTrackReachesEveryoneWithOneOffer) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  answer(alice);
  answer(bob);
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
      {"a bit more", {{sid}, false, VideoQuality::kLow, 641, 360}, false, 2},
      {"upright", {{sid}, false, VideoQuality::kLow, 180, 320}, false, 0},
      {"larger than any", {{sid}, false, VideoQuality::kLow, 3840, 2160}, false, 2},
  };
  for (const LayerCase& c : cases) {
    say(bob, c.settings);
    EXPECT_EQ(engine.layers.at(subscription).paused, c.paused) << c.what;
    EXPECT_EQ(engine.layers.at(subscription).max_spatial, c.max_spatial) << c.what;
  }
}

// ---- saying things about oneself and others

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

TEST_F(RoomTest, ConnectionQualityFollowsLoss) {
  make();
  const auto alice = join("alice");
  publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  uint64_t packets = 0;
  uint64_t lost = 0;
  const auto window = [&](uint64_t received, uint64_t missing) {
    packets += received;
    lost += missing;
    pass(5s);
    room->on_statistics(now, {{track_id("2"), packets, packets * 100, lost, 0, 1}}, {});
    drain();
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
  for (const char* bad :
       {"", "v=0", "not sdp at all", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"}) {
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
