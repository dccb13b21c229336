// Who is chosen: layers by what is asked, speakers by what is heard.
#include <gtest/gtest.h>

#include "sfu/audio_level_observer.h"
#include "sfu/layer_policy.h"

namespace turms::sfu {
namespace {

TEST(AskedLayers, Table) {
  struct Case {
    bool paused;
    int asked;
    int count;
    uint8_t active;
    int expected;
  };
  const Case cases[] = {
      {false, 2, 3, 0b111, 2},                            // as asked
      {false, 0, 3, 0b111, 0},  {false, 2, 3, 0b011, 1},  // the best there is below
      {false, 2, 3, 0b101, 2},  {false, 1, 3, 0b101, 0},
      {false, 0, 3, 0b110, 1},   // a large picture beats none
      {false, 2, 1, 0b001, 0},   // one encoding is every layer
      {false, 2, 3, 0, -1},      // nothing to send
      {true, 2, 3, 0b111, -1},   // nothing wanted
      {false, -7, 3, 0b111, 0},  // nonsense is bounded
      {false, 99, 3, 0b111, 2},
  };
  AskedLayers policy;
  for (const Case& c : cases) {
    LayerDemand demand;
    demand.request = {c.paused, c.asked, 3};
    demand.layer_count = c.count;
    demand.active_layers = c.active;
    auto decisions = policy.allocate({}, {&demand, 1}, {});
    ASSERT_EQ(decisions.size(), 1U);
    EXPECT_EQ(decisions[0].spatial, c.expected)
        << c.paused << " " << c.asked << " of " << c.count << " active " << int{c.active};
  }
}

class AudioLevel : public testing::Test {
 protected:
  /// `share` of the packets have the level, the others are silent.
  void hear(uint8_t level, Duration duration, double share = 1) {
    double due = 0;
    for (TimePoint end = now_ + duration; now_ < end; now_ += 20ms) {
      due += share;
      bool loud = due >= 1;
      if (loud) due -= 1;
      observer_.on_packet(now_, loud ? level : 127, 20ms);
    }
  }
  float level() { return observer_.level(now_); }

  AudioLevelObserver observer_;
  TimePoint now_{5s};
};

TEST_F(AudioLevel, SpeechIsHeardWithinASecondAndEnds) {
  EXPECT_EQ(level(), 0);
  hear(20, 1s);
  EXPECT_NEAR(level(), 0.09, 0.02);  // −20 dBov is 0.1
  hear(127, 1500ms);
  EXPECT_EQ(level(), 0);
}

TEST_F(AudioLevel, WhoBeginsIsHeardBeforeTheWindowEnds) {
  hear(127, 420ms);
  hear(20, 140ms);
  EXPECT_EQ(level(), 0) << "a click";
  hear(20, 20ms);
  EXPECT_GT(level(), 0);
}

TEST_F(AudioLevel, LouderIsMore) {
  hear(30, 2s);
  float quiet = level();
  hear(10, 2s);
  EXPECT_GT(level(), quiet * 5);
  EXPECT_LE(level(), 1);
}

TEST_F(AudioLevel, NoiseAndClicksAreNoSpeech) {
  hear(AudioLevelObserver::kActiveLevel + 1, 3s);
  EXPECT_EQ(level(), 0);
  hear(10, 3s, 0.2);
  EXPECT_EQ(level(), 0);
}

TEST_F(AudioLevel, NothingHeardIsSilence) {
  hear(10, 2s);
  EXPECT_GT(level(), 0);
  now_ += AudioLevelObserver::kExpiry + 1ms;
  EXPECT_EQ(level(), 0);
}

TEST_F(AudioLevel, DiscontinuousTransmissionIsSilence) {
  hear(10, 2s);
  for (int i = 0; i < 5; ++i, now_ += 400ms) observer_.on_packet(now_, 60, 400ms);
  EXPECT_EQ(level(), 0);
}

TEST_F(AudioLevel, AShortSoundAfterAPauseIsHeard) {
  hear(127, 400ms);
  now_ += 200ms;
  observer_.on_packet(now_, 20, 220ms);
  EXPECT_EQ(level(), 0) << "its window is not over";
  hear(127, 200ms);
  EXPECT_GT(level(), 0);
  hear(127, 2s);
  EXPECT_EQ(level(), 0);
  // However long the pause was, the sound does not outlast the window.
  now_ += 500ms;
  observer_.on_packet(now_, 20, 5s);
  EXPECT_NEAR(level(), 0.06, 0.01);
}

}  // namespace
}  // namespace turms::sfu
