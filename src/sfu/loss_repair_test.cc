#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sfu/key_frame_requester.h"
#include "sfu/loss_tracker.h"
#include "sfu/packet_history.h"
#include "sfu/sent_packets.h"

namespace turms::sfu {
namespace {

using rtc::rtp::SeqNum;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr TimePoint kStart(10s);

std::vector<int> collect(LossTracker& tracker, TimePoint now, int64_t highest) {
  std::vector<SeqNum> lost;
  tracker.collect(now, highest, lost);
  std::vector<int> numbers;
  for (SeqNum n : lost) numbers.push_back(n.value);
  return numbers;
}

TEST(LossTracker, AsksAfterTwoLaterPacketsOrTenMilliseconds) {
  LossTracker tracker;
  tracker.on_gap(kStart, 5, 6);
  EXPECT_FALSE(tracker.due_by_reordering(6));
  EXPECT_THAT(collect(tracker, kStart, 7), ElementsAre(5));  // 7 is two later than 5
  EXPECT_EQ(tracker.next_due(), kStart + LossTracker::kFirstDelay);
  EXPECT_TRUE(tracker.due_by_reordering(8));
  EXPECT_THAT(collect(tracker, kStart + 10ms, 7), ElementsAre(6));
}

TEST(LossTracker, AsksAgainAfterARoundTripAtMostSixTimes) {
  LossTracker tracker;
  tracker.on_gap(kStart, 5, 5);
  int asked = 0;
  for (TimePoint now = kStart; now < kStart + 3s; now += 1ms) {
    asked += static_cast<int>(collect(tracker, now, 9).size());
  }
  EXPECT_EQ(asked, LossTracker::kMaxTries);
  EXPECT_TRUE(tracker.empty());
  EXPECT_EQ(tracker.next_due(), kNever);
}

TEST(LossTracker, TakesWhatIsExpectedOnce) {
  LossTracker tracker;
  tracker.on_gap(kStart, 5, 7);
  EXPECT_TRUE(tracker.expects(6));
  EXPECT_TRUE(tracker.take(kStart, 6));
  EXPECT_FALSE(tracker.take(kStart, 6));
  EXPECT_FALSE(tracker.take(kStart, 4));
  EXPECT_THAT(collect(tracker, kStart + 10ms, 20), ElementsAre(5, 7));
}

TEST(LossTracker, MeasuresTheRoundTripOfFirstAnswers) {
  LossTracker tracker;
  TimePoint now = kStart;
  for (int64_t n = 0; n < 100; ++n, now += 1s) {
    tracker.on_gap(now, n, n);
    (void)collect(tracker, now, n + 5);
    EXPECT_TRUE(tracker.take(now + 30ms, n));
  }
  EXPECT_NEAR(static_cast<double>(to_ms(tracker.round_trip())), 30, 2);
}

TEST(LossTracker, IsBounded) {
  LossTracker tracker;
  tracker.on_gap(kStart, 0, 1'000'000);
  EXPECT_EQ(tracker.size(), LossTracker::kMaxMissing);
  EXPECT_TRUE(tracker.expects(1'000'000));
  tracker.on_gap(kStart, 1'000'002, 1'000'003);
  EXPECT_EQ(tracker.size(), LossTracker::kMaxMissing);
  // Without anyone who collects, the old ones go all the same.
  tracker.on_gap(kStart + 2s, 1'000'010, 1'000'010);
  EXPECT_EQ(tracker.size(), 1U);
}

TEST(KeyFrameRequester, OneRequestForManyAndNoneSoonAfterAKeyFrame) {
  KeyFrameRequester requester;
  EXPECT_EQ(requester.due(), kNever);
  requester.want(kStart);
  EXPECT_EQ(requester.due(), kStart);
  requester.on_sent(kStart, 50ms);
  requester.want(kStart + 10ms);
  EXPECT_EQ(requester.due(), kStart + KeyFrameRequester::kMinRetry) << "repeats when unanswered";
  requester.on_sent(requester.due(), 50ms);
  EXPECT_EQ(requester.due(), kStart + 200ms + 400ms) << "and backs off";
  requester.on_key_frame(kStart + 300ms);
  EXPECT_EQ(requester.due(), kNever);
  requester.want(kStart + 310ms);
  EXPECT_EQ(requester.due(), kStart + 300ms + KeyFrameRequester::kMinInterval);
}

TEST(KeyFrameRequester, SleepsWithTheStream) {
  KeyFrameRequester requester;
  requester.want(kStart);
  requester.sleep();
  EXPECT_EQ(requester.due(), kNever);
  requester.wake(kStart + 5s);
  EXPECT_EQ(requester.due(), kStart + 5s);
}

Bytes packet_of(uint16_t n, size_t size) {
  Bytes bytes(size, static_cast<uint8_t>(n));
  store_be16(bytes.data(), n);
  return bytes;
}

TEST(PacketHistory, KeepsItsAgeAndForgetsBeyond) {
  PacketHistory history(1500ms);
  TimePoint now = kStart;
  // 300 packets of 1200 bytes a second for 10 s, over a wrap.
  for (int i = 0; i < 3000; ++i, now += 3333us) {
    auto n = static_cast<uint16_t>(64'000 + i);
    history.add(now, n, packet_of(n, 1200));
    for (int back : {0, 1, 100, 400}) {
      if (back > i) continue;
      auto wanted = static_cast<uint16_t>(n - back);
      ByteView found = history.find(wanted);
      ASSERT_EQ(found.size(), 1200U) << i << " " << back;
      ASSERT_EQ(load_be16(found.data()), wanted);
    }
    ByteView old = history.find(static_cast<uint16_t>(n - 2000));
    ASSERT_TRUE(old.empty());
  }
  EXPECT_TRUE(history.find(1).empty() || load_be16(history.find(1).data()) == 1);
}

TEST(PacketHistory, StaysWithinItsBytesAtAnyRate) {
  PacketHistory history(1500ms);
  for (int i = 0; i < 20'000; ++i) {
    auto n = static_cast<uint16_t>(i);
    history.add(kStart + i * 10us, n, packet_of(n, 1400));
  }
  // 2 MiB of 1400 bytes: about 1400 packets, whatever their age.
  EXPECT_FALSE(history.find(static_cast<uint16_t>(19'999 - 1000)).empty());
  EXPECT_TRUE(history.find(static_cast<uint16_t>(19'999 - 3000)).empty());
}

SentPackets::Entry entry(uint16_t out, uint16_t source, SentPackets::State state,
                         uint32_t time_ms = 0) {
  SentPackets::Entry e;
  e.out_sequence = out;
  e.source_sequence = source;
  e.state = state;
  e.time_ms = time_ms;
  return e;
}

TEST(SentPackets, FindsTheFreePlaceAlthoughOthersWereLeftOutSince) {
  SentPackets sent;
  using State = SentPackets::State;
  // Source 100, 101 (missing), 102; 103 to 105 left out; 106.
  sent.add(entry(65'535, 100, State::kSent));
  sent.add(entry(0, 101, State::kExpected));
  sent.add(entry(1, 102, State::kSent));
  sent.add(entry(2, 106, State::kSent));
  auto* place = sent.find_expected(101, 0, 0, static_cast<uint16_t>(2 - 5), 3);
  ASSERT_NE(place, nullptr);
  EXPECT_EQ(place->out_sequence, 0);
  EXPECT_EQ(sent.find_expected(102, 0, 0, 65'534, 3), nullptr) << "was sent";
  EXPECT_EQ(sent.find_expected(104, 0, 0, 65'535, 3), nullptr) << "was left out";
  EXPECT_EQ(sent.find_expected(101, 1, 0, 65'533, 3), nullptr) << "another encoding";
}

TEST(SentPackets, GrowsWithTheRateOnly) {
  SentPackets sent;
  for (uint32_t i = 0; i < 5000; ++i) {
    sent.add(entry(static_cast<uint16_t>(i), 0, SentPackets::State::kSent, i * 3));
  }
  EXPECT_NE(sent.find(4999 - 490), nullptr) << "1.5 s ago";
  EXPECT_EQ(sent.find(4999 - 600), nullptr);
}

}  // namespace
}  // namespace turms::sfu
