#include "rtc/bwe/pacer.h"

#include <gtest/gtest.h>

#include <vector>

namespace turms::rtc::bwe {
namespace {

class BwePacerTest : public testing::Test {
 protected:
  Pacer::Packet video(uint64_t handle, bool begin = false) {
    return {handle, 1200, 7, Pacer::Class::kVideo, begin, begin};
  }
  std::vector<Pacer::Output> take() {
    std::vector<Pacer::Output> outputs;
    while (const auto output = pacer_.next(now_)) outputs.push_back(*output);
    return outputs;
  }
  Pacer pacer_;
  TimePoint now_{100s};
};

TEST_F(BwePacerTest, BelowTheRateNothingWaits) {
  pacer_.set_rate(now_, Bitrate::kbps(4000), Pacer::Path::kUntried);
  for (uint64_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(pacer_.push(now_, video(i)));
    const auto sent = take();
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].packet.handle, i);
    now_ += 10ms;  // 960 kbit/s
  }
}

TEST_F(BwePacerTest, SmallPacketsPassTogetherWhileNothingSpeaksAgainstThePath) {
  const auto passing = [&](Pacer::Path path) {
    now_ += 1s;
    pacer_.set_rate(now_, Bitrate::kbps(6000), path);  // 30,000 bytes in a burst
    int count = 0;
    while (pacer_.pass(now_, 500)) ++count;
    return count;
  };
  EXPECT_EQ(passing(Pacer::Path::kNormal), Pacer::kBurstPackets);
  EXPECT_EQ(passing(Pacer::Path::kUntried), 60);
  // Then it rests, as after any burst.
  now_ += 20ms;
  EXPECT_FALSE(pacer_.pass(now_, 500));
  now_ += 20ms;
  EXPECT_TRUE(pacer_.pass(now_, 500));
}

TEST_F(BwePacerTest, AFrameLeavesInBurstsAtTheRate) {
  pacer_.set_rate(now_, Bitrate::kbps(2400), Pacer::Path::kNormal);
  for (uint64_t i = 0; i < 50; ++i) ASSERT_TRUE(pacer_.push(now_, video(i)));  // 200 ms
  const TimePoint start = now_;
  size_t sent = 0;
  while (sent < 50) {
    const auto burst = take();
    EXPECT_LE(burst.size(), static_cast<size_t>(Pacer::kBurstPackets) + 1);
    sent += burst.size();
    ASSERT_LT(now_ - start, 1s);
    if (sent < 50) now_ = pacer_.next_deadline();
  }
  EXPECT_GE(now_ - start, 120ms);
  EXPECT_LE(now_ - start, 220ms);
}

TEST_F(BwePacerTest, RetransmissionsGoFirstAndAudioCounts) {
  pacer_.set_rate(now_, Bitrate::kbps(2400), Pacer::Path::kNormal);
  ASSERT_TRUE(pacer_.push(now_, video(1)));
  ASSERT_TRUE(pacer_.push(now_, {2, 1200, 0, Pacer::Class::kRetransmission, false, false}));
  const auto sent = take();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].packet.handle, 2u);
  now_ += 1s;
  for (int i = 0; i < 100; ++i) {
    pacer_.on_bypassed(now_, 300);
  }
  ASSERT_TRUE(pacer_.push(now_, video(3)));
  (void)take();
  ASSERT_TRUE(pacer_.push(now_, video(4)));
  EXPECT_TRUE(take().empty());
  EXPECT_GT(pacer_.next_deadline(), now_ + 90ms);
}

TEST_F(BwePacerTest, ALongQueueDrainsWithinTheBound) {
  pacer_.set_rate(now_, Bitrate::kbps(500), Pacer::Path::kNormal);
  for (uint64_t i = 0; i < 100; ++i) ASSERT_TRUE(pacer_.push(now_, video(i)));  // 1.9 s
  EXPECT_LE(pacer_.expected_delay(), Pacer::kDrainDelay + 1ms);
}

TEST_F(BwePacerTest, VideoThatWaitedTooLongIsDroppedToTheNextKeyFrame) {
  pacer_.set_rate(now_, Bitrate::kbps(500), Pacer::Path::kNormal);
  for (uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(pacer_.push(now_, video(i)));
  now_ += 501ms;  // nobody asked in between
  ASSERT_TRUE(pacer_.push(now_, video(5)));
  auto outputs = take();
  ASSERT_EQ(outputs.size(), 7u);
  EXPECT_EQ(outputs[0].action, Pacer::Action::kNeedKeyFrame);
  EXPECT_EQ(outputs[0].packet.stream, 7u);
  for (size_t i = 1; i <= 6; ++i) EXPECT_EQ(outputs[i].action, Pacer::Action::kDrop);
  ASSERT_TRUE(pacer_.push(now_, video(6, true)));
  outputs = take();
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(outputs[0].action, Pacer::Action::kSend);
  EXPECT_EQ(outputs[0].packet.handle, 6u);
}

TEST_F(BwePacerTest, NoKeyFrameIsAskedForWhereOneWaits) {
  pacer_.set_rate(now_, Bitrate::kbps(500), Pacer::Path::kNormal);
  for (uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(pacer_.push(now_, video(i)));
  now_ += 501ms;
  ASSERT_TRUE(pacer_.push(now_, video(5, true)));
  const auto outputs = take();
  ASSERT_EQ(outputs.size(), 6u);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(outputs[i].action, Pacer::Action::kDrop);
  EXPECT_EQ(outputs[5].action, Pacer::Action::kSend);
}

TEST_F(BwePacerTest, AStreamThatWasDroppedRefusesAllButAKeyFrame) {
  pacer_.set_rate(now_, Bitrate::kbps(500), Pacer::Path::kNormal);
  for (uint64_t i = 0; i < 3; ++i) ASSERT_TRUE(pacer_.push(now_, video(i)));
  now_ += 501ms;
  (void)take();
  EXPECT_FALSE(pacer_.push(now_, video(4)));
  EXPECT_TRUE(pacer_.push(now_, video(5, true)));
  EXPECT_TRUE(pacer_.push(now_, video(6)));
}

TEST_F(BwePacerTest, WhatAKeyFrameDelaysIsNotDroppedForAnother) {
  pacer_.set_rate(now_, Bitrate::kbps(200), Pacer::Path::kCongested);
  ASSERT_TRUE(pacer_.push(now_, video(0, true)));
  for (uint64_t i = 1; i < 30; ++i) ASSERT_TRUE(pacer_.push(now_, video(i)));  // 1.4 s
  const TimePoint start = now_;
  size_t sent = 0;
  while (sent < 30) {
    for (const auto& output : take()) {
      ASSERT_EQ(output.action, Pacer::Action::kSend);
      ++sent;
    }
    ASSERT_LT(now_ - start, 2s);
    if (sent < 30) now_ = pacer_.next_deadline();
  }
  EXPECT_GT(now_ - start, 1s);
}

TEST_F(BwePacerTest, ForgetsRetransmissionsThatCameTooLate) {
  pacer_.set_rate(now_, Bitrate::kbps(100), Pacer::Path::kCongested);
  for (uint64_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(pacer_.push(now_, {i, 1200, 0, Pacer::Class::kRetransmission, false, false}));
  }
  size_t sent = take().size();
  now_ += Pacer::kMaxDelay + 1ms;
  sent += take().size();
  EXPECT_LT(sent, 5u);
  EXPECT_EQ(pacer_.queued_bytes(), 0u);
  EXPECT_EQ(pacer_.next_deadline(), kNever);
}

TEST_F(BwePacerTest, AFullQueueRefuses) {
  pacer_.set_rate(now_, Bitrate::kbps(100), Pacer::Path::kNormal);
  for (uint64_t i = 0; i < Pacer::kVideoCapacity; ++i) ASSERT_TRUE(pacer_.push(now_, video(i)));
  EXPECT_FALSE(pacer_.push(now_, video(9999)));
}

TEST_F(BwePacerTest, AProbeIsSentAtItsRateWithMediaFirst) {
  pacer_.set_rate(now_, Bitrate::kbps(500), Pacer::Path::kUntried);
  ProbeCluster probe;
  probe.id = 3;
  probe.rate = Bitrate::kbps(2400);
  probe.min_bytes = 4500;
  pacer_.add_probe(probe);
  ASSERT_TRUE(pacer_.push(now_, video(1)));
  const TimePoint start = now_;
  int64_t bytes = 0;
  int packets = 0;
  while (pacer_.next_deadline() != kNever && now_ - start < 1s) {
    while (const auto output = pacer_.next(now_)) {
      EXPECT_EQ(output->probe_cluster, 3);
      EXPECT_EQ(output->action, packets == 0 ? Pacer::Action::kSend : Pacer::Action::kPad);
      const size_t size = packets == 0 ? 1200 : output->padding;
      if (packets > 0) pacer_.on_padding_sent(now_, size, output->probe_cluster);
      bytes += static_cast<int64_t>(size);
      ++packets;
    }
    if (pacer_.next_deadline() != kNever) now_ = pacer_.next_deadline();
  }
  EXPECT_GE(packets, 5);
  EXPECT_GE(bytes, 4500);
  EXPECT_GE(now_ - start, 11ms);
  EXPECT_LE(now_ - start, 20ms);
}

TEST_F(BwePacerTest, WithoutPaddingAProbeEnds) {
  ProbeCluster probe;
  probe.id = 1;
  probe.rate = Bitrate::kbps(2000);
  probe.min_bytes = 4000;
  pacer_.add_probe(probe);
  const auto first = pacer_.next(now_);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->action, Pacer::Action::kPad);
  pacer_.on_no_padding();
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(pacer_.next_deadline(), kNever);
}

}  // namespace
}  // namespace turms::rtc::bwe
