// Of many microphones those that speak are forwarded; who speaks is told.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

#include "sfu/room_testing.h"

namespace turms::sfu {
namespace {

using namespace testing_support;

constexpr uint8_t kLevelId = 1;

/// Two publishers with a microphone each, one listener, one place.
struct Conference {
  /// `always`: the second one is no microphone.
  explicit Conference(uint32_t places = 1, bool always = false, bool encrypted = false) {
    RoomConfig config{1, WallTime{1'700'000'000'000}};
    config.settings.audio_sources = places;
    config.settings.server_frame_trailer = {0xAB, 0xCD};
    room = std::make_unique<Room>(config);
    room->add_transport(kSubscriber, listener);
    room->transport_connected(now, kSubscriber);
    for (uint32_t i = 0; i < 2; ++i) {
      TransportId transport(100 + i);
      room->add_transport(transport, publishers[i]);
      room->transport_connected(now, transport);
      ReceiveTrackParameters track;
      track.id = TrackId(10 + i);
      track.transport = transport;
      track.mid = "0";
      track.codecs = {codec(rtc::Codec::kOpus, 111)};
      track.encodings = {{"", rtc::Ssrc(1000 + i), rtc::Ssrc()}};
      track.always_forwarded = always && i == 1;
      track.encrypted = encrypted;
      track.extensions.set(rtc::Extension::kAudioLevel, kLevelId);
      room->add_receive_track(now, track);
      SendTrackParameters send;
      send.id = SubscriptionId(20 + i);
      send.transport = kSubscriber;
      send.source = track.id;
      send.ssrc = rtc::Ssrc(2000 + i);
      send.codecs = {codec(rtc::Codec::kOpus, 109)};
      room->add_send_track(now, send, {});
    }
  }
  void turn(std::array<uint8_t, 2> levels) {
    for (uint32_t i = 0; i < 2; ++i) {
      std::array<uint8_t, 200> buffer;
      rtc::rtp::ExtensionValue level{kLevelId, ByteView(&levels[i], 1)};
      rtc::rtp::Header header{false, 111, rtc::rtp::SeqNum(sequence),
                              rtc::rtp::RtpTime(uint32_t{sequence} * 960), rtc::Ssrc(1000 + i)};
      const std::array<uint8_t, 3> payload = {1, 2, 3};
      size_t size = rtc::rtp::write_packet(buffer, header, std::span(&level, 1), payload);
      room->handle_rtp(now, TransportId(100 + i), MutableByteView(buffer).first(size));
    }
    ++sequence;
    now += 20ms;
    while (room->next_timeout() <= now) room->handle_timeout(now);
    if (room->take_events(events) && events.speakers_changed) {
      speakers = events.speakers;
      ++changes;
    }
  }
  [[nodiscard]] auto heard(uint32_t i) const { return listener.of(rtc::Ssrc(2000 + i)); }
  /// The timestamp of its source.
  [[nodiscard]] uint32_t clock_of(uint32_t i, const rtc::rtp::PacketView& packet) const {
    auto newest = heard(i).back().timestamp().value;
    return packet.timestamp().value - newest + (uint32_t{sequence} - 1) * 960;
  }

  std::array<CapturingSink, 2> publishers;
  CapturingSink listener;
  std::unique_ptr<Room> room;
  RoomEvents events;
  std::vector<Speaker> speakers;  // as last told
  int changes = 0;
  TimePoint now{100s};
  uint16_t sequence = 100;
};

/// Of what came first to tell of a track that is left out.
constexpr size_t kSilence = 5;

TEST(RoomAudio, LeavesOutWhoIsSilentAndGoesOnWithoutAGap) {
  Conference c;
  for (int i = 0; i < 100; ++i) c.turn({20, 100});
  EXPECT_EQ(c.heard(0).size(), 100U);
  EXPECT_EQ(c.heard(1).size(), kSilence) << "that there is one";
  for (int i = 0; i < 100; ++i) c.turn({100, 20});  // the hold is 75 of them
  size_t second = c.heard(1).size() - kSilence;
  EXPECT_GT(second, 20U);
  EXPECT_LT(second, 30U);
  size_t first = c.heard(0).size();
  for (int i = 0; i < 100; ++i) c.turn({20, 100});
  auto packets = c.heard(0);
  ASSERT_GT(packets.size(), first);
  for (size_t i = 1; i < packets.size(); ++i) {
    EXPECT_EQ(packets[i].sequence().distance_from(packets[i - 1].sequence()), 1) << i;
  }
  // The pause is in the timestamps.
  uint32_t pause = packets[first].timestamp().value - packets[first - 1].timestamp().value;
  EXPECT_GT(pause, 960U * 50);
  // And is told as one.
  EXPECT_EQ(packets[first - 1].payload().size(), 1U);
  EXPECT_EQ(packets[first - 1].timestamp().value - packets[first - 2].timestamp().value, 960U);
}

TEST(RoomAudio, BeginsWithTheSpeechThatShowedIt) {
  Conference c;
  for (int i = 0; i < 200; ++i) c.turn({100, 100});
  EXPECT_EQ(c.heard(1).size(), kSilence);
  uint32_t spoke = uint32_t{c.sequence} * 960;
  for (int i = 0; i < 2; ++i) c.turn({100, 20});
  auto packets = c.heard(1);
  ASSERT_EQ(packets.size(), kSilence + 4) << "60 ms back, and the packet that made it two";
  EXPECT_EQ(packets.back().timestamp().value - packets[kSilence].timestamp().value, 3U * 960);
  EXPECT_EQ(c.clock_of(1, packets[kSilence + 2]), spoke) << "its first word";
  for (size_t i = 1; i < packets.size(); ++i) {
    EXPECT_EQ(packets[i].sequence().distance_from(packets[i - 1].sequence()), 1) << i;
  }
}

TEST(RoomAudio, RepeatsNothingThatWasSent) {
  Conference c;
  for (int i = 0; i < 100; ++i) c.turn({20, 100});
  for (int i = 0; i < 76; ++i) c.turn({100, 100});
  size_t before = c.heard(0).size();
  EXPECT_EQ(c.heard(0).back().payload().size(), 1U) << "left out just now";
  for (int i = 0; i < 2; ++i) c.turn({20, 100});
  auto packets = c.heard(0);
  ASSERT_GT(packets.size(), before);
  for (size_t i = 1; i < packets.size(); ++i) {
    EXPECT_GT(static_cast<int32_t>(packets[i].timestamp().value - packets[i - 1].timestamp().value),
              0)
        << i;
  }
}

TEST(RoomAudio, SendsAllWhileThereAreFew) {
  Conference c(2);
  for (int i = 0; i < 300; ++i) c.turn({100, 100});
  EXPECT_EQ(c.heard(0).size(), 300U);
  EXPECT_EQ(c.heard(1).size(), 300U);
}

TEST(RoomAudio, SendsWhatIsNoMicrophoneWhateverElseIsHeard) {
  Conference c(1, true);
  for (int i = 0; i < 300; ++i) c.turn({20, 100});
  EXPECT_EQ(c.heard(1).size(), 300U);
}

TEST(RoomAudio, GoesOnInEncryptedTracksWithWhatNobodyDecrypts) {
  Conference c(1, false, true);
  for (int i = 0; i < 100; ++i) c.turn({20, 100});
  for (int i = 0; i < 100; ++i) c.turn({100, 100});
  auto packets = c.heard(0);
  auto last = packets.back().payload();
  EXPECT_EQ(Bytes(last.begin(), last.end()), (Bytes{0xF8, 0xAB, 0xCD}));
}

/// Who was told to speak, first to last.
std::vector<uint64_t> told(Conference& c) {
  std::vector<uint64_t> tracks;
  for (const Speaker& s : c.speakers) tracks.push_back(s.track.value);
  return tracks;
}

TEST(RoomSpeakers, TellsWhoBeginsWithin300Milliseconds) {
  for (int phase = 0; phase < 20; ++phase) {
    Conference c(0);
    for (int i = 0; i < 100 + phase; ++i) c.turn({100, 100});
    TimePoint spoke = c.now;
    while (c.changes == 0 && c.now < spoke + 2s) c.turn({20, 100});
    EXPECT_LE(c.now - spoke, 300ms) << phase;
    EXPECT_EQ(told(c), std::vector<uint64_t>{10});
    // The other one takes over.
    for (int i = 0; i < 100 + phase; ++i) c.turn({20, 100});
    spoke = c.now;
    while (told(c).front() != 11 && c.now < spoke + 2s) c.turn({100, 20});
    EXPECT_LE(c.now - spoke, 300ms) << phase;
  }
}

TEST(RoomSpeakers, PutsWhoHasTheFloorFirstAndLoudest) {
  Conference c(0);
  for (int i = 0; i < 200; ++i) c.turn({20, 100});
  for (int i = 0; i < 200; ++i) {
    c.turn({20, 2});  // by far louder, and does not get the floor
    ASSERT_EQ(told(c).front(), 10U) << i;
  }
  ASSERT_EQ(c.speakers.size(), 2U);
  EXPECT_GT(c.speakers[0].level, c.speakers[1].level);
  EXPECT_LE(c.speakers[0].level, 1);
}

TEST(RoomSpeakers, TellsOnlyWhatChanged) {
  Conference c(0);
  for (int i = 0; i < 100; ++i) c.turn({20, 100});
  int before = c.changes;
  for (int i = 0; i < 500; ++i) c.turn({20, 100});
  EXPECT_EQ(c.changes, before);
  // Levels that go up and down are told at most each 300 ms.
  for (int i = 0; i < 500; ++i) c.turn({static_cast<uint8_t>(i / 25 % 2 == 0 ? 5 : 25), 100});
  EXPECT_LE(c.changes - before, 34);
  EXPECT_GT(c.changes, before);
}

TEST(RoomSpeakers, EndsWithAMute) {
  Conference c(0);
  for (int i = 0; i < 100; ++i) c.turn({20, 100});
  c.room->set_receive_muted(c.now, TrackId(10), true);
  for (int i = 0; i < 20; ++i) c.turn({20, 100});
  EXPECT_TRUE(c.speakers.empty());
  // Whoever speaks next need not wait for the one that is muted.
  TimePoint spoke = c.now;
  while (c.speakers.empty() && c.now < spoke + 2s) c.turn({20, 20});
  EXPECT_EQ(told(c), std::vector<uint64_t>{11});
}

}  // namespace
}  // namespace turms::sfu
