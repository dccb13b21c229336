// What differs from codec to codec: how key frames are told, what has to be sent before one, and
// what happens where nothing can be told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rtc/rtp/payload.h"
#include "sfu/room_testing.h"

namespace turms::sfu {
namespace {

using namespace testing_support;
using rtc::Codec;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const Bytes kSps = {0x67, 0x42, 0xE0, 0x1F, 0x96};
const Bytes kPps = {0x68, 0xCE};
const Bytes kIdr = {0x65, 0x88, 1};
const Bytes kSlice = {0x41, 0x9A, 2};

struct VideoCall : Call {
  explicit VideoCall(Codec of, const char* fmtp = "") {
    publish.codecs = {codec(of, 96, 97, fmtp)};
    subscribe.codecs = {codec(of, 100, 101, fmtp)};
  }
  void send_unit(const Bytes& unit, bool marker = true) {
    auto head = header(++sequence, 96);
    head.marker = marker;
    head.timestamp = rtc::rtp::RtpTime(picture * 3000);
    send(head, unit);
    if (!marker) return;
    ++picture;
    now += 33ms;
  }
  [[nodiscard]] std::vector<Bytes> got() const {
    std::vector<Bytes> out;
    for (const auto& packet : subscriber.of(kOut)) {
      auto payload = packet.payload();
      if (!payload.empty()) out.emplace_back(payload.begin(), payload.end());
    }
    return out;
  }
  void pause(bool paused) { room.set_layer_request(now, kSubscription, {.paused = paused}); }
  [[nodiscard]] size_t requests() const { return publisher.count(rtc::rtcp::Kind::kPli); }
  uint16_t sequence = 0;
  uint32_t picture = 1;
};

TEST(Codecs, H264ParameterSetsSentOnceReachALateViewer) {
  VideoCall call(Codec::kH264, "packetization-mode=1");
  call.start();
  call.pause(true);
  call.send_unit(kSps, false);
  call.send_unit(kPps, false);
  call.send_unit(kIdr);
  call.send_unit(kSlice);
  call.pause(false);
  call.send_unit(kSlice);
  EXPECT_THAT(call.got(), IsEmpty());
  call.send_unit(kIdr);
  call.send_unit(kSlice);
  EXPECT_THAT(call.got(), ElementsAre(kSps, kPps, kIdr, kSlice));
  auto out = call.subscriber.of(kOut);
  for (size_t i = 1; i < out.size(); ++i)
    EXPECT_EQ(out[i].sequence(), out[i - 1].sequence().plus(1));
  EXPECT_EQ(out[0].timestamp(), out[2].timestamp());
  EXPECT_FALSE(out[0].marker());
  // They can be asked for again like all others.
  const auto lost = out[0].sequence();
  call.subscriber.clear();
  call.nack({lost});
  auto again = call.subscriber.of(kOutRtx);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(load_be16(again[0].payload().data()), lost.value);
  EXPECT_TRUE(std::ranges::equal(again[0].payload().subspan(2), kSps));
}

TEST(Codecs, H264ThatBringsItsOwnSetsGetsNoOthers) {
  VideoCall call(Codec::kH264, "packetization-mode=1");
  call.start();
  const Bytes both = {0x78, 0, 5, 0x67, 0x42, 0xE0, 0x1F, 0x96, 0, 2, 0x68, 0xCE};
  call.send_unit(both, false);
  call.send_unit(kIdr);
  EXPECT_THAT(call.got(), ElementsAre(both, kIdr));
}

TEST(Codecs, H265ParameterSetsSentOnceReachALateViewer) {
  VideoCall call(Codec::kH265);
  call.start();
  call.pause(true);
  const Bytes vps = {32 << 1, 1, 1};
  const Bytes sps = {33 << 1, 1, 2};
  const Bytes pps = {34 << 1, 1, 0x80};
  const Bytes idr = {19 << 1, 1, 0x80, 4};
  for (const Bytes& unit : {vps, sps, pps}) call.send_unit(unit, false);
  call.send_unit(idr);
  call.pause(false);
  call.send_unit(idr);
  EXPECT_THAT(call.got(), ElementsAre(vps, sps, pps, idr));
}

TEST(Codecs, TheAv1SequenceHeaderSentOnceReachesALateViewer) {
  VideoCall call(Codec::kAv1);
  call.start();
  call.pause(true);
  const Bytes first = {0x28, 3, 0x08, 5, 6, 0x30, 0x10};  // sequence header, key frame
  const Bytes key = {0x10, 0x30, 0x10, 1};
  call.send_unit(first);
  call.pause(false);
  call.send_unit(key);
  EXPECT_THAT(call.got(), ElementsAre(Bytes{0x18, 0x08, 5, 6}, key));
}

TEST(Codecs, Av1KeyFramesEndTheRequestsHoweverTheyAreTold) {
  for (const Bytes& key :
       {Bytes{0x18, 0x08, 0, 0}, Bytes{0x10, 0x08, 0, 0}, Bytes{0x18, 0x30, 0x20},
        Bytes{0x10, 0x30, 0x10}, Bytes{0x20, 2, 0x08, 0, 0x30, 0x10}}) {
    VideoCall call(Codec::kAv1);
    call.start();
    call.send_unit({0x10, 0x30, 0x20});
    EXPECT_EQ(call.requests(), 1U);
    call.send_unit(key);
    for (int i = 0; i < 60; ++i) {
      call.send_unit({0x10, 0x30, 0x20});
      call.advance(33ms);
    }
    EXPECT_EQ(call.requests(), 1U);
    EXPECT_THAT(call.got(), SizeIs(61));
  }
}

TEST(Codecs, KeyFramesThatCannotBeToldDoNotKeepAViewerWaiting) {
  VideoCall call(Codec::kAv1);
  call.start();
  for (int i = 0; i < 900; ++i) {
    call.send_unit({0x90, 1, 2});  // always within an OBU
    call.advance(0ms);
  }
  EXPECT_GT(call.got().size(), 800U);
  // Half a minute: the requests have an end.
  EXPECT_LE(call.requests(), 10U);
  const size_t before = call.requests();
  call.pli();
  call.pli();
  EXPECT_EQ(call.requests(), before + 1);
}

TEST(Codecs, EncryptedVideoIsForwardedWhateverItLooksLike) {
  // VP8: descriptor and frame tag are in the clear.
  Call vp8;
  vp8.publish.encrypted = true;
  vp8.start();
  vp8.frame(1);
  EXPECT_THAT(vp8.subscriber.of(kOut), IsEmpty());
  vp8.frame(2, true);
  vp8.frame(3);
  EXPECT_THAT(vp8.subscriber.of(kOut), SizeIs(2));
  // H264 under a cipher that leaves nothing: what looks like no NAL unit starts at once.
  VideoCall hidden(Codec::kH264, "packetization-mode=1");
  hidden.publish.encrypted = true;
  hidden.start();
  for (uint8_t i = 0; i < 5; ++i) hidden.send_unit({0x1F, i, 3});
  EXPECT_THAT(hidden.got(), SizeIs(5));
  EXPECT_EQ(hidden.room.counters().opaque, 5U);
  EXPECT_EQ(hidden.room.counters().malformed_rtp, 0U);
  for (int i = 0; i < 900; ++i) {
    hidden.send_unit({0x1F, 9, 3});
    hidden.advance(0ms);
  }
  const size_t before = hidden.requests();
  hidden.pli();
  EXPECT_EQ(hidden.requests(), before + 1) << "what viewers ask for is passed on";
}

TEST(Codecs, NothingIsPutBeforeAnEncryptedFrame) {
  VideoCall call(Codec::kH264, "packetization-mode=1");
  call.publish.encrypted = true;
  call.start();
  call.pause(true);
  call.send_unit(kSps, false);
  call.send_unit(kIdr);
  call.pause(false);
  call.send_unit(kIdr);
  EXPECT_THAT(call.got(), ElementsAre(kIdr));
}

TEST(Codecs, UnreadablePayloadsAreForwardedInPlaceWithinAStream) {
  Call call;
  call.start();
  call.frame(1, true);
  call.send(Call::header(2, 96), Bytes{0x80});  // a descriptor that ends too early
  call.frame(3);
  auto out = call.subscriber.of(kOut);
  ASSERT_THAT(out, SizeIs(3));
  EXPECT_THAT(out[1].payload(), ElementsAre(0x80));
  EXPECT_EQ(call.room.counters().opaque, 1U);
}

TEST(Codecs, ASenderThatChangesItsCodecReachesThoseWhoDecodeIt) {
  Call call;
  call.publish.codecs = {codec(Codec::kVp8, 96, 97), codec(Codec::kH264, 102, 103)};
  call.subscribe.codecs = {codec(Codec::kVp8, 100, 101), codec(Codec::kH264, 108, 109)};
  call.start();
  call.frame(1, true);
  call.frame(2);
  call.now += 33ms;
  const size_t before = call.publisher.count(rtc::rtcp::Kind::kPli);
  call.send(Call::header(3, 102), kSlice);
  EXPECT_EQ(call.publisher.count(rtc::rtcp::Kind::kPli), before + 1) << "a key frame is asked for";
  call.now += 33ms;
  call.send(Call::header(4, 102), kIdr);
  call.send(Call::header(5, 102), kSlice);
  std::vector<int> types;
  auto out = call.subscriber.of(kOut);
  for (size_t i = 0; i < out.size(); ++i) {
    types.push_back(out[i].payload_type());
    if (i == 0) continue;
    EXPECT_EQ(out[i].sequence(), out[i - 1].sequence().plus(1));
    auto step = static_cast<int32_t>(out[i].timestamp().value - out[i - 1].timestamp().value);
    EXPECT_GT(step, 0);
    EXPECT_LT(step, 9001);
  }
  EXPECT_THAT(types, ElementsAre(100, 100, 108, 108));
}

TEST(Codecs, PacketTrailersAreCutOffForThoseWhoCannotReadThem) {
  for (bool reads : {false, true}) {
    VideoCall call(Codec::kH264, "packetization-mode=1");
    call.subscribe.packet_trailer = reads;
    call.start();
    Bytes unit = kIdr;
    for (uint8_t byte : {uint8_t{0xFE}, uint8_t{0xFF}, static_cast<uint8_t>(~7)})
      unit.push_back(byte);
    for (char c : std::string_view("LKTS")) unit.push_back(static_cast<uint8_t>(c));
    call.send_unit(unit);
    EXPECT_THAT(call.got(), ElementsAre(reads ? unit : kIdr));
  }
}

TEST(Codecs, PlayoutDelayIsToldUntilItIsAcknowledged) {
  Call call;
  Room room({1, WallTime{}, {.playout_delay = PlayoutDelay{100, 2000}}});
  call.subscribe.extensions.set(rtc::Extension::kPlayoutDelay, 5);
  room.add_transport(kPublisher, call.publisher);
  room.add_transport(kSubscriber, call.subscriber);
  room.transport_connected(call.now, kSubscriber);
  room.add_receive_track(call.now, call.publish);
  room.add_send_track(call.now, call.subscribe, {});
  auto frame = [&](uint16_t n, bool key) {
    std::array<uint8_t, 100> buffer;
    size_t size = rtc::rtp::write_packet(buffer, Call::header(n, 96), {}, Call::vp8(n, key));
    room.handle_rtp(call.now, kPublisher, MutableByteView(buffer).first(size));
  };
  frame(1, true);
  auto sent = call.subscriber.of(kOut).back();
  ASSERT_TRUE(sent.extension(5));
  EXPECT_THAT(*sent.extension(5), ElementsAre(0x00, 0xA0, 0xC8));  // 10 and 200 steps
  std::array<uint8_t, 100> rtcp;
  rtc::rtcp::Writer writer(rtcp);
  rtc::rtcp::ReportBlock block;
  block.ssrc = kOut;
  block.extended_highest_sequence = sent.sequence().value;
  writer.receiver_report(rtc::Ssrc(5), std::span(&block, 1));
  room.handle_rtcp(call.now, kSubscriber, writer.written());
  frame(2, false);
  EXPECT_FALSE(call.subscriber.of(kOut).back().extension(5));
}

// ---- sound

struct SoundCall : Call {
  SoundCall() : Call(rtc::MediaKind::kAudio) {}
  void sound(uint16_t n, const Bytes& payload, uint8_t type = 111) {
    auto head = header(n, type);
    head.timestamp = rtc::rtp::RtpTime(uint32_t{n} * 960);
    send(head, payload);
    now += 20ms;
  }
  /// A frame of one byte, its number, in RED that carries the one before again.
  void red(uint16_t n) {
    Bytes payload(rtc::rtp::red_head_size(1));
    const Bytes before = {static_cast<uint8_t>(n - 1)};
    const rtc::rtp::RedBlock block{111, 960, before};
    rtc::rtp::write_red_head(payload, std::span(&block, 1), 111);
    payload.push_back(before[0]);
    payload.push_back(static_cast<uint8_t>(n));
    sound(n, payload, 63);
  }
  /// A report of the subscriber on 100 packets more, of which so many are lost.
  void report(int lost) {
    reported_highest += 100;
    reported_lost += lost;
    rtc::rtcp::ReportBlock block;
    block.ssrc = kOut;
    block.fraction_lost = static_cast<uint8_t>(lost * 256 / 100);
    block.cumulative_lost = reported_lost;
    block.extended_highest_sequence = reported_highest;
    std::array<uint8_t, 100> rtcp;
    rtc::rtcp::Writer writer(rtcp);
    writer.receiver_report(rtc::Ssrc(5), std::span(&block, 1));
    room.handle_rtcp(now, kSubscriber, writer.written());
  }
  uint32_t reported_highest = 0;
  int reported_lost = 0;
};

TEST(Sound, IsSentAgainAsItWas) {
  SoundCall call;
  call.subscribe.extensions.set(rtc::Extension::kTransportSequence, 3);
  call.start();
  for (uint16_t n = 1; n <= 5; ++n) call.sound(n, {static_cast<uint8_t>(n), 7});
  const Bytes original = call.subscriber.rtp.at(1);
  const auto lost = rtc::rtp::PacketView::parse(original)->sequence();
  call.subscriber.clear();
  call.nack({lost});
  ASSERT_THAT(call.subscriber.rtp, SizeIs(1));
  EXPECT_EQ(call.subscriber.rtp[0], original) << "the same key stream must not meet other bytes";
  call.sound(6, {6, 7});
  EXPECT_EQ(load_be16(call.subscriber.of(kOut).back().extension(3)->data()), 5);
}

TEST(Sound, LossIsMadeGoodFromRedForThoseWithoutIt) {
  SoundCall call;
  call.publish.codecs = {codec(Codec::kRed, 63), codec(Codec::kOpus, 111)};
  call.start();
  auto red = [&](uint16_t n) {
    auto byte = static_cast<uint8_t>(n);
    Bytes payload(rtc::rtp::red_head_size(2));
    const Bytes before = {static_cast<uint8_t>(n - 2), static_cast<uint8_t>(n - 1)};
    const rtc::rtp::RedBlock blocks[] = {{111, 1920, ByteView(before).first(1)},
                                         {111, 960, ByteView(before).last(1)}};
    rtc::rtp::write_red_head(payload, blocks, 111);
    for (uint8_t b : {before[0], before[1], byte}) payload.push_back(b);
    call.sound(n, payload, 63);
  };
  red(10);
  red(13);  // 11 and 12 are lost
  red(14);
  std::vector<std::pair<uint32_t, int>> got;
  auto out = call.subscriber.of(kOut);
  std::ranges::sort(out, {}, [&](const auto& p) { return p.timestamp().value; });
  for (size_t i = 0; i < out.size(); ++i) {
    got.emplace_back(out[i].timestamp().value / 960, out[i].payload()[0]);
    if (i == 0) continue;
    EXPECT_EQ(out[i].sequence(), out[i - 1].sequence().plus(1));
  }
  EXPECT_THAT(got, ElementsAre(testing::Pair(10, 10), testing::Pair(11, 11), testing::Pair(12, 12),
                               testing::Pair(13, 13), testing::Pair(14, 14)));
}

TEST(Sound, BecomesRedForThoseWhoPreferItAndLosePackets) {
  SoundCall call;
  call.subscribe.codecs = {codec(Codec::kRed, 62), codec(Codec::kOpus, 109)};
  call.start();
  uint16_t n = 1;
  const auto newest = [&] {
    for (int i = 0; i < 4; ++i, ++n) call.sound(n, {static_cast<uint8_t>(n), 7});
    return call.subscriber.of(kOut).back();
  };
  // Nothing is known of its link yet.
  auto out = newest();
  EXPECT_EQ(out.payload_type(), 62);
  auto primary = rtc::rtp::parse_red_primary(out.payload());
  ASSERT_TRUE(primary);
  EXPECT_EQ(primary->payload_type, 109);
  EXPECT_THAT(primary->payload, ElementsAre(4, 7));
  auto blocks = rtc::rtp::parse_red_redundancy(out.payload());
  ASSERT_EQ(blocks.count, 1U);
  EXPECT_EQ(blocks.blocks[0].timestamp_offset, 960);
  EXPECT_THAT(blocks.blocks[0].payload, ElementsAre(3, 7));
  auto first = call.subscriber.of(kOut).front();
  EXPECT_EQ(rtc::rtp::parse_red_redundancy(first.payload()).count, 0U);
  call.report(0);
  EXPECT_EQ(newest().payload_type(), 109) << "plain without loss";
  call.report(10);
  out = newest();
  EXPECT_EQ(out.payload_type(), 62);
  blocks = rtc::rtp::parse_red_redundancy(out.payload());
  ASSERT_EQ(blocks.count, 2U);
  EXPECT_EQ(blocks.blocks[0].timestamp_offset, 1920);
  EXPECT_THAT(blocks.blocks[0].payload, ElementsAre(n - 3, 7));
}

TEST(Sound, OfRedASubscriberGetsAsMuchAsItNeeds) {
  SoundCall call;
  call.publish.codecs = {codec(Codec::kRed, 63), codec(Codec::kOpus, 111)};
  call.subscribe.codecs = {codec(Codec::kRed, 62), codec(Codec::kOpus, 109)};
  call.start();
  uint16_t n = 1;
  const auto newest = [&] {
    for (int i = 0; i < 4; ++i) call.red(n++);
    return call.subscriber.of(kOut).back();
  };
  auto out = newest();
  EXPECT_EQ(out.payload_type(), 62);
  EXPECT_EQ(out.payload().size(), rtc::rtp::red_head_size(1) + 2) << "as its publisher made it";
  call.report(0);
  out = newest();
  EXPECT_EQ(out.payload_type(), 62) << "loss begins before it is reported";
  call.report(5);
  out = newest();
  EXPECT_EQ(out.payload_type(), 62);
  EXPECT_EQ(out.payload().size(), rtc::rtp::red_head_size(1) + 2);
  call.report(20);
  newest();
  ++n;  // one is lost: the next carries it again, and so does the one after
  call.red(n++);
  call.red(n++);
  out = call.subscriber.of(kOut).back();
  auto blocks = rtc::rtp::parse_red_redundancy(out.payload());
  ASSERT_EQ(blocks.count, 2U);
  EXPECT_EQ(blocks.blocks[0].payload_type, 109);
  EXPECT_EQ(blocks.blocks[0].timestamp_offset, 1920);
  EXPECT_THAT(blocks.blocks[0].payload, ElementsAre(n - 3));
  EXPECT_THAT(blocks.blocks[1].payload, ElementsAre(n - 2));
  EXPECT_THAT(rtc::rtp::parse_red_primary(out.payload())->payload, ElementsAre(n - 1));
}

/// Whatever form it had: the same key stream must not meet other bytes.
TEST(Sound, IsNeverSentAgainInAnotherForm) {
  SoundCall call;
  call.publish.codecs = {codec(Codec::kRed, 63), codec(Codec::kOpus, 111)};
  call.subscribe.codecs = {codec(Codec::kRed, 62), codec(Codec::kOpus, 109)};
  call.subscribe.extensions.set(rtc::Extension::kTransportSequence, 3);
  call.start();
  uint16_t n = 1;
  const auto some = [&] {
    for (int i = 0; i < 4; ++i) call.red(n++);
    for (int i = 0; i < 4; ++i, ++n) call.sound(n, {static_cast<uint8_t>(n)});
  };
  some();
  for (int lost : {0, 5, 20}) {
    call.report(lost);
    some();
  }
  auto sent = call.subscriber.rtp;
  call.report(0);
  size_t again = 0;
  for (const Bytes& original : sent) {
    call.subscriber.clear();
    call.nack({rtc::rtp::PacketView::parse(original)->sequence()});
    if (call.subscriber.rtp.empty()) continue;
    ++again;
    EXPECT_EQ(call.subscriber.rtp[0], original);
  }
  EXPECT_GT(again, 10U) << "what was not made RED here is";
}

TEST(Sound, EncryptedIsNeitherTakenApartNorPutTogether) {
  SoundCall call;
  call.publish.encrypted = true;
  call.publish.codecs = {codec(Codec::kRed, 63), codec(Codec::kOpus, 111)};
  call.subscribe.codecs = {codec(Codec::kRed, 62), codec(Codec::kOpus, 109)};
  call.start();
  call.sound(1, {0xFF, 0xFF}, 63);
  call.sound(2, {1, 2}, 111);
  call.sound(3, {3, 4}, 111);
  auto out = call.subscriber.of(kOut);
  ASSERT_THAT(out, SizeIs(3));
  EXPECT_EQ(out[0].payload_type(), 62);
  EXPECT_EQ(out[2].payload_type(), 109);
  EXPECT_THAT(out[2].payload(), ElementsAre(3, 4));
}

TEST(Sound, SilenceAfterAMuteOfAnEncryptedTrackEndsInTheTrailer) {
  SoundCall call;
  call.publish.encrypted = true;
  Room room({1, WallTime{}, {.server_frame_trailer = {0xAB, 0xCD}}});
  room.add_transport(kPublisher, call.publisher);
  room.add_transport(kSubscriber, call.subscriber);
  room.transport_connected(call.now, kSubscriber);
  room.add_receive_track(call.now, call.publish);
  room.add_send_track(call.now, call.subscribe, {});
  std::array<uint8_t, 100> buffer;
  size_t size = rtc::rtp::write_packet(buffer, Call::header(1, 111), {}, Bytes{1, 2});
  room.handle_rtp(call.now, kPublisher, MutableByteView(buffer).first(size));
  room.set_receive_muted(call.now, kTrack, true);
  auto out = call.subscriber.of(kOut);
  ASSERT_THAT(out, SizeIs(6));
  EXPECT_THAT(out.back().payload(), ElementsAre(0xF8, 0xFF, 0xFE, 0xAB, 0xCD));
  EXPECT_EQ(out.back().timestamp().value - out[0].timestamp().value, 5U * 960);
}

TEST(Sound, WhoComesToAMutedTrackHearsSilenceAndThenTheRest) {
  SoundCall call;
  call.room.add_transport(kPublisher, call.publisher);
  call.room.add_transport(kSubscriber, call.subscriber);
  call.room.add_receive_track(call.now, call.publish);
  call.room.set_receive_muted(call.now, kTrack, true);
  call.room.add_send_track(call.now, call.subscribe, {});
  EXPECT_THAT(call.subscriber.rtp, IsEmpty()) << "its transport is not up";
  call.room.transport_connected(call.now, kSubscriber);
  auto out = call.subscriber.of(kOut);
  ASSERT_THAT(out, SizeIs(5));
  EXPECT_THAT(out[0].payload(), ElementsAre(0xF8, 0xFF, 0xFE));
  call.advance(1s);
  call.room.set_receive_muted(call.now, kTrack, false);
  call.sound(1, {1, 2}, 111);
  out = call.subscriber.of(kOut);
  ASSERT_THAT(out, SizeIs(6));
  EXPECT_EQ(out[5].sequence().value, static_cast<uint16_t>(out[4].sequence().value + 1));
  EXPECT_EQ(out[5].timestamp().value - out[4].timestamp().value, 48000U);
}

TEST(Video, WhoComesToAMutedTrackKnowsOfItAndSeesTheRest) {
  Call call;
  call.start();
  call.frame(1, true);
  call.subscriber.clear();
  call.room.remove_send_track(call.now, kSubscription);
  call.room.set_receive_muted(call.now, kTrack, true);
  call.room.add_send_track(call.now, call.subscribe, {});
  ASSERT_THAT(call.subscriber.rtp, SizeIs(5));
  for (const Bytes& bytes : call.subscriber.rtp) {
    auto packet = rtc::rtp::PacketView::parse(bytes);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->payload_type(), 100);
    EXPECT_THAT(packet->payload(), IsEmpty());
  }
  call.room.set_receive_muted(call.now, kTrack, false);
  call.frame(2, true);
  ASSERT_THAT(call.subscriber.rtp, SizeIs(6));
  auto last = rtc::rtp::PacketView::parse(call.subscriber.rtp[5]);
  auto before = rtc::rtp::PacketView::parse(call.subscriber.rtp[4]);
  EXPECT_EQ(last->sequence().value, static_cast<uint16_t>(before->sequence().value + 1));
  EXPECT_FALSE(last->payload().empty());
}

}  // namespace
}  // namespace turms::sfu
