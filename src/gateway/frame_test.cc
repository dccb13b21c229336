#include "gateway/frame.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace turms::gateway {
namespace {

constexpr size_t kMax = 16 * 1024;

struct Case {
  const char* name;
  Bytes data;
  FrameStatus status;
  size_t message_size;
  size_t consumed;
};

Bytes with_payload(Bytes length, size_t payload) {
  length.resize(length.size() + payload, 0xAB);
  return length;
}

TEST(ReadFrame, Table) {
  const Case cases[] = {
      {"nothing", {}, FrameStatus::kIncomplete, 0, 0},
      {"heartbeat", {0x00}, FrameStatus::kComplete, 0, 1},
      {"heartbeat, then more", {0x00, 0x01}, FrameStatus::kComplete, 0, 1},
      {"one byte", {0x01, 0x7F}, FrameStatus::kComplete, 1, 2},
      {"one byte missing", {0x01}, FrameStatus::kIncomplete, 0, 0},
      {"127", with_payload({0x7F}, 127), FrameStatus::kComplete, 127, 128},
      {"length cut", {0x80}, FrameStatus::kIncomplete, 0, 0},
      {"128", with_payload({0x80, 0x01}, 128), FrameStatus::kComplete, 128, 130},
      {"payload cut", with_payload({0x80, 0x01}, 127), FrameStatus::kIncomplete, 0, 0},
      {"zero in two bytes", {0x80, 0x00}, FrameStatus::kComplete, 0, 2},
      {"largest", with_payload({0x80, 0x80, 0x01}, kMax), FrameStatus::kComplete, kMax, kMax + 3},
      {"too large by one, nothing sent yet", {0x81, 0x80, 0x01}, FrameStatus::kTooLarge, 0, 0},
      {"2^32-1", {0xFF, 0xFF, 0xFF, 0xFF, 0x0F}, FrameStatus::kTooLarge, 0, 0},
      {"2^32", {0x80, 0x80, 0x80, 0x80, 0x10}, FrameStatus::kBadLength, 0, 0},
      {"five bytes, all continued", {0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, FrameStatus::kBadLength, 0, 0},
      {"four bytes, all continued", {0xFF, 0xFF, 0xFF, 0xFF}, FrameStatus::kIncomplete, 0, 0},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Frame frame = read_frame(c.data, kMax);
    EXPECT_EQ(frame.status, c.status);
    EXPECT_EQ(frame.message.size(), c.message_size);
    EXPECT_EQ(frame.consumed, c.consumed);
  }
}

TEST(ReadFrame, ReadsWhatIsWrittenAtEverySizeAndCut) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{127}, size_t{128}, size_t{16383}, kMax}) {
    std::string framed;
    append_frame_length(framed, size);
    framed.append(size, 'x');
    for (size_t cut = 0; cut < framed.size(); cut += 1 + framed.size() / 50) {
      EXPECT_EQ(read_frame(as_bytes(framed).first(cut), kMax).status, FrameStatus::kIncomplete);
    }
    const Frame frame = read_frame(as_bytes(framed), kMax);
    EXPECT_EQ(frame.status, FrameStatus::kComplete);
    EXPECT_EQ(frame.message.size(), size);
    EXPECT_EQ(frame.consumed, framed.size());
  }
}

TEST(ReadFrame, RandomBytesNeverReachBeyondTheirEnd) {
  Rng rng(7);
  for (int round = 0; round < 20000; ++round) {
    Bytes data(rng.below(40));
    rng.fill(data);
    const Frame frame = read_frame(data, 32);
    ASSERT_LE(frame.consumed, data.size());
    if (frame.status != FrameStatus::kComplete) continue;
    ASSERT_GE(frame.message.data(), data.data());
    ASSERT_LE(frame.message.data() + frame.message.size(), data.data() + frame.consumed);
  }
}

}  // namespace
}  // namespace turms::gateway
