// Rooms whose members have one peer connection each (protocol v1).
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "livekit/room_testing.h"

namespace turms::livekit {
namespace {

using testing::client_offer;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::OfferedTrack;
using testing::RoomTest;
using ::testing::SizeIs;
using Requirement = server::MediaSectionsRequirement;

/// The client's half: sections are added, never taken away.
class Client {
 public:
  void add(rtc::MediaKind kind, size_t count) {
    for (; count > 0; --count) {
      OfferedTrack track;
      track.mid = std::to_string(sections.size() + 1);
      track.kind = kind;
      track.sending = false;
      track.receiving = true;
      sections.push_back(track);
    }
  }
  std::string publish(rtc::MediaKind kind, const std::string& cid) {
    OfferedTrack track;
    track.mid = std::to_string(sections.size() + 1);
    track.kind = kind;
    track.cid = cid;
    sections.push_back(track);
    return track.mid;
  }

  std::vector<OfferedTrack> sections;
  uint32_t offers = 0;
};

class SingleTest : public RoomTest {
 protected:
  ParticipantKey join_single(const std::string& identity) {
    JoinParameters parameters = as(identity);
    parameters.single_connection = true;
    return join(std::move(parameters));
  }

  /// Offers, and returns the answer.
  server::Description offer(ParticipantKey key, Client& client,
                            const std::string& ufrag = "single") {
    say(key, client::Description{{"offer", client_offer(client.sections, ufrag), ++client.offers}});
    auto answer = last<server::Description>(key);
    EXPECT_EQ(answer.description.type, "answer");
    EXPECT_EQ(answer.description.id, client.offers);
    return answer;
  }
  rtc::sdp::SessionDescription parsed(const server::Description& answer) {
    auto out = rtc::sdp::parse(answer.description.sdp);
    EXPECT_TRUE(out.has_value());
    return std::move(*out);
  }

  /// Does what it is asked for until nothing more is; the last answer.
  server::Description follow(ParticipantKey key, Client& client) {
    server::Description answer = offer(key, client);
    for (int i = 0; i < 20; ++i) {
      const auto asked = take<Requirement>(key);
      if (asked.empty()) return answer;
      for (const Requirement& more : asked) {
        client.add(rtc::MediaKind::kAudio, more.audios);
        client.add(rtc::MediaKind::kVideo, more.videos);
      }
      answer = offer(key, client);
    }
    ADD_FAILURE() << "it is asked again and again";
    return answer;
  }

  std::string publish_camera(ParticipantKey key, const std::string& cid = "cam") {
    return publish(key, cid, TrackSource::kCamera, {camera("1", cid)});
  }
};

TEST_F(SingleTest, TheFirstAnswerCoversTheTracksThatAreThere) {
  make();
  const auto alice = join("alice");
  const std::string camera_sid = publish_camera(alice);
  const std::string mic_sid =
      publish(alice, "mic", TrackSource::kMicrophone, {camera(), microphone()});
  const auto bob = join_single("bob");
  const auto joined = last<server::Join>(bob);
  EXPECT_FALSE(joined.subscriber_primary);
  EXPECT_FALSE(joined.fast_publish) << "a Rust client would hang";
  EXPECT_THAT(take<server::Description>(bob), IsEmpty()) << "only the client offers";
  EXPECT_THAT(take<Requirement>(bob), IsEmpty());

  Client client;
  client.add(rtc::MediaKind::kAudio, 3);
  client.add(rtc::MediaKind::kVideo, 3);
  const auto answer = offer(bob, client);
  EXPECT_THAT(take<Requirement>(bob), IsEmpty());
  EXPECT_THAT(answer.description.mid_to_track_id,
              ElementsAre(std::pair("1", mic_sid), std::pair("4", camera_sid)));
  const auto sdp = parsed(answer);
  ASSERT_THAT(sdp.sections, SizeIs(7));
  EXPECT_EQ(sdp.sections[0].type, rtc::sdp::MediaType::kApplication);
  EXPECT_EQ(sdp.sections[1].direction, rtc::sdp::Direction::kSendOnly);
  EXPECT_EQ(sdp.sections[2].direction, rtc::sdp::Direction::kInactive);
  EXPECT_EQ(sdp.sections[4].msid->stream, room->participant("alice")->sid + "|" + camera_sid);
  EXPECT_EQ(sdp.sections[4].msid->track, camera_sid);

  // Received and sent tracks share the one transport.
  ASSERT_THAT(engine.sent, SizeIs(2));
  for (const auto& [id, sent] : engine.sent) {
    EXPECT_EQ(sent.transport, last_transport());
    ASSERT_THAT(sent.codecs, ::testing::Not(IsEmpty()));
    const auto& section = sdp.sections[sent.mid == "1" ? 1 : 4];
    ASSERT_THAT(section.ssrcs, ::testing::Not(IsEmpty()));
    EXPECT_EQ(sent.ssrc, section.ssrcs[0].ssrc);
    EXPECT_EQ(sent.codecs.front().payload_type, section.formats.front().payload_type);
  }
  ASSERT_TRUE(engine.transports.at(last_transport().value).remote);
  room->on_transport_connected(now, last_transport());
  drain();
  EXPECT_EQ(room->participant("bob")->state, ParticipantState::kActive);
}

TEST_F(SingleTest, SectionsThatAreMissingAreAskedFor) {
  make();
  const auto alice = join("alice");
  std::vector<OfferedTrack> tracks;
  for (int i = 0; i < 5; ++i) {
    tracks.push_back(camera(std::to_string(i + 1), "cam" + std::to_string(i)));
    publish(alice, tracks.back().cid, TrackSource::kCamera, tracks);
  }
  const auto bob = join_single("bob");
  Client client;
  client.add(rtc::MediaKind::kVideo, 3);
  auto answer = offer(bob, client);
  EXPECT_THAT(answer.description.mid_to_track_id, SizeIs(3));
  auto asked = take<Requirement>(bob);
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(asked[0].audios, 0u);
  EXPECT_EQ(asked[0].videos, 2u);
  // One more while that is on its way: only the difference.
  tracks.push_back(camera("6", "cam5"));
  publish(alice, "cam5", TrackSource::kCamera, tracks);
  asked = take<Requirement>(bob);
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(asked[0].videos, 1u);
  client.add(rtc::MediaKind::kVideo, 3);
  answer = offer(bob, client);
  EXPECT_THAT(answer.description.mid_to_track_id, SizeIs(6));
  EXPECT_THAT(engine.sent, SizeIs(6));
  EXPECT_THAT(take<Requirement>(bob), IsEmpty());
}

TEST_F(SingleTest, AnUnsubscribedTrackIsTakenOutAndItsSectionServesAnother) {
  make();
  const auto alice = join("alice");
  const std::string first = publish_camera(alice);
  const auto bob = join_single("bob");
  Client client;
  client.add(rtc::MediaKind::kVideo, 1);
  EXPECT_EQ(follow(bob, client).description.mid_to_track_id.at("1"), first);

  say(bob, client::UpdateSubscription{{first}, false});
  EXPECT_THAT(engine.sent, IsEmpty());
  ASSERT_THAT(take<Requirement>(bob), SizeIs(1)) << "the client must offer to hear of it";
  auto answer = offer(bob, client);
  EXPECT_THAT(answer.description.mid_to_track_id, IsEmpty());
  EXPECT_EQ(parsed(answer).sections[1].direction, rtc::sdp::Direction::kInactive);
  EXPECT_THAT(take<Requirement>(bob), IsEmpty());

  const std::string second =
      publish(alice, "screen", TrackSource::kScreenShare, {camera(), camera("2", "screen")});
  const auto asked = take<Requirement>(bob);
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(asked[0].videos, 0u) << "a free section is there";
  answer = offer(bob, client);
  EXPECT_EQ(answer.description.mid_to_track_id.at("1"), second);

  // The track that left it goes elsewhere.
  say(bob, client::UpdateSubscription{{first}, true});
  EXPECT_EQ(last<Requirement>(bob).videos, 1u);
}

TEST_F(SingleTest, ATrackIsReplacedOnlyAfterAnAnswerWithoutIt) {
  make();
  const auto alice = join("alice");
  const std::string first = publish_camera(alice);
  const auto bob = join_single("bob");
  Client client;
  client.add(rtc::MediaKind::kVideo, 1);
  follow(bob, client);
  // Gone and another there within one turn.
  say(alice, client::AddTrack{"scr", {}, {.type = TrackType::kVideo}});
  say(alice, client::Description{{"offer", client_offer({camera("1", "scr")}), 77}});
  const auto asked = take<Requirement>(bob);
  ASSERT_FALSE(asked.empty());
  EXPECT_EQ(asked.back().videos, 1u);
  auto answer = offer(bob, client);
  EXPECT_THAT(answer.description.mid_to_track_id, IsEmpty());
  take<Requirement>(bob);
  // A client that adds no section is served by the old one in the next round.
  answer = offer(bob, client);
  EXPECT_THAT(answer.description.mid_to_track_id, SizeIs(1));
  EXPECT_NE(answer.description.mid_to_track_id.at("1"), first);
}

TEST_F(SingleTest, OneSectionMayCarryBothWays) {
  make();
  const auto alice = join("alice");
  const std::string sid = publish_camera(alice);
  const auto bob = join_single("bob");
  say(bob, client::AddTrack{"own", {}, {.type = TrackType::kVideo}});
  Client client;
  client.publish(rtc::MediaKind::kVideo, "own");
  client.sections[0].receiving = true;
  const auto answer = offer(bob, client);
  EXPECT_EQ(answer.description.mid_to_track_id.at("1"), sid);
  EXPECT_EQ(parsed(answer).sections[1].direction, rtc::sdp::Direction::kSendRecv);
  EXPECT_THAT(room->participant("bob")->tracks, SizeIs(1));
  EXPECT_THAT(engine.received, SizeIs(2));
  EXPECT_THAT(engine.sent, SizeIs(1));
}

TEST_F(SingleTest, PublishedTracksOfBothKindsOfClientsReachEachOther) {
  make();
  const auto alice = join_single("alice");
  const auto bob = join("bob");
  answer(bob);
  say(alice, client::AddTrack{"mic", {}, {.type = TrackType::kAudio}});
  Client client;
  client.add(rtc::MediaKind::kAudio, 1);
  client.publish(rtc::MediaKind::kAudio, "mic");
  const auto answered = offer(alice, client);
  EXPECT_EQ(parsed(answered).sections[2].direction, rtc::sdp::Direction::kRecvOnly);
  answer(bob);
  ASSERT_THAT(engine.sent, SizeIs(1));
  // And when it stops.
  client.sections[1].sending = false;
  offer(alice, client);
  EXPECT_THAT(engine.received, IsEmpty());
  EXPECT_THAT(engine.sent, IsEmpty());
}

TEST_F(SingleTest, ACodecThatNoSectionHasIsRefused) {
  make();
  const auto alice = join("alice");
  const auto bob = join_single("bob");
  Client client;
  client.add(rtc::MediaKind::kVideo, 2);
  const std::string sid = publish_camera(alice);
  auto description = client_offer(client.sections);
  // This client knows another codec only.
  for (size_t at = 0; (at = description.find("VP8/", at)) != std::string::npos; at += 4) {
    description.replace(at, 4, "VPX/");
  }
  say(bob, client::Description{{"offer", description, 1}});
  EXPECT_EQ(last<server::SubscriptionResponse>(bob).track_sid, sid);
  EXPECT_THAT(engine.sent, IsEmpty());
  EXPECT_TRUE(room->participant("bob"));
}

TEST_F(SingleTest, AClientThatNeverOffersASectionIsNotAskedForEver) {
  make();
  const auto alice = join("alice");
  publish_camera(alice);
  const auto bob = join_single("bob");
  Client client;
  int rounds = 0;
  offer(bob, client);
  while (!take<Requirement>(bob).empty() && ++rounds < 100) offer(bob, client);
  EXPECT_LT(rounds, 20);
  EXPECT_THAT(take<server::SubscriptionResponse>(bob), SizeIs(1));
}

TEST_F(SingleTest, ATrackWhoseSectionTheClientClosedGetsAnother) {
  make();
  const auto alice = join("alice");
  const std::string sid = publish_camera(alice);
  const auto bob = join_single("bob");
  Client client;
  client.add(rtc::MediaKind::kVideo, 1);
  follow(bob, client);
  ASSERT_THAT(engine.sent, SizeIs(1));
  const auto ssrc = engine.sent.begin()->second.ssrc;
  client.sections[0].receiving = false;
  offer(bob, client);
  EXPECT_THAT(engine.sent, IsEmpty());
  const auto asked = take<Requirement>(bob);
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(asked[0].videos, 1u);
  client.add(rtc::MediaKind::kVideo, 1);
  EXPECT_EQ(offer(bob, client).description.mid_to_track_id.at("2"), sid);
  ASSERT_THAT(engine.sent, SizeIs(1));
  EXPECT_NE(engine.sent.begin()->second.ssrc, ssrc) << "its sequence numbers start anew";
}

TEST_F(SingleTest, ResumesWithItsOwnRestart) {
  make();
  const auto alice = join("alice");
  const std::string sid = publish_camera(alice);
  const auto bob = join_single("bob");
  Client client;
  client.add(rtc::MediaKind::kVideo, 1);
  follow(bob, client);
  const auto transport = last_transport();
  room->on_transport_connected(now, transport);
  drain();
  room->on_signal_closed(now, bob);
  // A track comes while it cannot hear.
  publish(alice, "scr", TrackSource::kScreenShare, {camera(), camera("2", "scr")});
  heard[bob].clear();
  const auto resumed = room->resume(now, "bob", true);
  ASSERT_TRUE(resumed);
  drain();
  ASSERT_FALSE(heard[bob].empty());
  EXPECT_TRUE(std::holds_alternative<server::Reconnect>(heard[bob].front()));
  EXPECT_THAT(take<server::Description>(bob), IsEmpty()) << "only the client offers";
  EXPECT_EQ(last<Requirement>(bob).videos, 1u);
  client.add(rtc::MediaKind::kVideo, 1);
  const auto answer = offer(bob, client, "other");
  EXPECT_EQ(engine.transports.at(transport.value).restarts, 1);
  EXPECT_EQ(engine.transports.at(transport.value).remote->ice.ufrag, "other");
  EXPECT_EQ(answer.description.mid_to_track_id.at("1"), sid);
  EXPECT_THAT(answer.description.mid_to_track_id, SizeIs(2));
}

TEST_F(SingleTest, ClosingItsConnectionEndsBothWays) {
  make();
  const auto alice = join("alice");
  publish_camera(alice);
  const auto bob = join_single("bob");
  say(bob, client::AddTrack{"own", {}, {.type = TrackType::kVideo}});
  Client client;
  client.add(rtc::MediaKind::kVideo, 1);
  client.publish(rtc::MediaKind::kVideo, "own");
  follow(bob, client);
  const auto transport = last_transport();
  room->on_transport_connected(now, transport);
  drain();
  room->on_transport_closed(now, transport);
  drain();
  EXPECT_THAT(engine.sent, IsEmpty());
  EXPECT_THAT(room->participant("bob")->tracks, IsEmpty());
  EXPECT_FALSE(engine.transports.contains(transport.value));
  pass(Room::kMediaTimeout);
  EXPECT_FALSE(room->participant("bob"));
}

}  // namespace
}  // namespace turms::livekit
