#include "rtc/rtcp/congestion_feedback.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace turms::rtc::rtcp {
namespace {

/// Each packet as stream:number and how long before, or "lost".
std::string read(ByteView bytes) {
  Reader reader(bytes);
  const auto packet = reader.next();
  if (!packet || packet->kind() != Kind::kCongestionFeedback) return "something else";
  CongestionFeedbackReader feedback(*packet);
  std::string out;
  while (const auto status = feedback.next()) {
    out += fmt::format("{}:{}", status->ssrc.value, status->sequence.value);
    if (!status->received) {
      out += " lost, ";
    } else if (status->before) {
      out += fmt::format(" {} ms ecn {}, ", to_ms(*status->before), static_cast<int>(status->ecn));
    } else {
      out += " long ago, ";
    }
  }
  return out + (feedback.ok() ? std::to_string(feedback.timestamp()) : "malformed");
}

TEST(CongestionFeedback, IsReadAsTheRfcDrawsIt) {
  // Section 3.1, one stream with three packets and the word filled, another without any.
  const std::array<uint8_t, 40> bytes = {
      0x8B, 205,  0,    8,                       // header
      0,    0,    0,    1,                       // sender
      0,    0,    0x04, 0xD2, 0xFF, 0xFF, 0, 3,  // 1234, from 65535 on
      0x84, 0,    0x00, 0x00, 0xBF, 0xFE, 0, 0,  // 1 s ago; lost; marked ECT(1), over-range
      0,    0,    0,    7,    0,    9,    0, 0,  // 7: nothing
      0x12, 0x34, 0x56, 0x78,                    // timestamp
      0x80, 201,  0,    0,                       // the rest of the compound
  };
  EXPECT_EQ(read(ByteView(bytes).first(36)),
            "1234:65535 1000 ms ecn 0, 1234:0 lost, 1234:1 long ago, 305419896");
}

TEST(CongestionFeedback, IsWrittenStreamByStream) {
  std::array<uint8_t, 200> buffer;
  CongestionFeedbackWriter writer(buffer, Ssrc(1));
  ASSERT_TRUE(writer.begin(Ssrc(10), SeqNum(65535)));
  EXPECT_TRUE(writer.add_received(250ms));
  EXPECT_TRUE(writer.add_lost());
  EXPECT_TRUE(writer.add_received(-5ms)) << "after the message's own time";
  ASSERT_TRUE(writer.begin(Ssrc(11), SeqNum(5)));
  ASSERT_TRUE(writer.begin(Ssrc(12), SeqNum(7)));
  EXPECT_TRUE(writer.add_received(20s));
  EXPECT_TRUE(writer.add_received(1s, Ecn::kCongested));
  const size_t size = writer.finish(99);
  EXPECT_EQ(size % 4, 0U);
  EXPECT_EQ(read(ByteView(buffer).first(size)),
            "10:65535 250 ms ecn 0, 10:0 lost, 10:1 0 ms ecn 0, 12:7 long ago, 12:8 1000 ms ecn 3, "
            "99");
}

TEST(CongestionFeedback, KeepsToItsBuffer) {
  for (size_t room = 0; room < 80; ++room) {
    std::array<uint8_t, 80> buffer;
    buffer.fill(0xEE);
    CongestionFeedbackWriter writer(MutableByteView(buffer).first(room), Ssrc(1));
    size_t told = 0;
    for (uint32_t stream = 1; stream < 4; ++stream) {
      if (!writer.begin(Ssrc(stream), SeqNum(1))) break;
      for (int i = 0; i < 7 && writer.add_received(1ms); ++i) ++told;
    }
    const size_t size = writer.finish(7);
    EXPECT_LE(size, room);
    EXPECT_EQ(size == 0, told == 0);
    for (size_t i = room; i < buffer.size(); ++i) EXPECT_EQ(buffer[i], 0xEE);
    if (size == 0) continue;
    const std::string all = read(ByteView(buffer).first(size));
    EXPECT_EQ(std::count(all.begin(), all.end(), ':'), static_cast<ptrdiff_t>(told));
    EXPECT_TRUE(all.ends_with(", 7")) << all;
  }
}

TEST(CongestionFeedback, WhatIsCutOffIsMalformed) {
  std::array<uint8_t, 100> buffer;
  CongestionFeedbackWriter writer(buffer, Ssrc(1));
  writer.begin(Ssrc(10), SeqNum(1));
  for (int i = 0; i < 4; ++i) writer.add_lost();
  size_t size = writer.finish(7);
  buffer[8 + 7] = 40;  // says that there are more
  EXPECT_EQ(read(ByteView(buffer).first(size)),
            "10:1 lost, 10:2 lost, 10:3 lost, 10:4 lost, malformed");
  buffer[8 + 6] = 0x80;  // more than may be
  EXPECT_EQ(read(ByteView(buffer).first(size)), "malformed");
  const std::array<uint8_t, 8> short_one = {0x8B, 205, 0, 1, 0, 0, 0, 1};
  Reader reader(short_one);
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace turms::rtc::rtcp
