#include "rtc/rtp/payload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace turms::rtc::rtp {
namespace {

Bytes bytes(std::initializer_list<int> list) {
  Bytes out;
  for (int b : list) out.push_back(static_cast<uint8_t>(b));
  return out;
}

TEST(Vp8, ReadsTheDescriptor) {
  // X S, I L T K, 15-bit picture id 0x1234, TL0PICIDX 7, TID 2 Y KEYIDX 9, key frame.
  auto d = parse_vp8(bytes({0x90, 0xF0, 0x92, 0x34, 7, 0xA9, 0x00}));
  ASSERT_TRUE(d);
  EXPECT_EQ(d->size, 6);
  EXPECT_TRUE(d->start_of_frame());
  EXPECT_TRUE(d->picture_id_is_15_bit);
  EXPECT_EQ(d->picture_id, 0x1234);
  EXPECT_EQ(d->tl0_picture_index, 7);
  EXPECT_EQ(d->temporal_id, 2);
  EXPECT_TRUE(d->layer_sync);
  EXPECT_EQ(d->key_index, 9);
  EXPECT_TRUE(d->key_frame);
}

TEST(Vp8, KeyFramesAndStarts) {
  struct Case {
    Bytes payload;
    bool start;
    bool key;
  };
  const Case cases[] = {
      {bytes({0x10, 0x00}), true, true},    // no extension, key
      {bytes({0x10, 0x01}), true, false},   // inter frame
      {bytes({0x00, 0x00}), false, false},  // continuation
      {bytes({0x11, 0x00}), false, false},  // second partition
      {bytes({0x90, 0x80, 0x05, 0x00}), true, true},
  };
  for (const Case& c : cases) {
    auto d = parse_vp8(c.payload);
    ASSERT_TRUE(d);
    EXPECT_EQ(d->start_of_frame(), c.start);
    EXPECT_EQ(d->key_frame, c.key);
  }
}

TEST(Vp8, RefusesTruncated) {
  const Bytes whole = bytes({0x90, 0xF0, 0x92, 0x34, 7, 0xA9, 0x00});
  for (size_t n = 0; n < whole.size(); ++n) EXPECT_FALSE(parse_vp8(ByteView(whole).first(n))) << n;
}

TEST(Vp8, RewritesInPlace) {
  Bytes payload = bytes({0x90, 0xF0, 0x92, 0x34, 7, 0xA9, 0x00});
  auto at = parse_vp8(payload);
  rewrite_vp8(payload, *at, 0x7FFF, 200, 31);
  auto d = parse_vp8(payload);
  ASSERT_TRUE(d);
  EXPECT_EQ(d->picture_id, 0x7FFF);
  EXPECT_EQ(d->tl0_picture_index, 200);
  EXPECT_EQ(d->key_index, 31);
  EXPECT_EQ(d->temporal_id, 2) << "kept";
  EXPECT_TRUE(d->layer_sync) << "kept";

  Bytes short_id = bytes({0x90, 0x80, 0x05, 0x00});
  at = parse_vp8(short_id);
  rewrite_vp8(short_id, *at, 0x1FF, 0, 0);
  d = parse_vp8(short_id);
  EXPECT_FALSE(d->picture_id_is_15_bit);
  EXPECT_EQ(d->picture_id, 0x7F);
}

TEST(Vp9, ReadsTheDescriptor) {
  // I L B, non-flexible: picture id 0x0102, T1 U S0, TL0PICIDX 9.
  auto d = parse_vp9(bytes({0x80 | 0x20 | 0x08, 0x81, 0x02, 0x30, 9, 0xFF}));
  ASSERT_TRUE(d);
  EXPECT_EQ(d->picture_id, 0x0102);
  EXPECT_EQ(d->temporal_id, 1);
  EXPECT_EQ(d->spatial_id, 0);
  EXPECT_TRUE(d->switching_up_point);
  EXPECT_EQ(d->tl0_picture_index, 9);
  EXPECT_TRUE(d->key_frame);
  EXPECT_EQ(d->size, 5);
}

TEST(Vp9, KeyFrames) {
  struct Case {
    const char* what;
    Bytes payload;
    bool key;
  };
  const Case cases[] = {
      {"key", bytes({0x88, 0x01, 0xFF}), true},
      {"inter", bytes({0xC8, 0x01, 0xFF}), false},
      {"not the beginning", bytes({0x80, 0x01, 0xFF}), false},
      {"upper layer of a key picture", bytes({0xA8, 0x01, 0x03, 0, 0xFF}), false},
      {"with structure of 2 layers, sizes and 1 picture",
       bytes({0x8A, 0x01, 0x38, 1, 2, 3, 4, 5, 6, 7, 8, 1, 0x04, 9, 0xFF}), true},
      {"flexible with two references", bytes({0xD8, 0x01, 0x03, 0x04, 0xFF}), false},
  };
  for (const Case& c : cases) {
    auto d = parse_vp9(c.payload);
    ASSERT_TRUE(d) << c.what;
    EXPECT_EQ(d->key_frame, c.key) << c.what;
    EXPECT_EQ(d->size, c.payload.size() - 1) << c.what;
    for (size_t n = 0; n < c.payload.size(); ++n) {
      EXPECT_FALSE(parse_vp9(ByteView(c.payload).first(n))) << c.what << " cut to " << n;
    }
  }
  EXPECT_FALSE(parse_vp9(bytes({0xD8, 0x01, 3, 3, 3, 3, 0xFF}))) << "four references";
}

TEST(H264, KeyFrames) {
  struct Case {
    const char* what;
    Bytes payload;
    bool valid;
    bool key;
  };
  const Case cases[] = {
      {"empty", {}, false, false},
      {"SPS", bytes({0x67, 1, 2}), true, true},
      {"PPS", bytes({0x68, 1, 2}), true, false},
      {"IDR, first slice", bytes({0x65, 0x88}), true, true},
      {"IDR, later slice", bytes({0x65, 0x40}), true, false},
      {"slice", bytes({0x41, 0x9A}), true, false},
      {"STAP-A with SPS and PPS", bytes({0x78, 0, 2, 0x67, 1, 0, 1, 0x68}), true, true},
      {"STAP-A with SEI", bytes({0x78, 0, 2, 0x06, 1}), true, false},
      {"STAP-A past the end", bytes({0x78, 0, 9, 0x67, 1}), false, false},
      {"STAP-A with an empty unit", bytes({0x78, 0, 0}), false, false},
      {"empty STAP-A", bytes({0x78}), false, false},
      {"FU-A start of IDR", bytes({0x7C, 0x85, 0x88}), true, true},
      {"FU-A middle of IDR", bytes({0x7C, 0x05, 0x88}), true, false},
      {"FU-A start of slice", bytes({0x7C, 0x81, 0x9A}), true, false},
      {"FU-A too short", bytes({0x7C, 0x85}), false, false},
      {"interleaved", bytes({0x79, 1, 2, 3}), false, false},
  };
  for (const Case& c : cases) {
    auto info = inspect_h264(c.payload);
    ASSERT_EQ(info.has_value(), c.valid) << c.what;
    if (info) {
      EXPECT_EQ(info->key_frame, c.key) << c.what;
    }
  }
}

TEST(H265, KeyFrames) {
  EXPECT_TRUE(inspect_h265(bytes({0x40, 1, 0}))->key_frame) << "VPS";
  EXPECT_TRUE(inspect_h265(bytes({19 << 1, 1, 0x80}))->key_frame) << "IDR";
  EXPECT_FALSE(inspect_h265(bytes({19 << 1, 1, 0}))->key_frame) << "IDR, later slice";
  EXPECT_FALSE(inspect_h265(bytes({1 << 1, 1, 0}))->key_frame) << "trailing picture";
  EXPECT_TRUE(inspect_h265(bytes({48 << 1, 1, 0, 2, 33 << 1, 1}))->key_frame) << "aggregation";
  EXPECT_TRUE(inspect_h265(bytes({49 << 1, 1, 0x80 | 19, 0x80}))->key_frame) << "first fragment";
  EXPECT_FALSE(inspect_h265(bytes({49 << 1, 1, 0x80 | 19, 0}))->key_frame) << "later slice";
  EXPECT_FALSE(inspect_h265(bytes({49 << 1, 1, 19}))->key_frame) << "later fragment";
  EXPECT_FALSE(inspect_h265(bytes({48 << 1, 1, 0, 9, 1, 1}))) << "unit past the end";
  EXPECT_FALSE(inspect_h265(bytes({0x40, 1}))) << "short";
}

TEST(Av1, KeyFrames) {
  struct Case {
    const char* what;
    Bytes payload;
    bool valid;
    bool key;
    bool start;
  };
  const Case cases[] = {
      {"one element, sequence header, N", bytes({0x18, 0x08, 0, 0}), true, true, true},
      {"two elements, lengths", bytes({0x28, 2, 0x08, 0, 0x30, 1}), true, true, true},
      {"temporal delimiter first", bytes({0x28, 1, 0x10, 0x08, 1}), true, true, true},
      {"sequence header without N", bytes({0x10, 0x08, 0, 0}), true, true, true},
      {"repeated before a frame", bytes({0x20, 2, 0x08, 0, 0x30, 0x20}), true, false, true},
      {"key frame without N", bytes({0x20, 2, 0x08, 0, 0x30, 0x10}), true, true, true},
      {"a sized frame header", bytes({0x10, 0x1A, 1, 0x10}), true, true, true},
      {"existing frame shown", bytes({0x10, 0x1A, 1, 0x80}), true, false, true},
      {"N and a frame first", bytes({0x18, 0x30, 0x20, 0}), true, true, true},
      {"continued fragment", bytes({0x90, 0x08, 0}), true, false, false},
      {"continued and N", bytes({0x98, 0x08, 0}), false, false, false},
      {"W=0 with lengths", bytes({0x08, 2, 0x08, 0, 1, 0x30}), true, true, true},
      {"length past the end", bytes({0x08, 9, 0x08, 0}), false, false, false},
      {"length without end", bytes({0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}), false, false,
       false},
      {"head only", bytes({0x10}), false, false, false},
  };
  for (const Case& c : cases) {
    auto info = inspect_av1(c.payload);
    ASSERT_EQ(info.has_value(), c.valid) << c.what;
    if (!info) continue;
    EXPECT_EQ(info->key_frame, c.key) << c.what;
    EXPECT_EQ(info->start_of_frame, c.start) << c.what;
  }
  // OBU with extension: temporal 2, spatial 1.
  auto info = inspect_av1(bytes({0x10, 0x34, 2 << 5 | 1 << 3, 0}));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->temporal_id, 2);
  EXPECT_EQ(info->spatial_id, 1);
}

TEST(Red, RedundantBlocks) {
  const Bytes older = {1, 2, 3};
  const Bytes old = {4, 5};
  const RedBlock blocks[] = {{111, 1920, older}, {111, 960, old}};
  Bytes packet(red_head_size(2));
  write_red_head(packet, blocks, 111);
  for (const Bytes& part : {older, old, Bytes{9}})
    packet.insert(packet.end(), part.begin(), part.end());
  EXPECT_EQ(parse_red_primary(packet)->payload.size(), 1U);
  RedBlocks read = parse_red_redundancy(packet);
  ASSERT_EQ(read.count, 2U);
  EXPECT_EQ(read.blocks[0].timestamp_offset, 1920);
  EXPECT_THAT(read.blocks[0].payload, testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(read.blocks[1].payload_type, 111);
  EXPECT_THAT(read.blocks[1].payload, testing::ElementsAre(4, 5));
  packet.resize(packet.size() - 4);
  EXPECT_EQ(parse_red_redundancy(packet).count, 0U);
}

TEST(PacketTrailer, IsFoundByItsEnd) {
  Bytes payload = {1, 2, 3};
  const Bytes trailer = {0xFD, 0xFB, 0xFF, 0xFF, 0xFF, 0xF0, static_cast<uint8_t>(~11),
                         'L',  'K',  'T',  'S'};
  EXPECT_EQ(packet_trailer_size(payload), 0);
  payload.insert(payload.end(), trailer.begin(), trailer.end());
  EXPECT_EQ(packet_trailer_size(payload), 11);
  payload[9] = static_cast<uint8_t>(~200);  // longer than the payload
  EXPECT_EQ(packet_trailer_size(payload), 0);
  payload[9] = static_cast<uint8_t>(~4);  // shorter than its own end
  EXPECT_EQ(packet_trailer_size(payload), 0);
}

TEST(Vp9, NumbersAreRewrittenInPlace) {
  Bytes payload = {0x80 | 0x20 | 0x08, 0x80 | 1, 2, 1 << 5, 7, 0xAA};
  auto at = parse_vp9(payload);
  ASSERT_TRUE(at);
  rewrite_vp9(payload, *at, 0x1234, 9);
  auto again = parse_vp9(payload);
  EXPECT_EQ(again->picture_id, 0x1234);
  EXPECT_EQ(again->tl0_picture_index, 9);
  EXPECT_EQ(again->temporal_id, 1);
  EXPECT_EQ(payload.back(), 0xAA);
  Bytes small = {0x80, 5, 0xAA};
  rewrite_vp9(small, *parse_vp9(small), 0x1234, 9);
  EXPECT_THAT(small, testing::ElementsAre(0x80, 0x34, 0xAA));
}

TEST(Red, PrimaryAndRedundant) {
  // One redundant block of 111, 960 ticks back, 3 bytes; primary of 111.
  uint32_t rest = 960 << 10 | 3;
  Bytes payload =
      bytes({0x80 | 111, static_cast<int>(rest >> 16), static_cast<int>(rest >> 8 & 255),
             static_cast<int>(rest & 255), 111, 'o', 'l', 'd', 'n', 'e', 'w', '!'});
  auto primary = parse_red_primary(payload);
  ASSERT_TRUE(primary);
  EXPECT_EQ(primary->payload_type, 111);
  EXPECT_EQ(as_text(primary->payload), "new!");
  for (size_t n = 0; n < 8; ++n) EXPECT_FALSE(parse_red_primary(ByteView(payload).first(n))) << n;
  EXPECT_EQ(as_text(parse_red_primary(bytes({111, 'x'}))->payload), "x");
  Bytes endless(60, 0x80);
  EXPECT_FALSE(parse_red_primary(endless));
}

TEST(Payload, Dispatches) {
  EXPECT_TRUE(inspect_payload(Codec::kVp8, bytes({0x10, 0x00}), true)->end_of_frame);
  EXPECT_FALSE(inspect_payload(Codec::kOpus, bytes({1}), false)->key_frame);
  EXPECT_TRUE(inspect_payload(Codec::kOpus, bytes({1}), false)->start_of_frame);
  EXPECT_FALSE(inspect_payload(Codec::kH264, {}, true));
}

TEST(Payload, SurvivesRandomBytes) {
  Rng rng(11);
  for (int i = 0; i < 50000; ++i) {
    Bytes data(rng.below(24));
    rng.fill(data);
    for (Codec codec : {Codec::kVp8, Codec::kVp9, Codec::kH264, Codec::kH265, Codec::kAv1}) {
      (void)inspect_payload(codec, data, false);
    }
    if (auto d = parse_vp8(data)) rewrite_vp8(data, *d, 1, 2, 3);
    (void)parse_red_primary(data);
  }
}

}  // namespace
}  // namespace turms::rtc::rtp
