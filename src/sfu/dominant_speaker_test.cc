#include "sfu/dominant_speaker.h"

#include <gtest/gtest.h>

#include <vector>

namespace turms::sfu {
namespace {

constexpr TrackId kAlice{1};
constexpr TrackId kBob{2};
constexpr uint8_t kLoud = 20;
constexpr uint8_t kQuiet = 90;

/// Levels every 20 ms, a decision every kInterval.
struct Trace {
  void run(Duration length, uint8_t alice, uint8_t bob) {
    for (TimePoint end = now + length; now < end;) {
      speakers.on_packet(now, kAlice, alice);
      speakers.on_packet(now, kBob, bob);
      now += 20ms;
      if (now - decided < DominantSpeaker::kInterval) continue;
      decided = now;
      if (speakers.update(now)) changes.push_back(now);
    }
  }
  DominantSpeaker speakers;
  TimePoint now{100s};
  TimePoint decided{100s};
  std::vector<TimePoint> changes;
};

TEST(DominantSpeaker, IsNobodyBeforeSomebodySpoke) {
  Trace trace;
  trace.run(3s, kQuiet, kQuiet);
  EXPECT_EQ(trace.speakers.dominant(), std::nullopt);
}

TEST(DominantSpeaker, IsKnownWithin300Milliseconds) {
  Trace trace;
  trace.run(1s, kQuiet, kQuiet);
  TimePoint spoke = trace.now;
  trace.run(2s, kLoud, kQuiet);
  ASSERT_EQ(trace.changes.size(), 1U);
  EXPECT_LE(trace.changes[0] - spoke, 300ms);
  EXPECT_EQ(trace.speakers.dominant(), kAlice);
}

TEST(DominantSpeaker, StaysWhileItIsSilentAndNobodyElseSpeaks) {
  Trace trace;
  trace.run(2s, kLoud, kQuiet);
  trace.run(10s, kQuiet, kQuiet);
  EXPECT_EQ(trace.speakers.dominant(), kAlice);
  EXPECT_EQ(trace.changes.size(), 1U);
}

TEST(DominantSpeaker, DoesNotChangeForACough) {
  Trace trace;
  trace.run(3s, kLoud, kQuiet);
  trace.run(60ms, kLoud, 5);
  trace.run(3s, kLoud, kQuiet);
  EXPECT_EQ(trace.changes.size(), 1U);
}

TEST(DominantSpeaker, DoesNotChangeWhileBothSpeak) {
  Trace trace;
  trace.run(3s, kLoud, kQuiet);
  trace.run(10s, kLoud, kLoud);
  EXPECT_EQ(trace.speakers.dominant(), kAlice);
  EXPECT_EQ(trace.changes.size(), 1U);
}

TEST(DominantSpeaker, ChangesWhenAnotherTakesTheFloor) {
  Trace trace;
  trace.run(3s, kLoud, kQuiet);
  trace.run(3s, kQuiet, kLoud);
  EXPECT_EQ(trace.speakers.dominant(), kBob);
  EXPECT_EQ(trace.changes.size(), 2U);
}

TEST(DominantSpeaker, ChangesWithin300MillisecondsWhereTwoAlternate) {
  Trace trace;
  trace.run(1s, kQuiet, kQuiet);
  for (int turn = 0; turn < 20; ++turn) {
    bool alice = turn % 2 == 0;
    size_t before = trace.changes.size();
    TimePoint began = trace.now;
    trace.run(1500ms, alice ? kLoud : kQuiet, alice ? kQuiet : kLoud);
    ASSERT_EQ(trace.changes.size(), before + 1) << turn;
    EXPECT_LE(trace.changes.back() - began, 300ms) << turn;
    EXPECT_EQ(trace.speakers.dominant(), alice ? kAlice : kBob);
  }
}

TEST(DominantSpeaker, ChangesWithin300MillisecondsWhereTheFirstStopsSending) {
  Trace trace;
  trace.run(3s, kLoud, kQuiet);
  TimePoint began = trace.now;
  while (trace.changes.size() < 2 && trace.now < began + 2s) {
    trace.speakers.on_packet(trace.now, kBob, kLoud);
    trace.now += 20ms;
    if (trace.now - trace.decided < DominantSpeaker::kInterval) continue;
    trace.decided = trace.now;
    if (trace.speakers.update(trace.now)) trace.changes.push_back(trace.now);
  }
  EXPECT_LE(trace.now - began, 300ms);
  EXPECT_EQ(trace.speakers.dominant(), kBob);
}

TEST(DominantSpeaker, DoesNotChangeForACoughInAPause) {
  Trace trace;
  for (int i = 0; i < 10; ++i) {
    trace.run(1s, kLoud, kQuiet);
    trace.run(200ms, kQuiet, kQuiet);
    trace.run(120ms, kQuiet, 5);
    trace.run(300ms, kQuiet, kQuiet);
  }
  EXPECT_EQ(trace.changes.size(), 1U);
  EXPECT_EQ(trace.speakers.dominant(), kAlice);
}

TEST(DominantSpeaker, DoesNotChangeForAWordWhileAnotherSpeaks) {
  Trace trace;
  trace.run(3s, kLoud, kQuiet);
  for (int i = 0; i < 10; ++i) {
    trace.run(400ms, kLoud, 15);
    trace.run(1s, kLoud, kQuiet);
  }
  EXPECT_EQ(trace.changes.size(), 1U);
}

TEST(DominantSpeaker, IsNoSteadyNoise) {
  constexpr uint8_t kFan = 42;
  Trace trace;
  trace.run(20s, kFan, kQuiet);
  EXPECT_EQ(trace.speakers.dominant(), std::nullopt);
  TimePoint spoke = trace.now;
  trace.run(1s, kFan, kLoud);
  ASSERT_EQ(trace.changes.size(), 1U);
  EXPECT_LE(trace.changes[0] - spoke, 300ms);
  // Speech above the noise is heard.
  trace.run(2s, kLoud, kQuiet);
  EXPECT_EQ(trace.speakers.dominant(), kAlice);
}

TEST(DominantSpeaker, IsForgottenWithItsTrack) {
  Trace trace;
  trace.run(2s, kLoud, kQuiet);
  trace.speakers.remove(kAlice);
  EXPECT_EQ(trace.speakers.dominant(), std::nullopt);
}

}  // namespace
}  // namespace turms::sfu
