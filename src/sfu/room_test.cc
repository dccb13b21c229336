#include "sfu/room.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "rtc/rtp/payload.h"
#include "sfu/loss_tracker.h"
#include "sfu/room_testing.h"

namespace turms::sfu {
namespace {

using namespace testing_support;
using rtc::Codec;
using rtc::Extension;
using rtc::rtp::SeqNum;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// Steps between the sequence numbers of the packets.
std::vector<int> steps(const std::vector<rtc::rtp::PacketView>& packets) {
  std::vector<int> result;
  for (size_t i = 1; i < packets.size(); ++i) {
    result.push_back(packets[i].sequence().distance_from(packets[i - 1].sequence()));
  }
  return result;
}

TEST(Room, ForwardsFromAKeyFrameWithTheSubscribersNumbers) {
  Call call;
  call.start();
  call.frame(5);
  EXPECT_THAT(call.subscriber.rtp, IsEmpty());
  EXPECT_EQ(call.publisher.count(rtc::rtcp::Kind::kPli), 1U);
  call.frame(6, true);
  call.frame(7);
  auto out = call.subscriber.of(kOut);
  ASSERT_THAT(out, SizeIs(2));
  EXPECT_EQ(out[0].payload_type(), 100);
  EXPECT_TRUE(out[0].marker());
  EXPECT_THAT(steps(out), ElementsAre(1));
  EXPECT_EQ(out[1].timestamp().distance_from(out[0].timestamp()), 3000);
  Bytes expected = Call::vp8(6, true);
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), out[0].payload().begin(),
                         out[0].payload().end()));
}

TEST(Room, OpensAStreamWithAnEmptyPacketThatShowsWhereItBegins) {
  Call call;
  call.start();
  EXPECT_THAT(call.subscriber.rtp, IsEmpty());
  call.frame(6, true);
  ASSERT_THAT(call.subscriber.rtp, SizeIs(2));
  const auto opening = rtc::rtp::PacketView::parse(call.subscriber.rtp[0]);
  const auto first = rtc::rtp::PacketView::parse(call.subscriber.rtp[1]);
  ASSERT_TRUE(opening && first);
  EXPECT_TRUE(opening->payload().empty());
  EXPECT_EQ(opening->ssrc(), kOut);
  EXPECT_EQ(opening->payload_type(), first->payload_type());
  EXPECT_EQ(opening->timestamp(), first->timestamp());
  EXPECT_EQ(first->sequence().distance_from(opening->sequence()), 1);
  // Only once: later key frames and layers follow what was sent.
  call.frame(7, true);
  EXPECT_THAT(call.subscriber.rtp, SizeIs(3));
}

TEST(Room, WritesItsOwnExtensionsAndCarriesTheMedias) {
  Call call;
  call.publish.extensions.set(Extension::kVideoOrientation, 7);
  call.publish.extensions.set(Extension::kMid, 4);
  call.subscribe.extensions.set(Extension::kVideoOrientation, 3);
  call.subscribe.extensions.set(Extension::kMid, 1);
  call.subscribe.extensions.set(Extension::kTransportSequence, 5);
  call.subscribe.extensions.set(Extension::kAbsSendTime, 6);
  call.start();
  call.frame(1, true);
  uint8_t turned[] = {3};
  call.send(Call::header(2, 96), Call::vp8(2, false), {{7, turned}, {4, as_bytes("0")}});
  call.frame(3);
  auto out = call.subscriber.of(kOut);
  ASSERT_THAT(out, SizeIs(3));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(as_text(*out[i].extension(1)), "7");
    EXPECT_EQ(load_be16(out[i].extension(5)->data()), i + 1) << "one opened the stream";
    EXPECT_EQ(load_be24(out[i].extension(6)->data()), rtc::rtp::abs_send_time(call.now));
  }
  EXPECT_FALSE(out[0].extension(3));
  ASSERT_TRUE(out[1].extension(3));
  EXPECT_EQ((*out[1].extension(3))[0], 3);
  EXPECT_EQ(out[0].header_size(), out[2].header_size());
}

TEST(Room, AnswersNacksOverRtxFewTimes) {
  Call call;
  call.start();
  call.frame(1, true);
  call.frame(2);
  call.frame(3);
  auto out = call.subscriber.of(kOut);
  SeqNum lost = out[1].sequence();
  Bytes original(out[1].payload().begin(), out[1].payload().end());
  for (int i = 0; i < 10; ++i) {
    call.nack({lost});
    call.nack({lost});
    call.advance(150ms);
  }
  auto rtx = call.subscriber.of(kOutRtx);
  ASSERT_THAT(rtx, SizeIs(3));
  EXPECT_THAT(steps(rtx), ElementsAre(1, 1));
  EXPECT_EQ(rtx[0].payload_type(), 101);
  auto payload = rtc::rtp::parse_rtx(rtx[0].payload());
  ASSERT_TRUE(payload);
  EXPECT_EQ(payload->original_sequence, lost);
  EXPECT_TRUE(std::equal(original.begin(), original.end(), payload->payload.begin(),
                         payload->payload.end()));
  call.nack({lost.plus(1000)});
  EXPECT_THAT(call.subscriber.of(kOutRtx), SizeIs(3)) << "never sent";
}

TEST(Room, AsksThePublisherAndFillsTheGapWithItsRetransmission) {
  Call call;
  call.start();
  call.frame(1, true);
  call.frame(2);
  call.frame(4);
  call.advance(20ms);
  EXPECT_EQ(call.publisher.count(rtc::rtcp::Kind::kNack), 1U);
  EXPECT_THAT(steps(call.subscriber.of(kOut)), ElementsAre(1, 2));
  // While it is expected a subscriber that asks is kept waiting.
  SeqNum missing = call.subscriber.of(kOut)[1].sequence().plus(1);
  call.nack({missing});
  EXPECT_THAT(call.subscriber.of(kOut), SizeIs(3));
  Bytes payload = {0, 3};
  Bytes original = Call::vp8(3, false);
  payload.insert(payload.end(), original.begin(), original.end());
  rtc::rtp::Header header = Call::header(9, 97, kSourceRtx);
  header.timestamp = rtc::rtp::RtpTime(9000);
  call.send(header, payload);
  auto out = call.subscriber.of(kOut);
  EXPECT_THAT(steps(out), ElementsAre(1, 2, -1));
  EXPECT_EQ(out[3].payload_type(), 100);
  EXPECT_TRUE(std::equal(original.begin(), original.end(), out[3].payload().begin(),
                         out[3].payload().end()));
  call.send(header, payload);  // twice
  EXPECT_THAT(call.subscriber.of(kOut), SizeIs(4));
  EXPECT_EQ(call.room.counters().duplicate, 1U);
}

TEST(Room, AsksForMoreThanOneMessageHolds) {
  Call call;
  call.start();
  call.frame(1, true);
  // Every 18th is lost: no two share an item of a NACK, and 1200 bytes hold 297 items.
  std::set<uint16_t> lost;
  for (uint16_t n = 2; lost.size() < LossTracker::kMaxMissing || n % 18 != 3; ++n) {
    if (n % 18 == 0) {
      lost.insert(n);
    } else {
      call.frame(n);
    }
  }
  call.publisher.clear();
  call.advance(20ms);
  std::set<uint16_t> asked;
  call.publisher.for_each_rtcp([&](const rtc::rtcp::PacketView& p) {
    if (p.kind() != rtc::rtcp::Kind::kNack) return;
    rtc::rtcp::for_each_nack(p, [&](SeqNum n) { asked.insert(n.value); });
  });
  EXPECT_EQ(asked, lost);
  EXPECT_EQ(call.publisher.count(rtc::rtcp::Kind::kNack), 2U);
}

TEST(Room, TellsASubscriberThatAsksForWhatNeverCame) {
  Call call;
  call.start();
  call.frame(1, true);
  call.frame(3);
  call.advance(2s);
  SeqNum missing = call.subscriber.of(kOut)[0].sequence().plus(1);
  call.nack({missing});
  call.nack({missing});
  auto out = call.subscriber.of(kOut);
  ASSERT_THAT(out, SizeIs(3));
  EXPECT_EQ(out[2].sequence(), missing);
  EXPECT_THAT(out[2].payload(), IsEmpty());
  EXPECT_GT(out[2].padding_size(), 0U);
}

TEST(Room, LeavesOutPaddingAndHigherTemporalLayersWithoutAGap) {
  Call call;
  call.start();
  call.room.set_layer_request(call.now, kSubscription, {false, 2, 0});
  call.frame(1, true);
  call.frame(2, false, 2);
  call.frame(3, false, 1);
  call.send(Call::header(4, 96), {}, {}, 200);
  call.frame(5);
  auto out = call.subscriber.of(kOut);
  ASSERT_THAT(out, SizeIs(2));
  EXPECT_THAT(steps(out), ElementsAre(1));
  auto first = rtc::rtp::parse_vp8(out[0].payload());
  auto second = rtc::rtp::parse_vp8(out[1].payload());
  // Pictures 2 and 3 were left out; number 4 was no picture, so the source skipped an id itself.
  EXPECT_EQ(second->picture_id, first->picture_id + 2);
}

TEST(Room, SendsNothingFromBeforeAKeyFrameThatIsAskedFor) {
  Call call;
  call.start();
  for (uint16_t n = 1; n <= 3; ++n) call.frame(n, n == 1);
  auto lost = call.subscriber.of(kOut)[1].sequence();
  call.pli();
  call.nack({lost});
  EXPECT_THAT(call.subscriber.of(kOutRtx), SizeIs(0));
  call.frame(4);
  call.nack({call.subscriber.of(kOut).back().sequence()});
  EXPECT_THAT(call.subscriber.of(kOutRtx), SizeIs(1)) << "what came after the request";
  call.frame(5, true);
  call.nack({lost});
  EXPECT_THAT(call.subscriber.of(kOutRtx), SizeIs(2));
}

TEST(Room, SplitsRedForThoseWithoutIt) {
  for (bool has_red : {true, false}) {
    Call call(rtc::MediaKind::kAudio);
    call.publish.codecs = {codec(Codec::kRed, 63), codec(Codec::kOpus, 111)};
    call.subscribe.codecs = {codec(Codec::kOpus, 109)};
    if (has_red) call.subscribe.codecs.push_back(codec(Codec::kRed, 62));
    call.start();
    // One redundant block of 2 bytes, then the primary.
    Bytes red = {0x80 | 111, 0x0F, 0x00, 0x02, 111, 0xAA, 0xBB, 1, 2, 3};
    call.send(Call::header(1, 63), red);
    call.send(Call::header(2, 111), Bytes{9, 9});
    auto out = call.subscriber.of(kOut);
    ASSERT_THAT(out, SizeIs(2));
    EXPECT_EQ(out[0].payload_type(), has_red ? 62 : 109);
    EXPECT_THAT(out[0].payload(), SizeIs(has_red ? 10 : 3));
    EXPECT_EQ(out[1].payload_type(), 109);
    EXPECT_THAT(steps(out), ElementsAre(1));
  }
}

TEST(Room, DropsCodecsTheSubscriberDoesNotTake) {
  Call call;
  call.publish.codecs = {codec(Codec::kVp8, 96, 97), codec(Codec::kVp9, 98)};
  call.start();
  call.frame(1, true);
  call.send(Call::header(2, 98), Bytes{0x08, 1, 2, 3});
  call.frame(3, true);  // where the codec changes decoding begins anew
  EXPECT_THAT(steps(call.subscriber.of(kOut)), ElementsAre(1));
}

TEST(Room, PicksTheH264ProfileThatFits) {
  Call call;
  call.publish.codecs = {
      codec(Codec::kH264, 102, 0, "packetization-mode=1;profile-level-id=42e01f"),
      codec(Codec::kH264, 104, 0, "packetization-mode=0;profile-level-id=42e01f")};
  call.subscribe.codecs = {
      codec(Codec::kH264, 120, 0, "profile-level-id=64001f;packetization-mode=1"),
      codec(Codec::kH264, 121, 0,
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e034")};
  call.start();
  call.send(Call::header(1, 102), Bytes{0x67, 1, 2, 3});  // SPS
  call.send(Call::header(2, 104), Bytes{0x67, 1, 2, 3});
  auto out = call.subscriber.of(kOut);
  ASSERT_THAT(out, SizeIs(1));
  EXPECT_EQ(out[0].payload_type(), 121);
}

TEST(Room, LearnsFromMidAndRidAndForgetsNothingElse) {
  Call call;
  call.publish.encodings = {{"q", {}, {}}, {"h", {}, {}}};
  call.publish.extensions.set(Extension::kMid, 1);
  call.publish.extensions.set(Extension::kRid, 2);
  call.publish.extensions.set(Extension::kRepairedRid, 3);
  call.start();
  auto send = [&](uint32_t ssrc, uint16_t n, const char* mid, const char* rid, bool key) {
    std::vector<rtc::rtp::ExtensionValue> list;
    if (*mid != 0) list.push_back({1, as_bytes(mid)});
    if (*rid != 0) list.push_back({2, as_bytes(rid)});
    call.send(Call::header(n, 96, rtc::Ssrc(ssrc)), Call::vp8(n, key), list);
  };
  send(50, 1, "", "", true);
  EXPECT_EQ(call.room.counters().unknown_ssrc, 1U);
  send(50, 1, "9", "q", true);
  EXPECT_EQ(call.room.counters().unknown_ssrc, 2U) << "another mid";
  send(50, 1, "0", "x", true);
  EXPECT_EQ(call.room.counters().unknown_ssrc, 3U) << "a rid nobody negotiated";
  send(50, 1, "0", "q", true);
  send(50, 2, "", "", false);
  EXPECT_THAT(call.subscriber.of(kOut), SizeIs(2));
  send(60, 1, "0", "h", true);
  EXPECT_THAT(call.subscriber.of(kOut), SizeIs(3)) << "the higher layer takes over";
  // Whoever changes the SSRC all the time holds no more than one.
  for (uint32_t ssrc = 1000; ssrc < 11'000; ++ssrc) {
    send(ssrc, static_cast<uint16_t>(ssrc), "0", "q", false);
  }
  send(1000, 1, "", "", false);
  EXPECT_EQ(call.room.counters().unknown_ssrc, 4U);
}

TEST(Room, KeyFrameRequestsAreJoined) {
  Call call;
  call.start();
  call.frame(1, true);
  call.publisher.clear();
  for (uint16_t n = 2; n < 62; ++n) {
    call.pli();
    call.pli();
    call.frame(n);
    call.advance(50ms);
  }
  // Nobody answered for 3 s: one after half a second, then with growing distance.
  EXPECT_GE(call.publisher.count(rtc::rtcp::Kind::kPli), 3U);
  EXPECT_LE(call.publisher.count(rtc::rtcp::Kind::kPli), 5U);
  call.frame(62, true);
  call.publisher.clear();
  call.advance(3s);
  EXPECT_EQ(call.publisher.count(rtc::rtcp::Kind::kPli), 0U);
}

TEST(Room, ReportsLossToThePublisher) {
  Call call;
  call.start();
  for (uint16_t n = 0; n < 100; ++n) {
    if (n % 4 != 3) call.frame(n, n == 0);
    call.advance(10ms);
  }
  call.advance(1s);
  std::vector<rtc::rtcp::ReportBlock> blocks;
  call.publisher.for_each_rtcp([&](const rtc::rtcp::PacketView& p) {
    if (p.kind() != rtc::rtcp::Kind::kReceiverReport) return;
    ASSERT_EQ(p.count(), 1);
    blocks.push_back(rtc::rtcp::report_block(p, 0));
  });
  ASSERT_GE(blocks.size(), 2U);
  EXPECT_EQ(blocks.back().ssrc, kSource);
  EXPECT_EQ(blocks.back().cumulative_lost, 24);
  EXPECT_EQ(blocks.back().extended_highest_sequence, 98U);
  EXPECT_NEAR(blocks.back().fraction_lost, 64, 3);
}

TEST(Room, SendsSenderReportsWithANameSoonAndThenEverySecond) {
  Call call;
  call.start();
  for (uint16_t n = 0; n < 300; ++n) {
    call.frame(n, n == 0);
    call.advance(10ms);
  }
  size_t reports = call.subscriber.count(rtc::rtcp::Kind::kSenderReport);
  EXPECT_GE(reports, 5U);
  EXPECT_LE(reports, 7U);
  EXPECT_EQ(call.subscriber.count(rtc::rtcp::Kind::kSourceDescription), reports);
}

TEST(Room, SleepsWhenNothingFlows) {
  Call call;
  call.start();
  EXPECT_EQ(call.room.next_timeout(), kNever);
  call.frame(1, true);
  EXPECT_NE(call.room.next_timeout(), kNever);
  call.advance(5s);
  EXPECT_EQ(call.room.next_timeout(), kNever);
  RoomEvents events;
  EXPECT_TRUE(call.room.take_events(events));
  EXPECT_FALSE(call.room.take_events(events));
}

TEST(Room, AMutedSourceIsDroppedAtTheDoor) {
  Call call(rtc::MediaKind::kAudio);
  call.start();
  call.send(Call::header(1, 111), Bytes{1});
  call.room.set_receive_muted(call.now, kTrack, true);
  call.send(Call::header(2, 111), Bytes{2});
  call.room.set_receive_muted(call.now, kTrack, false);
  call.send(Call::header(3, 111), Bytes{3});
  std::vector<size_t> sizes;
  for (const auto& packet : call.subscriber.of(kOut)) sizes.push_back(packet.payload().size());
  EXPECT_THAT(sizes, ElementsAre(1, 3, 3, 3, 3, 3, 1)) << "silence lies between";
  EXPECT_THAT(steps(call.subscriber.of(kOut)), testing::Each(1));
  EXPECT_EQ(call.room.counters().muted, 1U);
}

TEST(Room, WaitsForTheTransportToBeUp) {
  Call call;
  call.room.add_transport(kPublisher, call.publisher);
  call.room.add_transport(kSubscriber, call.subscriber);
  call.room.transport_connected(call.now, kPublisher);
  call.room.add_receive_track(call.now, call.publish);
  call.room.add_send_track(call.now, call.subscribe, {});
  call.frame(1, true);
  EXPECT_THAT(call.subscriber.rtp, IsEmpty());
  EXPECT_EQ(call.publisher.count(rtc::rtcp::Kind::kPli), 0U);
  call.advance(1s);
  call.room.transport_connected(call.now, kSubscriber);
  EXPECT_EQ(call.publisher.count(rtc::rtcp::Kind::kPli), 1U);
  call.frame(2, true);
  EXPECT_THAT(call.subscriber.of(kOut), SizeIs(1));
}

TEST(Room, ARefusedPacketIsALossThatRtxRepairs) {
  Call call;
  call.start();
  call.frame(1, true);
  call.subscriber.refuse = true;
  call.frame(2);
  call.subscriber.refuse = false;
  call.frame(3);
  auto out = call.subscriber.of(kOut);
  EXPECT_THAT(steps(out), ElementsAre(2));
  EXPECT_EQ(call.room.counters().sink_refused, 1U);
  call.nack({out[0].sequence().plus(1)});
  EXPECT_THAT(call.subscriber.of(kOutRtx), SizeIs(1));
}

TEST(Room, RefusesNonsenseFromTheControlPlane) {
  Call call;
  call.start();
  call.room.add_transport(kPublisher, call.publisher);
  call.room.add_receive_track(call.now, call.publish);
  call.room.add_send_track(call.now, call.subscribe, {});
  SendTrackParameters unknown = call.subscribe;
  unknown.id = SubscriptionId(99);
  unknown.source = TrackId(99);
  call.room.add_send_track(call.now, unknown, {});
  EXPECT_EQ(call.room.counters().refused_parameters, 4U);
  call.room.remove_send_track(call.now, SubscriptionId(99));
  call.room.remove_receive_track(call.now, TrackId(99));
  call.room.remove_transport(call.now, TransportId(99));
  call.room.set_layer_request(call.now, SubscriptionId(99), {});
  call.frame(1, true);
  EXPECT_THAT(call.subscriber.of(kOut), SizeIs(1));
}

TEST(Room, SurvivesHostileBytes) {
  Call call;
  call.publish.extensions.set(Extension::kMid, 1);
  call.publish.extensions.set(Extension::kTransportSequence, 3);
  call.start();
  call.frame(1, true);
  Rng rng(7);
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes(rng.below(200));
    rng.fill(bytes);
    if (bytes.size() > 12 && rng.chance(0.7)) {
      bytes[0] = static_cast<uint8_t>(0x80 | (bytes[0] & 0x30));
      bytes[1] = static_cast<uint8_t>((bytes[1] & 0x80) | (rng.chance(0.8) ? 96 : 97));
      store_be32(&bytes[8], rng.chance(0.8) ? kSource.value : kSourceRtx.value);
    }
    call.room.handle_rtp(call.now, kPublisher, bytes);
    rng.fill(bytes);
    if (bytes.size() > 12 && rng.chance(0.7)) {
      bytes[0] = static_cast<uint8_t>(0x80 | (bytes[0] & 0x1F));
      bytes[1] = static_cast<uint8_t>(200 + rng.below(7));
      store_be16(&bytes[2], static_cast<uint16_t>(bytes.size() / 4 - 1));
      store_be32(&bytes[8], kOut.value);
    }
    call.room.handle_rtcp(call.now, kSubscriber, bytes);
    call.advance(1ms);
  }
  EXPECT_GT(call.room.counters().malformed_rtp, 0U);
  EXPECT_GT(call.room.counters().malformed_rtcp, 0U);
}

}  // namespace
}  // namespace turms::sfu
