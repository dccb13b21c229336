#include "sfu/feedback_generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace turms::sfu {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr TimePoint kStart(100s);

/// Everything reported: sequence → received.
std::map<int, bool> report(FeedbackGenerator& generator, TimePoint now) {
  std::map<int, bool> statuses;
  std::array<uint8_t, 1200> buffer;
  while (size_t size = generator.write(now, rtc::Ssrc(1), rtc::Ssrc(2), buffer)) {
    rtc::rtcp::Reader reader(ByteView(buffer).first(size));
    auto packet = reader.next();
    if (!packet) break;
    rtc::rtcp::FeedbackReader feedback(*packet);
    while (auto status = feedback.next()) statuses[status->sequence.value] = status->received;
  }
  return statuses;
}

TEST(FeedbackGenerator, ReportsEachPacketOnceAndWhatIsMissing) {
  FeedbackGenerator generator;
  for (int n : {65'534, 65'535, 1}) generator.on_packet(kStart, static_cast<uint16_t>(n));
  EXPECT_TRUE(generator.pending());
  EXPECT_THAT(report(generator, kStart + 100ms),
              ElementsAre(Pair(0, false), Pair(1, true), Pair(65'534, true), Pair(65'535, true)));
  EXPECT_FALSE(generator.pending());
  generator.on_packet(kStart + 150ms, 2);
  EXPECT_THAT(report(generator, kStart + 200ms), ElementsAre(Pair(2, true)));
}

TEST(FeedbackGenerator, ReportsALatePacketAgainWithThoseAfterIt) {
  FeedbackGenerator generator;
  generator.on_packet(kStart, 10);
  generator.on_packet(kStart, 12);
  (void)report(generator, kStart + 100ms);
  generator.on_packet(kStart + 120ms, 11);
  generator.on_packet(kStart + 130ms, 13);
  EXPECT_THAT(report(generator, kStart + 200ms),
              ElementsAre(Pair(11, true), Pair(12, true), Pair(13, true)));
}

TEST(FeedbackGenerator, ForgetsAfterTheBackWindow) {
  FeedbackGenerator generator;
  generator.on_packet(kStart, 10);
  generator.on_packet(kStart, 12);
  (void)report(generator, kStart + 100ms);
  generator.on_packet(kStart + 700ms, 20);
  (void)report(generator, kStart + 800ms);
  generator.on_packet(kStart + 900ms, 11);  // nobody could report 12 with it any more
  EXPECT_FALSE(generator.pending());
}

TEST(FeedbackGenerator, SplitsWhatDoesNotFitAndSurvivesJumps) {
  FeedbackGenerator generator;
  for (int n = 0; n < 4000; n += 2)
    generator.on_packet(kStart + n * 10us, static_cast<uint16_t>(n));
  auto statuses = report(generator, kStart + 100ms);
  size_t received = 0;
  for (auto [n, got] : statuses) received += got ? 1 : 0;
  EXPECT_EQ(received, 2000U);
  generator.on_packet(kStart + 60s, 30'000);
  generator.on_packet(kStart + 120s, 30'001);
  statuses = report(generator, kStart + 121s);
  EXPECT_TRUE(statuses[30'000]);
  EXPECT_TRUE(statuses[30'001]);
}

TEST(FeedbackGenerator, NoMessageSpansAJump) {
  FeedbackGenerator generator;
  constexpr int kPackets = 100;
  constexpr auto kMost = static_cast<int>(FeedbackGenerator::kMaxArrivals);
  // Neighbours in pairs; between pairs as far as is still reported, and one further.
  for (int gap : {kMost, kMost + 1}) {
    int sequence = 0;
    for (int i = 0; i < kPackets; i += 2, sequence += gap) {
      generator.on_packet(kStart, static_cast<uint16_t>(sequence));
      generator.on_packet(kStart, static_cast<uint16_t>(++sequence));
    }
    std::array<uint8_t, 1200> buffer;
    int messages = 0;
    int received = 0;
    int longest = 0;
    while (size_t size = generator.write(kStart, rtc::Ssrc(1), rtc::Ssrc(2), buffer)) {
      rtc::rtcp::Reader reader(ByteView(buffer).first(size));
      auto packet = reader.next();
      ASSERT_TRUE(packet);
      ++messages;
      longest = std::max<int>(longest, rtc::rtcp::feedback_header(*packet).packet_count);
      rtc::rtcp::FeedbackReader feedback(*packet);
      while (auto status = feedback.next()) received += status->received ? 1 : 0;
      EXPECT_TRUE(feedback.ok());
    }
    EXPECT_EQ(received, kPackets) << gap;
    if (gap > kMost) {
      EXPECT_EQ(messages, kPackets / 2);
      EXPECT_LE(longest, kMost + 2);
    } else {
      EXPECT_LT(messages, kPackets / 2 / 10) << "a message for many pairs";
    }
    generator = {};
  }
}

TEST(FeedbackGenerator, IgnoresDuplicatesAndIsBounded) {
  FeedbackGenerator generator;
  for (int i = 0; i < 100'000; ++i) generator.on_packet(kStart, static_cast<uint16_t>(i % 7));
  EXPECT_EQ(report(generator, kStart + 1s).size(), 7U);
  for (int i = 0; i < 100'000; ++i) generator.on_packet(kStart, static_cast<uint16_t>(i));
  EXPECT_LE(report(generator, kStart + 1s).size(), FeedbackGenerator::kMaxArrivals + 7);
}

}  // namespace
}  // namespace turms::sfu
