// Measured rates and losses against the published vectors of libwebrtc's unit tests.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/random.h"
#include "rtc/bwe/loss_based_bwe.h"
#include "rtc/bwe/probe_bitrate_estimator.h"
#include "rtc/bwe/robust_throughput_estimator.h"

namespace turms::rtc::bwe {
namespace {

TEST(BweBitrateTest, ComputesWithWhatIsBeyondTheRange) {
  EXPECT_EQ(time_of(1200, Bitrate()), kLongest);
  EXPECT_EQ(time_of(1200, Bitrate(1)), Duration(9600s));
  EXPECT_EQ(time_of(int64_t{1} << 60, Bitrate(1)), kLongest);
  EXPECT_EQ(rate_of(1200, Duration::zero()), kUnlimited);
  EXPECT_EQ(rate_of(int64_t{1} << 60, Duration(1)), kUnlimited);
  EXPECT_EQ(bytes_in(kUnlimited, 1s), 1'152'921'504'606'846'976);
  EXPECT_EQ(bytes_in(kUnlimited, 60s), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(Bitrate(int64_t{1} << 62) * 3, kUnlimited);
  EXPECT_EQ(Bitrate(int64_t{1} << 62) + Bitrate(int64_t{1} << 62), kUnlimited);
  EXPECT_EQ(Bitrate::kbps(100) * std::numeric_limits<double>::infinity(), kUnlimited);
  EXPECT_EQ(Bitrate() * std::numeric_limits<double>::infinity(), Bitrate());
}

class BweThroughputTest : public testing::Test {
 protected:
  std::vector<PacketResult> packets(int count, int64_t send_rate, int64_t receive_rate) {
    std::vector<PacketResult> results;
    for (int i = 0; i < count; ++i) {
      PacketResult packet;
      packet.sequence = sequence_++;
      packet.size = 1000;
      packet.sent = sent_;
      sent_ += time_of(1000, Bitrate(send_rate * 8));
      received_ += time_of(1000, Bitrate(receive_rate * 8));
      packet.received = received_;
      results.push_back(packet);
    }
    return results;
  }
  int64_t sequence_ = 100;
  TimePoint sent_{100s};
  TimePoint received_{10s};
};

TEST_F(BweThroughputTest, NeedsTenPacketsAndThenIsStable) {
  RobustThroughputEstimator estimator;
  estimator.on_feedback(packets(9, 100'000, 100'000));
  EXPECT_FALSE(estimator.rate());
  estimator.on_feedback(packets(1, 100'000, 100'000));
  EXPECT_EQ(estimator.rate(), Bitrate(800'000));
  estimator.on_feedback(packets(15, 100'000, 100'000));
  EXPECT_EQ(estimator.rate(), Bitrate(800'000));
}

/// The same reckoned anew from all packets each time.
class PlainThroughput {
 public:
  void on_feedback(const std::vector<PacketResult>& received) {
    for (const PacketResult& packet : received) {
      if (window_.size() == 512) drop();
      const auto place = std::upper_bound(
          window_.begin(), window_.end(), packet,
          [](const PacketResult& a, const PacketResult& b) { return a.received < b.received; });
      window_.insert(place, packet);
      if (window_.back().received - packet.received > 1s) {
        window_.clear();
        dropped_ = TimePoint::min();
      }
    }
    while (window_.size() > 500 || span() > 5s || (window_.size() > 20 && span() > 1s)) drop();
  }
  [[nodiscard]] std::optional<Bitrate> rate() const {
    if (window_.size() < 10) return std::nullopt;
    std::vector<Duration> gaps{Duration::zero(), Duration::zero()};
    int64_t bytes = 0;
    for (size_t i = 1; i < window_.size(); ++i) {
      gaps.push_back(window_[i].received - window_[i - 1].received);
      bytes += window_[i].size;
    }
    std::sort(gaps.rbegin(), gaps.rend());
    const Bitrate received = rate_of(bytes, std::max<Duration>(span() - gaps[0] + gaps[1], 1ms));
    std::vector<PacketResult> sent;
    for (const PacketResult& packet : window_) {
      if (packet.sent >= dropped_) sent.push_back(packet);
    }
    if (sent.size() < 10) return received;
    const auto by_sent = [](const PacketResult& a, const PacketResult& b) {
      return a.sent < b.sent;
    };
    const auto first = std::min_element(sent.begin(), sent.end(), by_sent);
    const auto last = std::max_element(sent.begin(), sent.end(), by_sent);
    bytes = -last->size;
    for (const PacketResult& packet : sent) bytes += packet.size;
    return std::min(received, rate_of(bytes, std::max<Duration>(last->sent - first->sent, 1ms)));
  }

 private:
  [[nodiscard]] Duration span() const {
    return window_.empty() ? Duration::zero() : window_.back().received - window_.front().received;
  }
  void drop() {
    dropped_ = std::max(dropped_, window_.front().sent);
    window_.erase(window_.begin());
  }
  std::vector<PacketResult> window_;
  TimePoint dropped_ = TimePoint::min();
};

TEST_F(BweThroughputTest, KeptSumsAreThoseOfAllPackets) {
  Rng rng(7);
  RobustThroughputEstimator estimator;
  PlainThroughput plain;
  TimePoint sent{100s};
  for (int round = 0; round < 2000; ++round) {
    std::vector<PacketResult> results;
    // Frames of packets sent at once; some overtake, some stop for long.
    const auto count = 1 + rng.below(30);
    for (uint64_t i = 0; i < count; ++i) {
      if (rng.below(6) == 0) sent += Duration(1ms) * rng.below(40);
      PacketResult packet;
      packet.sent = sent;
      packet.received = sent + 20ms + Duration(1ms) * rng.below(rng.below(10) == 0 ? 200 : 3);
      packet.size = static_cast<int32_t>(100 + rng.below(1100));
      results.push_back(packet);
    }
    if (rng.below(300) == 0) sent += 3s;
    std::sort(results.begin(), results.end(),
              [](const PacketResult& a, const PacketResult& b) { return a.received < b.received; });
    estimator.on_feedback(results);
    plain.on_feedback(results);
    ASSERT_EQ(estimator.rate(), plain.rate()) << "round " << round;
  }
}

TEST_F(BweThroughputTest, FollowsTheRateBothWays) {
  RobustThroughputEstimator estimator;
  for (int i = 0; i < 10; ++i) {
    estimator.on_feedback(packets(10, 100'000, 100'000));
    EXPECT_EQ(estimator.rate(), Bitrate(800'000));
  }
  for (int i = 0; i < 20; ++i) {
    estimator.on_feedback(packets(10, 200'000, 200'000));
    EXPECT_GE(estimator.rate()->bps(), 800'000);
    EXPECT_LE(estimator.rate()->bps(), 1'600'000);
  }
  for (int i = 0; i < 20; ++i) {
    estimator.on_feedback(packets(10, 200'000, 200'000));
    EXPECT_EQ(estimator.rate(), Bitrate(1'600'000));
  }
  for (int i = 0; i < 5; ++i) {
    estimator.on_feedback(packets(10, 50'000, 50'000));
    EXPECT_LE(estimator.rate()->bps(), 1'600'000);
    EXPECT_GE(estimator.rate()->bps(), 400'000);
  }
  for (int i = 0; i < 5; ++i) {
    estimator.on_feedback(packets(10, 50'000, 50'000));
    EXPECT_EQ(estimator.rate(), Bitrate(400'000));
  }
}

TEST_F(BweThroughputTest, IsTheLowerOfBothRates) {
  RobustThroughputEstimator slow_link;
  slow_link.on_feedback(packets(20, 100'000, 25'000));
  EXPECT_NEAR(static_cast<double>(slow_link.rate()->bps()), 200'000, 10'000);
  RobustThroughputEstimator slow_sender;
  slow_sender.on_feedback(packets(20, 50'000, 100'000));
  EXPECT_NEAR(static_cast<double>(slow_sender.rate()->bps()), 400'000, 20'000);
}

TEST_F(BweThroughputTest, ADelaySpikeIsLeftOut) {
  RobustThroughputEstimator estimator(500ms);
  estimator.on_feedback(packets(20, 100'000, 100'000));
  received_ += 250ms;
  for (int i = 0; i < 30; ++i) {
    estimator.on_feedback(packets(1, 100'000, 600'000));
    EXPECT_NEAR(static_cast<double>(estimator.rate()->bps()), 800'000, 40'000);
  }
  for (int i = 0; i < 20; ++i) {
    estimator.on_feedback(packets(5, 100'000, 100'000));
    EXPECT_NEAR(static_cast<double>(estimator.rate()->bps()), 800'000, 40'000);
  }
}

TEST_F(BweThroughputTest, HalfLostIsHalfTheRate) {
  RobustThroughputEstimator estimator;
  auto all = packets(20, 100'000, 100'000);
  std::vector<PacketResult> half;
  for (size_t i = 0; i < all.size(); i += 2) half.push_back(all[i]);
  estimator.on_feedback(half);
  EXPECT_NEAR(static_cast<double>(estimator.rate()->bps()), 400'000, 20'000);
}

TEST_F(BweThroughputTest, ReorderedFeedbackRecovers) {
  RobustThroughputEstimator estimator;
  estimator.on_feedback(packets(20, 100'000, 100'000));
  const auto delayed = packets(10, 100'000, 100'000);
  estimator.on_feedback(packets(10, 100'000, 100'000));
  EXPECT_LT(estimator.rate()->bps(), 800'000);
  estimator.on_feedback(delayed);
  EXPECT_EQ(estimator.rate(), Bitrate(800'000));
  for (int i = 0; i < 10; ++i) {
    estimator.on_feedback(packets(15, 100'000, 100'000));
    EXPECT_EQ(estimator.rate(), Bitrate(800'000));
  }
}

class BweProbeResultTest : public testing::Test {
 protected:
  void add(int cluster, int32_t size, int64_t sent_ms, int64_t received_ms, int min_packets = 5,
           int64_t min_bytes = 5000) {
    PacketResult packet;
    packet.size = size;
    packet.sent = TimePoint(std::chrono::milliseconds(sent_ms + 1000));
    packet.received = TimePoint(std::chrono::milliseconds(received_ms + 1000));
    packet.probe_cluster = cluster + 1;
    packet.probe_min_packets = min_packets;
    packet.probe_min_bytes = min_bytes;
    result_ = estimator_.on_packet(packet);
  }
  void expect(double bps) {
    ASSERT_TRUE(result_);
    EXPECT_NEAR(static_cast<double>(result_->bps()), bps, 10);
  }
  ProbeBitrateEstimator estimator_;
  std::optional<Bitrate> result_;
};

TEST_F(BweProbeResultTest, OneCluster) {
  for (int i = 0; i < 4; ++i) add(0, 1000, i * 10, i * 10 + 10);
  expect(800'000);
  EXPECT_TRUE(estimator_.take_result());
  EXPECT_FALSE(estimator_.take_result());
}

TEST_F(BweProbeResultTest, TooFewPacketsOrBytesSayNothing) {
  for (int i = 0; i < 3; ++i) add(0, 2000, i * 10, i * 10 + 10);
  EXPECT_FALSE(result_);
  for (int i = 0; i < 5; ++i) add(1, 800, i * 10, i * 10 + 10, 5, 6000);
  EXPECT_FALSE(result_);
}

TEST_F(BweProbeResultTest, SmallAndLargeClusters) {
  for (int i = 0; i < 6; ++i) add(0, 150, i * 10, i * 10 + 10, 5, 1000);
  expect(120'000);
  for (int i = 0; i < 25; ++i) add(1, 12'500, i, i + 5, 30, 312'500);
  expect(100'000'000);
}

TEST_F(BweProbeResultTest, FastArrivals) {
  add(0, 1000, 0, 15);
  add(0, 1000, 10, 30);
  add(0, 1000, 20, 35);
  add(0, 1000, 30, 40);
  expect(800'000);
  add(1, 1000, 0, 19);
  add(1, 1000, 10, 22);
  add(1, 1000, 20, 25);
  add(1, 1000, 40, 27);
  EXPECT_FALSE(result_);
}

TEST_F(BweProbeResultTest, SlowArrivalsGiveALittleLess) {
  add(0, 1000, 0, 10);
  add(0, 1000, 10, 40);
  add(0, 1000, 20, 70);
  add(0, 1000, 30, 85);
  expect(0.95 * 320'000);
}

TEST_F(BweProbeResultTest, ArrivalsAllAtOnceSayNothing) {
  for (int i = 0; i < 4; ++i) add(0, 1000, i * 10, 50);
  EXPECT_FALSE(result_);
}

TEST_F(BweProbeResultTest, ClustersAreTakenApart) {
  add(0, 1000, 0, 10);
  add(0, 1000, 10, 20);
  add(0, 1000, 20, 30);
  add(0, 1000, 40, 60);
  expect(0.95 * 480'000);
  add(0, 1000, 50, 60);
  expect(640'000);
  add(1, 1000, 60, 70);
  add(1, 1000, 65, 77);
  add(1, 1000, 70, 84);
  add(1, 1000, 75, 90);
  expect(0.95 * 1'200'000);
  add(0, 1000, 6040, 6060);  // of an old one
  EXPECT_FALSE(result_);
}

TEST_F(BweProbeResultTest, FirstReceivedAndLastSentDoNotCount) {
  for (int i = 0; i < 4; ++i) add(0, 1000, i * 10, i * 10 + 10);
  add(0, 1500, 40, 50);
  expect(800'000);
  add(1, 1500, 0, 10);
  for (int i = 1; i < 4; ++i) add(1, 1000, i * 10, i * 10 + 10);
  expect(0.95 * 800'000);
}

class BweLossTest : public testing::Test {
 protected:
  static constexpr Duration kObservation = 250ms;

  static LossBasedBwe::Config short_window() {
    LossBasedBwe::Config config;
    config.min_observations = 1;
    config.window = 2;
    return config;
  }
  /// Two packets an observation apart; which of them are lost.
  std::vector<PacketResult> two(Duration at, bool first_lost, bool second_lost) {
    std::vector<PacketResult> results(2);
    for (size_t i = 0; i < 2; ++i) {
      results[i].sequence = sequence_++;
      results[i].size = 15'000;
      results[i].sent = TimePoint(10s) + at + static_cast<int64_t>(i) * kObservation;
      if (!(i == 0 ? first_lost : second_lost)) {
        results[i].received = results[i].sent + kObservation;
      }
    }
    return results;
  }
  std::vector<PacketResult> received(Duration at) { return two(at, false, false); }
  std::vector<PacketResult> half_lost(Duration at) { return two(at, false, true); }
  std::vector<PacketResult> all_lost(Duration at) {
    auto results = two(at, true, true);
    results[0].sent = TimePoint(10s) + at;
    return results;
  }
  std::vector<PacketResult> tenth_lost(Duration at, int32_t lost_size = 15'000) {
    std::vector<PacketResult> results(10);
    for (size_t i = 0; i < 10; ++i) {
      results[i].sequence = sequence_++;
      results[i].size = i == 9 ? lost_size : 15'000;
      results[i].sent = TimePoint(10s) + at + static_cast<int64_t>(i) * kObservation;
      if (i != 9) results[i].received = results[i].sent + kObservation;
    }
    return results;
  }
  int64_t sequence_ = 0;
};

TEST_F(BweLossTest, IsNotReadyBeforeEnoughWasObserved) {
  LossBasedBwe bwe(short_window());
  bwe.on_feedback(received(0s), kUnlimited, false);
  EXPECT_FALSE(bwe.ready());
  EXPECT_FALSE(bwe.result().rate.finite());
  LossBasedBwe shipped;
  shipped.set_estimate(Bitrate::kbps(600));
  shipped.on_feedback(received(0s), kUnlimited, false);
  EXPECT_FALSE(shipped.ready());
  shipped.on_feedback(received(500ms), kUnlimited, false);
  shipped.on_feedback(received(1s), kUnlimited, false);
  EXPECT_TRUE(shipped.ready());
}

TEST_F(BweLossTest, RisesToTheDelayBasedEstimateWithoutLoss) {
  LossBasedBwe bwe(short_window());
  bwe.set_estimate(Bitrate::kbps(600));
  bwe.on_feedback(received(0s), Bitrate::kbps(5000), false);
  EXPECT_EQ(bwe.result().rate, Bitrate::kbps(5000));
  bwe.on_feedback(received(500ms), Bitrate::kbps(500), false);
  EXPECT_EQ(bwe.result().rate, Bitrate::kbps(500));
}

TEST_F(BweLossTest, GrowsByTheHoldFactorAfterLoss) {
  LossBasedBwe bwe(short_window());
  bwe.set_estimate(Bitrate::kbps(600));
  bwe.set_acknowledged(Bitrate::kbps(100));
  bwe.on_feedback(all_lost(0s), Bitrate::kbps(5000), false);
  const Bitrate at_loss = bwe.result().rate;
  for (int i = 2; i < 100 && bwe.result().state != LossState::kIncreasing; ++i) {
    bwe.on_feedback(received(i * kObservation), Bitrate::kbps(5000), false);
  }
  ASSERT_EQ(bwe.result().state, LossState::kIncreasing);
  EXPECT_EQ(bwe.result().rate, at_loss * 1.2);
}

TEST_F(BweLossTest, DoesNotGrowWhenMoreIsLostThanAlways) {
  LossBasedBwe::Config config = short_window();
  config.candidate_factors = {1.2, 0, 0};
  LossBasedBwe bwe(config);
  bwe.set_estimate(Bitrate::kbps(600));
  bwe.on_feedback(tenth_lost(0s), kUnlimited, false);
  bwe.on_feedback(tenth_lost(kObservation), kUnlimited, false);
  EXPECT_EQ(bwe.result().rate, Bitrate::kbps(600));
}

TEST_F(BweLossTest, TheThresholdDecidesWhatTenPercentMean) {
  for (const double threshold : {0.2, 0.05}) {
    LossBasedBwe::Config config = short_window();
    config.bias_loss_threshold = threshold;
    config.hold_when_loss_above_inherent = threshold < 0.1;
    LossBasedBwe bwe(config);
    bwe.set_estimate(Bitrate::kbps(600));
    bwe.on_feedback(tenth_lost(0s), Bitrate::kbps(5000), false);
    bwe.on_feedback(tenth_lost(kObservation), Bitrate::kbps(5000), false);
    if (threshold > 0.1) {
      EXPECT_GT(bwe.result().rate, Bitrate::kbps(600));
    } else {
      EXPECT_LT(bwe.result().rate, Bitrate::kbps(600));
    }
  }
}

TEST_F(BweLossTest, NeverFallsBelowWhatGetsThrough) {
  LossBasedBwe bwe(short_window());
  bwe.set_estimate(Bitrate::kbps(2500));
  bwe.on_feedback(all_lost(0s), kUnlimited, false);
  EXPECT_LT(bwe.result().rate, Bitrate::kbps(1000));
  bwe.set_acknowledged(Bitrate::kbps(1000));
  bwe.on_feedback(all_lost(kObservation), kUnlimited, false);
  EXPECT_EQ(bwe.result().rate, Bitrate::kbps(1000));
  bwe.on_feedback(received(2 * kObservation), kUnlimited, false);
  bwe.on_feedback(received(3 * kObservation), kUnlimited, false);
  EXPECT_GT(bwe.result().rate, Bitrate::kbps(1000));
}

TEST_F(BweLossTest, TheHeldRateIsNotBelowWhatGetsThrough) {
  LossBasedBwe::Config config = short_window();
  config.hold_factor = 10;
  LossBasedBwe bwe(config);
  bwe.set_estimate(Bitrate::kbps(2500));
  bwe.on_feedback(half_lost(0s), kUnlimited, false);
  ASSERT_EQ(bwe.result().state, LossState::kDecreasing);
  bwe.set_acknowledged(Bitrate::kbps(1000));
  bwe.on_feedback(half_lost(kObservation), kUnlimited, false);
  EXPECT_EQ(bwe.result().state, LossState::kDecreasing);
  EXPECT_EQ(bwe.result().rate, Bitrate::kbps(1000));
}

TEST_F(BweLossTest, TheHoldEndsWhenDelayLimits) {
  LossBasedBwe bwe(short_window());
  bwe.set_estimate(Bitrate::kbps(2500));
  bwe.on_feedback(half_lost(0s), kUnlimited, false);
  ASSERT_EQ(bwe.result().state, LossState::kDecreasing);
  const Bitrate delay_based = bwe.result().rate + Bitrate::kbps(10);
  bwe.on_feedback(received(kObservation), delay_based, false);
  bwe.on_feedback(received(2 * kObservation), delay_based, false);
  EXPECT_EQ(bwe.result().state, LossState::kDelayBased);
  EXPECT_EQ(bwe.result().rate, delay_based);
}

TEST_F(BweLossTest, BytesCountNotPackets) {
  LossBasedBwe bwe(short_window());
  bwe.set_estimate(Bitrate::kbps(500));
  bwe.on_feedback(tenth_lost(0s, 20 * 15'000), kUnlimited, false);
  EXPECT_EQ(bwe.result().state, LossState::kDecreasing);
  EXPECT_LT(bwe.result().rate, Bitrate::kbps(160));
}

TEST_F(BweLossTest, OneSpikeIsLeftOutTwoAreNot) {
  LossBasedBwe::Config config;
  config.window = 5;
  LossBasedBwe bwe(config);
  const Bitrate delay_based = Bitrate::kbps(500);
  bwe.set_estimate(delay_based);
  for (int i = 0; i < 5; ++i) bwe.on_feedback(received(i * kObservation), delay_based, false);
  bwe.on_feedback(all_lost(5 * kObservation), delay_based, false);
  bwe.on_feedback(received(6 * kObservation), delay_based, false);
  EXPECT_EQ(bwe.result().state, LossState::kDelayBased);
  EXPECT_EQ(bwe.result().rate, delay_based);
  bwe.on_feedback(all_lost(7 * kObservation), delay_based, false);
  EXPECT_EQ(bwe.result().state, LossState::kDecreasing);
  EXPECT_LT(bwe.result().rate, delay_based);
}

TEST_F(BweLossTest, PaddingEndsAfterASecondWithoutGain) {
  LossBasedBwe::Config config = short_window();
  config.padding = 1s;
  config.rampup_factor = 2;
  LossBasedBwe bwe(config);
  bwe.set_estimate(Bitrate::kbps(2500));
  bwe.set_acknowledged(Bitrate::kbps(51));
  bwe.on_feedback(half_lost(0s), kUnlimited, false);
  ASSERT_EQ(bwe.result().state, LossState::kDecreasing);
  ASSERT_EQ(bwe.result().rate, Bitrate::kbps(51));
  bwe.set_acknowledged(Bitrate::kbps(26));
  int i = 1;
  while (bwe.result().state != LossState::kIncreasing && i < 100) {
    bwe.on_feedback(received(i++ * kObservation), kUnlimited, false);
  }
  const int risen = i;
  while (bwe.result().state == LossState::kIncreasing && i < 100) {
    bwe.on_feedback(received(i++ * kObservation), kUnlimited, false);
  }
  EXPECT_EQ(bwe.result().state, LossState::kDecreasing);
  EXPECT_EQ((i - 1 - risen) * kObservation, 1s);
}

}  // namespace
}  // namespace turms::rtc::bwe
