#include "rtc/bwe/transport_feedback_history.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <vector>

#include "rtc/rtcp/congestion_feedback.h"

namespace turms::rtc::bwe {
namespace {

constexpr TimePoint kStart{100s};
constexpr TimePoint kClock{5000s};  // the receiver's

class BweHistoryTest : public testing::Test {
 protected:
  void send(int count) {
    for (int i = 0; i < count; ++i) (void)history_.on_sent(kStart + sent_++ * 10ms, {1000});
  }
  /// Feedback from `base` to the last of `received`; packet n arrives at kClock + n·10 ms.
  std::vector<PacketResult> feed(int64_t base, const std::vector<int64_t>& received,
                                 TimePoint clock = kClock) {
    std::vector<rtcp::Writer::Arrival> arrivals;
    for (const int64_t n : received) arrivals.push_back({n, clock + n * Duration(10ms)});
    std::array<uint8_t, 1200> buffer{};
    rtcp::Writer writer(buffer);
    EXPECT_EQ(writer.transport_feedback(Ssrc(1), Ssrc(2), base, arrivals, 0), arrivals.size());
    rtcp::Reader reader(writer.written());
    const auto packet = reader.next();
    const auto results = history_.on_feedback(kStart + sent_ * 10ms + 50ms, *packet);
    return {results.begin(), results.end()};
  }
  TransportFeedbackHistory history_;
  int64_t sent_ = 0;
};

TEST_F(BweHistoryTest, RemembersWhatWasSentWithinItsMemoryAtAnyRate) {
  // 100 packets in a second need less than the first slots hold, 1000 more.
  for (const Duration interval : {Duration(10ms), Duration(1ms)}) {
    TransportFeedbackHistory history;
    TimePoint now = kStart;
    constexpr int64_t kSent = 5000;
    for (int64_t i = 0; i < kSent; ++i) (void)history.on_sent(now += interval, {1000});
    const int64_t remembered = TransportFeedbackHistory::kMemory / interval - 1;
    const auto reported = [&](int64_t sequence) {
      std::array<uint8_t, 100> buffer{};
      rtcp::Writer writer(buffer);
      const rtcp::Writer::Arrival arrival{sequence, kClock};
      EXPECT_EQ(writer.transport_feedback(Ssrc(1), Ssrc(2), sequence, {&arrival, 1}, 0), 1U);
      rtcp::Reader reader(writer.written());
      const auto results = history.on_feedback(now, *reader.next());
      return results.empty() ? std::nullopt : std::optional(results.front().sent);
    };
    EXPECT_EQ(reported(kSent - remembered), now - (remembered - 1) * interval);
  }
}

TEST_F(BweHistoryTest, TellsSendTimesSizesAndSpacing) {
  (void)history_.on_sent(kStart, {1200, true});
  history_.on_untracked_sent(130);
  (void)history_.on_sent(kStart + 10ms, {300});
  sent_ = 2;
  const auto results = feed(0, {0, 1});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].sent, kStart);
  EXPECT_EQ(results[0].size, 1200);
  EXPECT_TRUE(results[0].audio);
  EXPECT_EQ(results[1].sent, kStart + 10ms);
  EXPECT_EQ(results[1].untracked, 128);
  EXPECT_EQ(results[1].received - results[0].received, 10ms);
}

TEST_F(BweHistoryTest, WhatIsSaidOfPacketsBeforeTheFirstOneSaysNothing) {
  history_ = TransportFeedbackHistory(1000);
  send(2);
  const auto results = feed(990, {990, 995, 1000, 1001});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].sequence, 1000);
  EXPECT_EQ(history_.counters().unknown, 10u);
}

TEST_F(BweHistoryTest, WhatWasForgottenBeforeItGrewSaysNothing) {
  // 256 slots hold more than 4 s of these, and twice as many are needed for what follows.
  for (int i = 0; i < 300; ++i) (void)history_.on_sent(kStart + i * 20ms, {1000});
  for (int i = 0; i < 256; ++i) (void)history_.on_sent(kStart + 6s, {1000});
  sent_ = 600;  // 6 s
  const auto results = feed(46, {46, 300});
  ASSERT_FALSE(results.empty());
  for (const PacketResult& result : results) EXPECT_EQ(result.size, 1000) << result.sequence;
}

TEST_F(BweHistoryTest, ALatePacketIsFirstLostThenReceivedAndNothingTwice) {
  send(4);
  auto results = feed(0, {0, 2, 3});
  ASSERT_EQ(results.size(), 4u);
  EXPECT_FALSE(results[1].is_received());
  results = feed(0, {0, 1, 2, 3});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].sequence, 1);
  EXPECT_TRUE(results[0].is_received());
  EXPECT_TRUE(results[0].reported_before);
  EXPECT_TRUE(feed(0, {0, 1, 2, 3}).empty());
  EXPECT_EQ(history_.counters().duplicates, 7u);
}

TEST_F(BweHistoryTest, LostFeedbackSaysNothingOfItsPackets) {
  send(30);
  EXPECT_EQ(feed(0, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}).size(), 10u);
  const auto results = feed(20, {20, 21, 22});
  ASSERT_EQ(results.size(), 3u);
  for (const PacketResult& result : results) EXPECT_TRUE(result.is_received());
}

TEST_F(BweHistoryTest, ReorderedFeedbackKeepsItsTimes) {
  send(40);
  const auto first = feed(0, {0});
  const auto late = feed(20, {20, 21});
  const auto early = feed(10, {10, 11});
  ASSERT_EQ(early.size(), 2u);
  EXPECT_EQ(late[0].received - early[0].received, 100ms);
  EXPECT_EQ(early[0].received - first[0].received, 100ms);
}

TEST_F(BweHistoryTest, SequenceAndReferenceTimeWrap) {
  send(70'000);
  // 2^24 × 64 ms: the reference time wraps between the two messages.
  const TimePoint clock{Duration(64ms) * (1 << 24) - 70'000 * Duration(10ms) + 2s};
  const auto before = feed(69'700, {69'700}, clock);
  const auto after = feed(69'990, {69'990, 69'999}, clock);
  ASSERT_EQ(before.size(), 1u);
  ASSERT_EQ(after.size(), 10u);
  EXPECT_EQ(after[0].sequence, 69'990);
  EXPECT_EQ(after[0].received - before[0].received, 2900ms);
}

TEST_F(BweHistoryTest, WhatWasNeverSentOrIsTooOldIsUnknown) {
  EXPECT_TRUE(feed(0, {0}).empty());
  send(20'000);
  EXPECT_TRUE(feed(0, {0, 1}).empty());
  EXPECT_TRUE(feed(20'000, {20'000}).empty());
  EXPECT_EQ(feed(19'999, {19'999}).size(), 1u);
}

TEST_F(BweHistoryTest, TellsTheClusterOfAProbe) {
  ProbeCluster cluster;
  cluster.id = 33;
  cluster.min_bytes = 5000;
  history_.add_cluster(cluster);
  (void)history_.on_sent(kStart, {1000, false, 33});
  (void)history_.on_sent(kStart, {1000, false, 34});  // never told of
  const auto results = feed(0, {0, 1});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].probe_cluster, 33);
  EXPECT_EQ(results[0].probe_min_packets, 5);
  EXPECT_EQ(results[0].probe_min_bytes, 5000);
  EXPECT_EQ(results[1].probe_cluster, ProbeCluster::kNone);
}

/// Packets of two streams, reported by RFC 8888.
class BweCongestionHistoryTest : public testing::Test {
 protected:
  void send(Ssrc ssrc, uint16_t number) {
    numbers_.on_sent(ssrc, number, history_.on_sent(kStart + sent_++ * 10ms, {1000}));
  }
  struct Stream {
    Ssrc ssrc;
    uint16_t first = 0;
    std::vector<int> before_ms;  // -1: lost
  };
  std::vector<PacketResult> feed(const std::vector<Stream>& streams, double seconds) {
    std::array<uint8_t, 300> buffer;
    rtcp::CongestionFeedbackWriter writer(buffer, Ssrc(1));
    for (const Stream& stream : streams) {
      EXPECT_TRUE(writer.begin(stream.ssrc, rtcp::SeqNum(stream.first)));
      for (const int before : stream.before_ms) {
        EXPECT_TRUE(before < 0 ? writer.add_lost() : writer.add_received(before * Duration(1ms)));
      }
    }
    const size_t size =
        writer.finish(static_cast<uint32_t>(static_cast<uint64_t>(seconds * 65536)));
    rtcp::Reader reader(ByteView(buffer).first(size));
    const auto packet = reader.next();
    const auto results =
        history_.on_congestion_feedback(kStart + sent_ * 10ms + 50ms, *packet, numbers_);
    return {results.begin(), results.end()};
  }
  TransportFeedbackHistory history_;
  SentNumbers numbers_;
  int64_t sent_ = 0;
};

TEST_F(BweCongestionHistoryTest, TellsPacketsOfAllStreamsInTheOrderOfSending) {
  send(Ssrc(10), 65535);
  send(Ssrc(20), 7);
  send(Ssrc(10), 0);
  send(Ssrc(20), 8);
  auto results = feed({{Ssrc(20), 7, {375, 250}}, {Ssrc(10), 65535, {500, -1}}}, 1000);
  ASSERT_EQ(results.size(), 4u);
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(results[static_cast<size_t>(i)].sequence, i);
  EXPECT_FALSE(results[2].is_received());
  EXPECT_EQ(results[1].received - results[0].received, 125ms);
  EXPECT_EQ(results[3].received - results[1].received, 125ms);
  // Later on its clock, and the one that was late.
  send(Ssrc(10), 1);
  results = feed({{Ssrc(10), 65535, {1500, 1375, 0}}}, 1001);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_TRUE(results[0].reported_before);
  EXPECT_EQ(results[1].received - results[0].received, 1375ms);
  EXPECT_EQ(history_.counters().duplicates, 1u);
}

TEST_F(BweCongestionHistoryTest, ItsClockMayWrapAndBeginAnew) {
  send(Ssrc(10), 1);
  send(Ssrc(10), 2);
  send(Ssrc(10), 3);
  const auto first = feed({{Ssrc(10), 1, {0}}}, 65535.5);
  const auto wrapped = feed({{Ssrc(10), 2, {0}}}, 65536.5);
  EXPECT_EQ(wrapped.at(0).received - first.at(0).received, 1s);
  const auto anew = feed({{Ssrc(10), 3, {0}}}, 20'000);
  EXPECT_EQ(anew.at(0).received, kStart + sent_ * 10ms + 50ms);
}

TEST_F(BweCongestionHistoryTest, WhatWasNotSentIsUnknown) {
  EXPECT_TRUE(feed({{Ssrc(10), 1, {0}}}, 1).empty());
  send(Ssrc(10), 1);
  EXPECT_TRUE(feed({{Ssrc(11), 1, {0}}, {Ssrc(10), 2, {0}}, {Ssrc(0), 0, {0}}}, 1).empty());
  EXPECT_EQ(history_.counters().unknown, 4u);
  numbers_.forget(Ssrc(10), 1);
  EXPECT_TRUE(feed({{Ssrc(10), 1, {0}}}, 1).empty()) << "sent twice";
}

}  // namespace
}  // namespace turms::rtc::bwe
