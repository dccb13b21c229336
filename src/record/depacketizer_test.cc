#include "record/depacketizer.h"

#include <gtest/gtest.h>

#include "record/opus_frames.h"
#include "record/record_testing.h"
#include "record/reorder_buffer.h"
#include "record/video_frames.h"

namespace turms::record {
namespace {

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// 320x180, with some bytes behind.
const Bytes kVp8Key = {0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xB4, 0x00, 7, 8, 9};
const Bytes kVp8Delta = {0x11, 0x02, 0x00, 1, 2, 3};

TrackPacket packet(int64_t sequence, int64_t time, bool marker, Bytes payload) {
  return {.sequence = sequence,
          .rtp_time = time,
          .marker = marker,
          .arrival = {},
          .payload = std::move(payload)};
}

TEST(Vp8Depacketizer, PutsPartitionsTogetherAndTellsTheSize) {
  const auto depacketizer = make_depacketizer(rtc::Codec::kVp8);
  depacketizer->begin();
  const Bytes front(kVp8Key.begin(), kVp8Key.begin() + 10);
  const Bytes rest(kVp8Key.begin() + 10, kVp8Key.end());
  EXPECT_TRUE(depacketizer->add(Bytes{0x10} + front));
  EXPECT_TRUE(depacketizer->add(Bytes{0x00} + rest));
  const auto frame = depacketizer->finish();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->data, kVp8Key);
  EXPECT_TRUE(frame->key_frame);
  EXPECT_EQ(frame->width, 320U);
  EXPECT_EQ(frame->height, 180U);
  // What begins in the middle of a frame is none.
  depacketizer->begin();
  EXPECT_FALSE(depacketizer->add(Bytes{0x00} + rest));
}

TEST(H264Depacketizer, TakesSingleUnitsAggregatesAndFragments) {
  const Bytes sps = {0x67, 0x42, 0xC0, 0x1E, 0xD9, 0x00, 0xA0, 0x47, 0xFE, 0x88};
  const Bytes pps = {0x68, 0xCE, 0x3C, 0x80};
  const auto depacketizer = make_depacketizer(rtc::Codec::kH264);
  depacketizer->begin();
  EXPECT_TRUE(depacketizer->add(Bytes{0x78, 0, 10} + sps + Bytes{0, 4} + pps));
  EXPECT_TRUE(depacketizer->add(Bytes{0x7C, 0x85, 0x88, 1, 2}));
  EXPECT_TRUE(depacketizer->add(Bytes{0x7C, 0x05, 3, 4}));
  EXPECT_TRUE(depacketizer->add(Bytes{0x7C, 0x45, 5}));
  const auto frame = depacketizer->finish();
  ASSERT_TRUE(frame);
  EXPECT_TRUE(frame->key_frame);
  const Bytes whole = Bytes{0, 0, 0, 10} + sps + Bytes{0, 0, 0, 4} + pps +
                      Bytes{0, 0, 0, 7, 0x65, 0x88, 1, 2, 3, 4, 5};
  EXPECT_EQ(frame->data, whole);
  ASSERT_GT(frame->config.size(), 8U);
  EXPECT_EQ(frame->config[0], 1);
  EXPECT_EQ(frame->config[1], 0x42);
  EXPECT_GT(frame->width, 0U);
  // Its first slice lost.
  depacketizer->begin();
  EXPECT_TRUE(depacketizer->add(Bytes{0x65, 0x08, 1}));
  EXPECT_FALSE(depacketizer->finish());
  // A fragment without its beginning.
  depacketizer->begin();
  EXPECT_FALSE(depacketizer->add(Bytes{0x7C, 0x05, 3}));
}

TEST(Vp9Depacketizer, MakesASuperframeOfSpatialLayers) {
  // Key frame of 320x180, then a layer of 640x360 predicted from it.
  const Bytes base = {0x82, 0x49, 0x83, 0x42, 0x20, 0x13, 0xF0, 0x0B, 0x30, 0x55};
  const Bytes upper = {0x86, 0x01, 0x00, 0x00, 0x04, 0xFF, 0x02, 0xCF, 0x00, 0x66};
  const auto depacketizer = make_depacketizer(rtc::Codec::kVp9);
  depacketizer->begin();
  EXPECT_TRUE(depacketizer->add(Bytes{0x2C, 0x00, 0x00} + base));   // L B E, layer 0
  EXPECT_TRUE(depacketizer->add(Bytes{0x6C, 0x03, 0x00} + upper));  // P, layer 1 depends on 0
  const auto frame = depacketizer->finish();
  ASSERT_TRUE(frame);
  EXPECT_TRUE(frame->key_frame);
  const auto low = static_cast<uint8_t>(base.size());
  const auto high = static_cast<uint8_t>(upper.size());
  const Bytes whole = base + upper + Bytes{0xD9, low, 0, 0, 0, high, 0, 0, 0, 0xD9};
  EXPECT_EQ(frame->data, whole);
}

TEST(Av1Depacketizer, JoinsFragmentsAndGivesUnitsSizes) {
  const auto depacketizer = make_depacketizer(rtc::Codec::kAv1);
  // A frame of two packets: the first element continues.
  depacketizer->begin();
  EXPECT_TRUE(depacketizer->add(Bytes{0x50, 0x30, 0x20, 1, 2}));  // Y, one element, frame OBU
  EXPECT_TRUE(depacketizer->add(Bytes{0x90, 3, 4}));              // Z
  const auto frame = depacketizer->finish();
  ASSERT_TRUE(frame);
  EXPECT_FALSE(frame->key_frame);
  EXPECT_EQ(frame->data, Bytes({0x32, 5, 0x20, 1, 2, 3, 4}));
  // It goes on with what is not there.
  depacketizer->begin();
  EXPECT_FALSE(depacketizer->add(Bytes{0x90, 3, 4}));
}

TEST(VideoFrames, NothingAfterALossUntilTheNextKeyFrame) {
  VideoFrames frames(rtc::Codec::kVp8);
  EXPECT_TRUE(frames.needs_key_frame());
  EXPECT_FALSE(frames.add(packet(1, 0, true, Bytes{0x10} + kVp8Delta), false));
  const auto key = frames.add(packet(2, 3000, true, Bytes{0x10} + kVp8Key), false);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->rtp_time, 3000);
  EXPECT_FALSE(frames.needs_key_frame());
  EXPECT_TRUE(frames.add(packet(3, 6000, true, Bytes{0x10} + kVp8Delta), false));
  // Packet 4 is missing: whether it was a whole frame or the beginning of this one is not known.
  EXPECT_FALSE(frames.add(packet(5, 12000, true, Bytes{0x10} + kVp8Delta), true));
  EXPECT_TRUE(frames.needs_key_frame());
  EXPECT_FALSE(frames.add(packet(6, 15000, true, Bytes{0x10} + kVp8Delta), false));
  EXPECT_TRUE(frames.add(packet(7, 18000, true, Bytes{0x10} + kVp8Key), false));
  EXPECT_FALSE(frames.needs_key_frame());
}

TEST(VideoFrames, AFrameWithoutAMarkerEndsWithTheNextTimestamp) {
  VideoFrames frames(rtc::Codec::kVp8);
  EXPECT_FALSE(frames.add(packet(1, 0, false, Bytes{0x10} + kVp8Key), false));
  EXPECT_TRUE(frames.add(packet(2, 3000, false, Bytes{0x10} + kVp8Delta), false));
}

TEST(ReorderBuffer, WaitsForWhatIsMissingAndGivesItUp) {
  ReorderBuffer buffer;
  const auto add = [&](uint16_t sequence, Duration at) {
    const Bytes bytes = rtp_packet(96, sequence, sequence * 3000U, true, Bytes{1});
    buffer.add(*rtc::rtp::PacketView::parse(bytes), TimePoint(at));
  };
  add(65534, 0ms);
  add(65535, 0ms);
  add(1, 10ms);
  EXPECT_EQ(buffer.next(TimePoint(10ms))->packet.sequence, 65534);
  EXPECT_EQ(buffer.next(TimePoint(10ms))->packet.sequence, 65535);
  EXPECT_FALSE(buffer.next(TimePoint(10ms)));
  add(0, 600ms);  // sent again
  EXPECT_FALSE(buffer.next(TimePoint(600ms))->gap);
  EXPECT_EQ(buffer.next(TimePoint(600ms))->packet.sequence, 65537);
  add(3, 700ms);
  EXPECT_FALSE(buffer.next(TimePoint(1800ms)));
  const auto given_up = buffer.next(TimePoint(1900ms));
  ASSERT_TRUE(given_up);
  EXPECT_TRUE(given_up->gap);
  EXPECT_EQ(buffer.lost(), 1U);
  add(2, 1950ms);  // too late
  EXPECT_FALSE(buffer.next(TimePoint(5s)));
}

TEST(OpusFrames, PausesAndLossesAreFilledWithSilence) {
  OpusFrames frames;
  std::vector<Frame> out;
  const Bytes twenty = {0xF8, 1, 2};  // CELT, 20 ms, one frame
  frames.add(packet(1, 960, false, twenty), out);
  frames.add(packet(2, 1920, false, twenty), out);
  // Discontinuous transmission: the next number, 400 ms later.
  frames.add(packet(3, 1920 + 20 * 960, false, twenty), out);
  ASSERT_EQ(out.size(), 22U);
  for (size_t i = 0; i < out.size(); ++i)
    EXPECT_EQ(out[i].rtp_time, 960 * static_cast<int64_t>(i + 1));
  EXPECT_EQ(out[2].data, Bytes({0xF8, 0xFF, 0xFE}));
  EXPECT_EQ(frames.filled(), 19U);
  // Sent while silence was made for it already.
  frames.fill(*frames.end() + 2000, out);
  EXPECT_EQ(out.size(), 24U);
  frames.add(packet(4, *frames.end() - 1920, false, twenty), out);
  EXPECT_EQ(out.size(), 24U);
}

TEST(OpusFrames, DurationsOfAllKindsOfPackets) {
  EXPECT_EQ(parse_opus_duration(Bytes{0x08}), 960U);         // SILK 20 ms
  EXPECT_EQ(parse_opus_duration(Bytes{0x18}), 2880U);        // SILK 60 ms
  EXPECT_EQ(parse_opus_duration(Bytes{0x79}), 1920U);        // hybrid, two of 20 ms
  EXPECT_EQ(parse_opus_duration(Bytes{0x80}), 120U);         // CELT 2.5 ms
  EXPECT_EQ(parse_opus_duration(Bytes{0xFB, 0x03}), 2880U);  // three of 20 ms
  EXPECT_FALSE(parse_opus_duration(Bytes{0xFB, 0x07}));      // 140 ms
  EXPECT_FALSE(parse_opus_duration(Bytes{}));
}

}  // namespace
}  // namespace turms::record
