#include "rtc/bwe/competition.h"

#include <gtest/gtest.h>

namespace turms::rtc::bwe {
namespace {

class BweCompetitionTest : public testing::Test {
 protected:
  /// Feedback each 50 ms.
  void run(Duration length, Duration queue, int64_t arrives_kbps, double loss = 0,
           int64_t pairs_kbps = 4000) {
    for (Duration spent{}; spent < length; spent += 50ms) {
      now_ += 50ms;
      const auto rate = Bitrate::kbps(arrives_kbps);
      std::optional<Bitrate> bottleneck;
      if (queue > 20ms) bottleneck = rate;
      competition_.on_feedback(now_,
                               {queue, bottleneck, Bitrate::kbps(pairs_kbps), rate, loss, 300ms});
    }
  }
  void drain(Duration from, Duration to, Duration step, int64_t arrives_kbps) {
    for (Duration queue = from; queue > to; queue -= step) run(50ms, queue, arrives_kbps);
  }
  Competition competition_;
  TimePoint now_{100s};
};

TEST_F(BweCompetitionTest, WhoGaveWayInVainGoesByLosses) {
  run(1s, 5ms, 1800);
  run(600ms, 5ms, 1000);
  run(3s, 120ms, 500);
  ASSERT_TRUE(competition_.shared());
  const Bitrate first = *competition_.rate();
  EXPECT_GE(first, Bitrate::kbps(500));
  run(1s, 200ms, 500);
  EXPECT_GT(*competition_.rate(), first);
  const Bitrate before = *competition_.rate();
  run(2s, 290ms, 500, 0.05);
  EXPECT_LT(*competition_.rate(), before);
}

TEST_F(BweCompetitionTest, AQueueThatDrainsIsOurs) {
  run(1s, 5ms, 1900);
  run(500ms, 300ms, 300);
  for (int i = 0; i < 3; ++i) drain(300ms, 20ms, 10ms, 300);
  EXPECT_FALSE(competition_.shared());
}

TEST_F(BweCompetitionTest, AloneWhatArrivesIsAllThereIs) {
  run(1s, 5ms, 1900);
  run(5s, 250ms, 700, 0, 720);  // pairs come no faster
  EXPECT_FALSE(competition_.shared());
}

TEST_F(BweCompetitionTest, WithoutPairsItTakesLonger) {
  const auto alone = [&](Duration length) {
    for (Duration spent{}; spent < length; spent += 50ms) {
      now_ += 50ms;
      const auto rate = Bitrate::kbps(150);
      competition_.on_feedback(now_, {150ms, rate, std::nullopt, rate, 0, 300ms});
    }
  };
  run(1s, 5ms, 1000);
  alone(Competition::kStuckWithoutPairs - 200ms);
  EXPECT_FALSE(competition_.shared());
  alone(500ms);
  EXPECT_TRUE(competition_.shared());
}

TEST_F(BweCompetitionTest, APacketOfALowCapacityIsNoQueue) {
  run(600ms, 5ms, 1000);
  run(5s, 45ms, 150);
  EXPECT_FALSE(competition_.shared());
}

TEST_F(BweCompetitionTest, EndsWithTheQueueAndIsRecognizedSooner) {
  run(600ms, 5ms, 1000);
  run(3s, 120ms, 500);
  ASSERT_TRUE(competition_.shared());
  run(300ms, 5ms, 500);  // it looks how long the path is
  EXPECT_TRUE(competition_.shared());
  run(500ms, 60ms, 500);
  run(1200ms, 5ms, 500);
  EXPECT_FALSE(competition_.shared());
  run(1200ms, 100ms, 400);
  EXPECT_TRUE(competition_.shared());
  run(1200ms, 5ms, 500);
  now_ += Competition::kMemory;
  run(1200ms, 100ms, 400);
  EXPECT_FALSE(competition_.shared());
}

}  // namespace
}  // namespace turms::rtc::bwe
