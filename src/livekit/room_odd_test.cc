// Clients whose descriptions are not what one expects, or do not come.
#include <string>
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

class OddRoomTest : public RoomTest {
 protected:
  OddRoomTest() { answers_in_time = false; }

  std::string ask(ParticipantKey key, const std::string& cid, TrackType type) {
    client::AddTrack add;
    add.cid = cid;
    add.info.type = type;
    say(key, add);
    return last<server::TrackPublished>(key).track.sid;
  }
  std::vector<std::string> live(const std::string& identity) {
    std::vector<std::string> out;
    const auto info = room->participant(identity);
    if (!info) return out;
    for (const TrackInfo& track : info->tracks) out.push_back(track.sid);
    return out;
  }
};

TEST_F(OddRoomTest, TracksThatAreNamedDifferentlyAreMatchedInOrder) {
  make();
  const auto alice = join("alice");
  const std::string camera_sid = ask(alice, "cam", TrackType::kVideo);
  const std::string mic_sid = ask(alice, "mic", TrackType::kAudio);
  const std::string screen_sid = ask(alice, "scr", TrackType::kVideo);
  say(alice, client::Description{{"offer",
                                  client_offer({{"1", rtc::MediaKind::kVideo, "{a}", {}, true},
                                                {"2", rtc::MediaKind::kVideo, "{b}", {}, true},
                                                {"3", rtc::MediaKind::kAudio, "{c}", {}, true}}),
                                  1}});
  EXPECT_THAT(live("alice"), ElementsAre(camera_sid, mic_sid, screen_sid));
  const auto tracks = room->participant("alice")->tracks;
  EXPECT_EQ(tracks[0].mid, "1");
  EXPECT_EQ(tracks[1].mid, "3");
  EXPECT_EQ(tracks[2].mid, "2");
}

TEST_F(OddRoomTest, ATrackThatWasNeverOfferedIsInNobodysWay) {
  make();
  const auto alice = join("alice");
  const std::string abandoned = ask(alice, "never", TrackType::kVideo);
  const std::string named = ask(alice, "cam", TrackType::kVideo);
  say(alice, client::Description{{"offer", client_offer({camera("1", "cam")}), 1}});
  EXPECT_THAT(live("alice"), ElementsAre(named));
  // After a while nothing waits for it any more.
  answer(alice);
  pass(Room::kPublishTimeout);
  EXPECT_EQ(last<server::TrackUnpublished>(alice).sid, abandoned);
  const std::string other = ask(alice, "scr", TrackType::kVideo);
  say(alice,
      client::Description{
          {"offer",
           client_offer({camera("1", "cam"), {"2", rtc::MediaKind::kVideo, "{x}", {}, true}}), 2}});
  EXPECT_THAT(live("alice"), ElementsAre(named, other));
}

TEST_F(OddRoomTest, WhatWasTakenFromAPublisherIsNoOtherTrack) {
  make();
  const auto alice = join("alice");
  publish(alice, "cam", TrackSource::kCamera, {camera()});
  Permission permission = room->participant("alice")->permission;
  permission.can_publish_sources = {TrackSource::kScreenShare};
  ASSERT_TRUE(room->update_participant(now, "alice", {{}, {}, {}, permission}));
  drain();
  EXPECT_THAT(live("alice"), IsEmpty());
  // Its browser goes on sending the camera, and names the screen differently.
  client::AddTrack add;
  add.cid = "scr";
  add.info.type = TrackType::kVideo;
  add.info.source = TrackSource::kScreenShare;
  say(alice, add);
  const OfferedTrack screen{"2", rtc::MediaKind::kVideo, "{s}", {}, true};
  say(alice, client::Description{{"offer", client_offer({camera(), screen}), 9}});
  ASSERT_THAT(live("alice"), SizeIs(1));
  EXPECT_EQ(room->participant("alice")->tracks[0].mid, "2");
}

TEST_F(OddRoomTest, WhoDoesNotAnswerAnOfferStartsAfresh) {
  make();
  const auto alice = join("alice");
  answer(alice);
  room->on_transport_connected(now, last_transport());
  drain();
  const auto bob = join("bob");
  answer(bob);
  publish(bob, "cam", TrackSource::kCamera, {camera()});
  pass(Room::kAnswerTimeout - std::chrono::milliseconds(1));
  EXPECT_TRUE(room->participant("alice"));
  pass(std::chrono::milliseconds(1));
  const auto leave = last<server::Leave>(alice);
  EXPECT_EQ(leave.reason, DisconnectReason::kStateMismatch);
  EXPECT_EQ(leave.action, server::LeaveAction::kReconnect);
}

TEST_F(OddRoomTest, WhoCannotHearAnOfferNeedNotAnswerIt) {
  make();
  const auto alice = join("alice");
  answer(alice);
  room->on_transport_connected(now, last_transport());
  drain();
  const auto bob = join("bob");
  answer(bob);
  publish(bob, "cam", TrackSource::kCamera, {camera()});
  pass(Room::kAnswerTimeout - std::chrono::seconds(1));
  room->on_signal_closed(now, alice);
  pass(std::chrono::seconds(5));
  ASSERT_TRUE(room->resume(now, "alice", false));
  drain();
  answer(alice);
  pass(Room::kAnswerTimeout);
  EXPECT_TRUE(room->participant("alice"));
}

TEST_F(OddRoomTest, AnOddSectionIsRejectedAndSaidOnce) {
  make();
  const auto alice = join("alice");
  const std::string sid = ask(alice, "cam", TrackType::kVideo);
  ask(alice, "mic", TrackType::kAudio);
  std::string offer = client_offer({camera("1", "cam"), microphone("2", "mic")});
  const std::string audio = "m=audio 9 ";
  offer.replace(offer.find(audio), audio.size(), "m=audio 99999 ");
  say(alice, client::Description{{"offer", offer, 1}});
  ASSERT_TRUE(room->participant("alice"));
  EXPECT_THAT(live("alice"), ElementsAre(sid));
  const auto answered = rtc::sdp::parse(last<server::Description>(alice).description.sdp);
  ASSERT_TRUE(answered);
  EXPECT_TRUE(answered->sections[2].rejected());
  ASSERT_THAT(remarks, SizeIs(1));
  EXPECT_NE(remarks[0].find("port is not 0..65535"), std::string::npos) << remarks[0];
  say(alice, client::Description{{"offer", offer, 2}});
  EXPECT_THAT(remarks, SizeIs(1));
}

TEST_F(OddRoomTest, AnOfferOfNothingUsableIsAnswered) {
  make();
  const auto alice = join("alice");
  std::string offer = client_offer({});
  const std::string data = "m=application 9 ";
  offer.replace(offer.find(data), data.size(), "m=application 0 ");
  say(alice, client::Description{{"offer", offer, 1}});
  EXPECT_EQ(last<server::Description>(alice).description.type, "answer");
  EXPECT_TRUE(room->participant("alice"));
}

}  // namespace
}  // namespace turms::livekit
