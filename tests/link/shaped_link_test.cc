#include "link/shaped_link.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace turms::link {
namespace {

constexpr size_t kSize = 1000;  // 8,000 bits: 1 ms at 8 Mbit/s

/// A link on virtual time, and when each packet arrived.
class ShapedLinkTest : public testing::Test {
 protected:
  struct Arrival {
    Duration time;
    uint64_t tag = 0;
    bool operator==(const Arrival&) const = default;
  };

  void make(const LinkProfile& profile) { link_.emplace(profile, 7); }
  void send(int count = 1, size_t size = kSize) {
    for (int i = 0; i < count; ++i) link_->send(now_, {Bytes(size), next_tag_++});
  }
  /// Lets time pass up to there and notes what arrives at the moment at which it does.
  void run_to(Duration time) {
    const TimePoint end = TimePoint{} + time;
    while (true) {
      const TimePoint next = std::min(link_->next_timeout(), end);
      now_ = std::max(now_, next);
      while (auto packet = link_->receive(now_))
        arrivals_.push_back({now_ - TimePoint{}, packet->tag});
      if (next >= end) return;
    }
  }
  std::vector<uint64_t> tags() const {
    std::vector<uint64_t> out;
    for (const Arrival& arrival : arrivals_) out.push_back(arrival.tag);
    return out;
  }

  std::optional<ShapedLink> link_;
  TimePoint now_;
  uint64_t next_tag_ = 0;
  std::vector<Arrival> arrivals_;
};

TEST_F(ShapedLinkTest, PassesEverythingAtOnceWithoutAProfile) {
  make({});
  send(3);
  EXPECT_EQ(link_->next_timeout(), now_);
  run_to(0ms);
  EXPECT_EQ(tags(), (std::vector<uint64_t>{0, 1, 2}));
  EXPECT_EQ(link_->next_timeout(), kNever);
}

TEST_F(ShapedLinkTest, SendsOnePacketAfterTheOtherAtItsRate) {
  make({.bits_per_second = 8'000'000, .delay = 20ms});
  send(3);
  EXPECT_EQ(link_->queue_delay(now_), 3ms);
  run_to(100ms);
  EXPECT_EQ(arrivals_, (std::vector<Arrival>{{21ms, 0}, {22ms, 1}, {23ms, 2}}));
  EXPECT_EQ(link_->counters().queued_total, 6ms);
  EXPECT_EQ(link_->take_longest_queued(), 3ms);
  EXPECT_EQ(link_->take_longest_queued(), 0ms);
}

TEST_F(ShapedLinkTest, ManagesItsQueueTowardsATarget) {
  // A tenth more than the rate, for a minute: without management 300 ms would stand.
  make({.bits_per_second = 8'000'000, .aqm_target = 10ms});
  Duration waited{};
  for (int i = 0; i < 66'000; ++i) {
    send();
    run_to(i * 909us);
    if (i >= 33'000) waited += link_->queue_delay(now_);
  }
  const Duration mean = waited / 33'000;
  EXPECT_GT(mean, 5ms);
  EXPECT_LT(mean, 15ms);
  EXPECT_EQ(link_->counters().queue_full, 0U);
  EXPECT_NEAR(static_cast<double>(link_->counters().aqm), 6000, 600);
}

TEST_F(ShapedLinkTest, CountsTheOverheadAgainstTheRate) {
  link_.emplace(LinkProfile{.bits_per_second = 8'000'000}, 7, 250);
  send();
  run_to(100ms);
  EXPECT_EQ(arrivals_, (std::vector<Arrival>{{1250us, 0}}));
  EXPECT_EQ(link_->counters().bytes_carried, 1250u);
}

TEST_F(ShapedLinkTest, ServesWhatWaitsAtTheNewRate) {
  make({.bits_per_second = 8'000'000});
  send(2);
  run_to(500us);  // half of the first is sent
  LinkProfile slow = link_->profile();
  slow.bits_per_second = 800'000;
  link_->set_profile(now_, slow);
  EXPECT_EQ(link_->queue_delay(now_), 15ms);
  run_to(100ms);
  EXPECT_EQ(arrivals_, (std::vector<Arrival>{{5500us, 0}, {15500us, 1}}));
}

TEST_F(ShapedLinkTest, EmptiesItsQueueWhenTheRateIsLifted) {
  make({.bits_per_second = 8'000, .queue_time = 10s});
  send(3);
  run_to(10ms);
  link_->set_profile(now_, {});
  run_to(10ms);
  EXPECT_EQ(arrivals_, (std::vector<Arrival>{{10ms, 0}, {10ms, 1}, {10ms, 2}}));
}

TEST_F(ShapedLinkTest, DropsTheTailOfALongQueue) {
  make({.bits_per_second = 8'000'000, .queue_time = 10ms});
  send(20);
  run_to(100ms);
  // The eleventh waits 10 ms for the ten before it; the twelfth would wait for longer.
  EXPECT_EQ(arrivals_.size(), 11u);
  EXPECT_EQ(link_->counters().queue_full, 9u);
}

TEST_F(ShapedLinkTest, DropsTheTailBeyondItsBytes) {
  make({.bits_per_second = 8'000'000, .queue_time = 10s, .queue_bytes = 3000});
  send(5);
  EXPECT_EQ(link_->counters().queue_full, 2u);
  run_to(100ms);
  send(1, 5000);  // into the empty queue
  run_to(200ms);
  EXPECT_EQ(arrivals_.size(), 4u);
}

TEST_F(ShapedLinkTest, HoldsWhatComesUntilItMayGo) {
  make({.bits_per_second = 8'000'000});
  send(2);
  run_to(500us);
  LinkProfile profile = link_->profile();
  profile.hold = true;
  link_->set_profile(now_, profile);
  EXPECT_EQ(link_->next_timeout(), kNever);
  run_to(50ms);
  EXPECT_TRUE(arrivals_.empty());
  profile.hold = false;
  link_->set_profile(now_, profile);
  run_to(100ms);
  EXPECT_EQ(arrivals_, (std::vector<Arrival>{{50500us, 0}, {51500us, 1}}));
}

TEST_F(ShapedLinkTest, KeepsOrderUnderJitterAndAfterAShorterDelay) {
  make({.delay = 50ms, .jitter = 30ms});
  for (int i = 0; i < 200; ++i) {
    send();
    run_to(1ms * (i + 1));
  }
  LinkProfile near = link_->profile();
  near.delay = 5ms;
  link_->set_profile(now_, near);
  send();
  run_to(1s);
  ASSERT_EQ(arrivals_.size(), 201u);
  EXPECT_TRUE(std::ranges::is_sorted(tags()));
  EXPECT_GE(arrivals_.front().time, 50ms);
  EXPECT_LT(arrivals_.back().time, 280ms);
}

TEST_F(ShapedLinkTest, ReordersAndDuplicatesOnlyWhenAsked) {
  make({.delay = 5ms, .reorder = 0.2, .reorder_delay = 10ms, .duplicate = 0.1});
  for (int i = 0; i < 500; ++i) {
    send();
    run_to(1ms * (i + 1));
  }
  run_to(1s);
  EXPECT_FALSE(std::ranges::is_sorted(tags()));
  EXPECT_GT(arrivals_.size(), 520u);
  EXPECT_LT(arrivals_.size(), 590u);
}

TEST_F(ShapedLinkTest, LosesItsShareBehindTheQueue) {
  make({.bits_per_second = 8'000'000, .queue_time = 20s, .loss = 0.05});
  send(10'000);
  run_to(20s);
  EXPECT_NEAR(static_cast<double>(link_->counters().lost), 500, 100);
  EXPECT_EQ(link_->counters().packets_carried, 10'000u);
  EXPECT_EQ(link_->counters().packets_out, 10'000 - link_->counters().lost);
}

TEST_F(ShapedLinkTest, LosesInBursts) {
  make({.burst_start = 0.01, .burst_length = 5});
  send(20'000);
  run_to(1ms);
  // One burst for each hundred packets outside of one.
  size_t bursts = 0;
  const std::vector<uint64_t> seen = tags();
  for (size_t i = 1; i < seen.size(); ++i) bursts += seen[i] != seen[i - 1] + 1 ? 1 : 0;
  const double length = static_cast<double>(link_->counters().lost) / static_cast<double>(bursts);
  EXPECT_NEAR(static_cast<double>(bursts), 190, 50);
  EXPECT_NEAR(length, 5, 1);
}

TEST_F(ShapedLinkTest, PolicesWithoutAQueue) {
  make({.policer_bits_per_second = 800'000, .policer_burst_bytes = 10'000});
  send(20);  // the bucket is full at first
  run_to(0ms);
  EXPECT_EQ(arrivals_.size(), 10u);
  EXPECT_EQ(link_->counters().policed, 10u);
  for (int i = 0; i < 1000; ++i) {  // twice the rate
    run_to(5ms * (i + 1));
    send();
  }
  EXPECT_NEAR(static_cast<double>(link_->counters().packets_out), 510, 5);
}

TEST_F(ShapedLinkTest, BoundsWhatIsUnderWay) {
  make({.delay = 10s});
  send(static_cast<int>(ShapedLink::kMaxPackets) + 3, 1);
  EXPECT_EQ(link_->counters().overflow, 3u);
}

TEST_F(ShapedLinkTest, DoesTheSameWithTheSameSeed) {
  const LinkProfile profile{
      .bits_per_second = 4'000'000, .loss = 0.1, .delay = 10ms, .jitter = 20ms};
  std::vector<Arrival> first;
  for (int run = 0; run < 2; ++run) {
    now_ = {};
    arrivals_.clear();
    next_tag_ = 0;
    make(profile);
    send(100);
    run_to(1s);
    if (run == 0) first = arrivals_;
  }
  EXPECT_EQ(arrivals_, first);
}

}  // namespace
}  // namespace turms::link
