#include "sfu/audio_selector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace turms::sfu {
namespace {

constexpr uint8_t kLoud = 20;
constexpr uint8_t kSilent = 100;

template <size_t kCount>
struct Microphones {
  explicit Microphones(size_t selected) : selector(selected) { levels.fill(kSilent); }
  /// 20 ms: one packet of each.
  void turn() {
    for (size_t i = 0; i < kCount; ++i) heard[i] = selector.on_packet(now, mics[i], levels[i]);
    now += 20ms;
  }
  void run(Duration length) {
    for (TimePoint end = now + length; now < end;) turn();
  }
  [[nodiscard]] size_t count() const {
    return static_cast<size_t>(std::count(heard.begin(), heard.end(), true));
  }
  AudioSelector selector;
  std::array<Microphone, kCount> mics;
  std::array<uint8_t, kCount> levels{};
  std::array<bool, kCount> heard{};
  TimePoint now{100s};
};

TEST(AudioSelector, LosesNothingWithNoMoreMicrophonesThanPlaces) {
  Microphones<3> m(3);
  for (int i = 0; i < 200; ++i) {
    m.turn();
    EXPECT_EQ(m.count(), 3U);
  }
}

TEST(AudioSelector, SendsAllWhenItIsOff) {
  Microphones<20> m(0);
  m.run(1s);
  EXPECT_EQ(m.count(), 20U);
}

TEST(AudioSelector, AdmitsWhoeverSpeaksAtTheSecondPacket) {
  Microphones<50> m(3);
  m.run(2s);
  EXPECT_FALSE(m.heard[40]);
  m.levels[40] = kLoud;
  m.turn();
  EXPECT_FALSE(m.heard[40]);
  m.turn();
  EXPECT_TRUE(m.heard[40]);
  m.turn();
  EXPECT_EQ(m.count(), 1U) << "of many, the silent cost nothing";
}

TEST(AudioSelector, SendsTheSilentAgainWhenThereAreFewMicrophones) {
  Microphones<4> m(3);
  m.run(3s);
  EXPECT_EQ(m.count(), 0U);
  m.selector.remove(m.mics[3]);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(m.selector.on_packet(m.now, m.mics[i], kSilent)) << i;
  }
}

TEST(AudioSelector, SendsAtMostSoManyWhoSpeakAtOnce) {
  Microphones<20> m(3);
  m.levels.fill(kLoud);
  for (int i = 0; i < 200; ++i) {
    m.turn();
    if (i > 100) {
      EXPECT_EQ(m.count(), 3U);
    }
  }
}

TEST(AudioSelector, KeepsWhoeverHasTheFloorAlthoughOthersAreLouder) {
  Microphones<3> m(2);
  m.levels = {30, 30, kSilent};
  m.run(3s);
  m.mics[0].dominant = true;
  m.levels[2] = 10;
  m.run(1s);
  EXPECT_TRUE(m.heard[0]);
  EXPECT_FALSE(m.heard[1]);
  EXPECT_TRUE(m.heard[2]);
}

TEST(AudioSelector, TakesThePlaceOfOneThatStoppedSending) {
  Microphones<3> m(1);
  m.levels[0] = kLoud;
  m.run(3s);
  // Not a packet more of the first one.
  bool heard = false;
  for (TimePoint end = m.now + 2s; m.now < end && !heard; m.now += 20ms) {
    heard = m.selector.on_packet(m.now, m.mics[1], kLoud);
  }
  EXPECT_TRUE(heard);
}

TEST(AudioSelector, KeepsAPauseOfSpeech) {
  Microphones<5> m(1);
  m.levels[0] = kLoud;
  m.run(3s);
  m.levels[0] = kSilent;
  m.run(1s);
  m.levels[1] = kLoud;
  m.run(400ms);
  EXPECT_TRUE(m.heard[0]);
  m.run(300ms);
  EXPECT_FALSE(m.heard[0]);
  EXPECT_TRUE(m.heard[1]);
}

TEST(AudioSelector, TakesTheLouderOfTwoWhoGoOn) {
  Microphones<2> m(1);
  m.levels = {40, kSilent};
  m.run(3s);
  m.levels[1] = 38;  // hardly louder
  m.run(3s);
  EXPECT_TRUE(m.heard[0]);
  m.levels[1] = 25;
  m.run(200ms);
  EXPECT_TRUE(m.heard[1]);
  EXPECT_FALSE(m.heard[0]);
}

TEST(AudioSelector, SendsWhatIsAlwaysSentBesidesTheOthers) {
  Microphones<5> m(2);
  m.mics[4].always = true;
  m.levels = {kLoud, kLoud, kLoud, kSilent, kSilent};
  m.run(1s);
  EXPECT_TRUE(m.heard[4]);
  EXPECT_EQ(m.count(), 3U);
}

TEST(AudioSelector, FreesThePlaceOfOneThatWent) {
  Microphones<2> m(1);
  m.run(100ms);
  EXPECT_FALSE(m.heard[1]);
  m.selector.remove(m.mics[0]);
  EXPECT_TRUE(m.selector.on_packet(m.now, m.mics[1], kSilent));
}

}  // namespace
}  // namespace turms::sfu
