#include "livekit/connection_quality.h"

#include <gtest/gtest.h>

namespace turms::livekit {
namespace {

using namespace std::chrono_literals;

/// Feeds windows of one stream.
struct Stream {
  ConnectionScore& score;
  uint64_t id = 1;
  bool video = false;
  StreamReport totals;

  bool window(uint64_t packets, uint64_t lost = 0, Duration round_trip = 0ms,
              Duration jitter = 0ms) {
    totals.packets += packets;
    totals.packets_lost += lost;
    totals.round_trip = round_trip;
    totals.jitter = jitter;
    totals.video = video;
    score.report(id, totals);
    return score.close_window([](uint64_t) { return true; });
  }
};

TEST(ConnectionScore, WhatFlowsIsExcellentAndToldOnce) {
  ConnectionScore score;
  Stream stream{score};
  EXPECT_FALSE(score.told());
  EXPECT_TRUE(stream.window(250));
  EXPECT_EQ(score.level(), ConnectionQuality::kExcellent);
  EXPECT_NEAR(score.mos(), 4.5, 0.001);
  EXPECT_FALSE(stream.window(250));
  EXPECT_TRUE(score.told());
}

TEST(ConnectionScore, LossIsFeltAtOnceAndForgivenSlowly) {
  ConnectionScore score;
  Stream stream{score};
  stream.window(250);
  EXPECT_TRUE(stream.window(235, 15));  // six per cent
  EXPECT_EQ(score.level(), ConnectionQuality::kGood);
  EXPECT_TRUE(stream.window(180, 70));
  EXPECT_EQ(score.level(), ConnectionQuality::kPoor);
  int windows = 0;
  while (score.level() != ConnectionQuality::kExcellent && windows < 20) {
    stream.window(250);
    ++windows;
  }
  EXPECT_GE(windows, 2);
  EXPECT_LE(windows, 6);
}

TEST(ConnectionScore, LossWeighsMoreOnPictures) {
  ConnectionScore voice;
  Stream{.score = voice}.window(973, 27);
  ConnectionScore picture;
  Stream{.score = picture, .video = true}.window(973, 27);
  EXPECT_EQ(voice.level(), ConnectionQuality::kExcellent);
  EXPECT_EQ(picture.level(), ConnectionQuality::kGood);
}

TEST(ConnectionScore, LongDelayHurts) {
  ConnectionScore score;
  Stream stream{score};
  stream.window(250, 0, 100ms);
  EXPECT_EQ(score.level(), ConnectionQuality::kExcellent);
  for (int i = 0; i < 5; ++i) stream.window(250, 0, 900ms);
  EXPECT_EQ(score.level(), ConnectionQuality::kGood);
  for (int i = 0; i < 5; ++i) stream.window(250, 0, 400ms, 450ms);
  EXPECT_EQ(score.level(), ConnectionQuality::kPoor);
}

TEST(ConnectionScore, AStreamThatBringsNothingIsPoorAndNeverLost) {
  ConnectionScore score;
  Stream stream{score};
  stream.window(250);
  EXPECT_TRUE(stream.window(0));
  EXPECT_EQ(score.level(), ConnectionQuality::kPoor);
  for (int i = 0; i < 10; ++i) stream.window(0);
  EXPECT_EQ(score.level(), ConnectionQuality::kPoor);
  // Muted, or nobody watches it.
  EXPECT_TRUE(score.close_window([](uint64_t) { return false; }));
  EXPECT_EQ(score.level(), ConnectionQuality::kExcellent);
}

TEST(ConnectionScore, ASilentTransportIsLost) {
  ConnectionScore score;
  Stream stream{score};
  stream.window(250);
  score.set_silent(true);
  EXPECT_TRUE(stream.window(250));
  EXPECT_EQ(score.level(), ConnectionQuality::kLost);
  score.set_silent(false);
  EXPECT_TRUE(stream.window(250));
  EXPECT_EQ(score.level(), ConnectionQuality::kExcellent);
}

TEST(ConnectionScore, TheWorstStreamCounts) {
  ConnectionScore score;
  for (uint64_t i = 1; i < 5; ++i) {
    score.report(1, {.packets = 250 * i, .packets_lost = 0});
    score.report(2, {.packets = 150 * i, .packets_lost = 100 * i});
    score.close_window([](uint64_t) { return true; });
  }
  EXPECT_EQ(score.level(), ConnectionQuality::kPoor);
  score.remove(2);
  EXPECT_EQ(score.level(), ConnectionQuality::kExcellent);
}

TEST(ConnectionScore, CountsThatStartAnewAreNoLoss) {
  ConnectionScore score;
  Stream stream{score};
  stream.window(10'000, 500);
  score.report(1, {.packets = 100, .packets_lost = 0});
  score.close_window([](uint64_t) { return true; });
  EXPECT_NE(score.level(), ConnectionQuality::kLost);
}

/// Looks in between, a second each.
struct Looks {
  ConnectionScore score;
  StreamReport totals;
  PathReport path;

  Looks() { close(); }
  void close() {
    score.close_window([](uint64_t) { return true; });
  }
  bool second(uint64_t packets, uint64_t lost = 0) {
    totals.packets += packets;
    totals.packets_lost += lost;
    score.report(1, totals);
    score.report_path(path);
    return score.look();
  }
};

TEST(ConnectionScore, TroubleIsToldBeforeTheWindowEnds) {
  Looks looks;
  EXPECT_FALSE(looks.second(100));
  EXPECT_FALSE(looks.second(100));
  EXPECT_FALSE(looks.second(93, 7)) << "it may be chance";
  EXPECT_TRUE(looks.second(93, 7));
  EXPECT_EQ(looks.score.level(), ConnectionQuality::kGood);
  EXPECT_FALSE(looks.second(100)) << "told once";
  EXPECT_FALSE(looks.second(100));
  EXPECT_EQ(looks.score.level(), ConnectionQuality::kGood) << "better waits for the window";
}

TEST(ConnectionScore, OneBadSecondIsNotTold) {
  Looks looks;
  looks.second(100);
  EXPECT_FALSE(looks.second(95, 5));
  EXPECT_FALSE(looks.second(100));
  EXPECT_FALSE(looks.second(100));
}

TEST(ConnectionScore, AGrowingDelayIsTold) {
  Looks looks;
  looks.second(100);
  looks.totals.queue = 400ms;
  looks.second(100);
  EXPECT_TRUE(looks.second(100));
  EXPECT_EQ(looks.score.level(), ConnectionQuality::kGood);
}

TEST(ConnectionScore, LayersThatAreMissingAreToldAtOnce) {
  Looks looks;
  looks.second(100);
  looks.score.set_missing_layers(1, 1);
  EXPECT_TRUE(looks.second(100));
  EXPECT_EQ(looks.score.level(), ConnectionQuality::kGood);
  looks.close();
  looks.score.set_missing_layers(1, 2);
  EXPECT_TRUE(looks.second(100));
  EXPECT_EQ(looks.score.level(), ConnectionQuality::kPoor);
  looks.score.set_missing_layers(1, 0);
  int windows = 0;
  for (; looks.score.level() != ConnectionQuality::kExcellent && windows < 10; ++windows) {
    looks.second(100);
    looks.close();
  }
  EXPECT_LE(windows, 4);
}

TEST(ConnectionScore, APathThatCarriesAThirdOfWhatIsWantedIsGood) {
  Looks looks;
  looks.path = {.wanted_bps = 2'000'000, .allocated_bps = 1'000'000, .queue = {}, .loss = 0};
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(looks.second(100)) << "half of it is fine";
  looks.path.allocated_bps = 500'000;
  looks.second(100);
  EXPECT_TRUE(looks.second(100));
  EXPECT_EQ(looks.score.level(), ConnectionQuality::kGood);
  // Nobody sends anything any more: nothing is wrong.
  for (int i = 0; i < 10; ++i) looks.score.look();
  for (int i = 0; i < 4; ++i) looks.score.close_window([](uint64_t) { return false; });
  EXPECT_EQ(looks.score.level(), ConnectionQuality::kExcellent);
}

TEST(ConnectionScore, ReceivedVideoCountsTogether) {
  Looks looks;
  looks.totals.video = true;
  looks.totals.layers_below = 1;
  // One of nine tiles is a size below what was asked for.
  const auto others = [&](int below) {
    static uint64_t packets = 0;
    packets += 50;
    for (uint64_t id = 2; id < 10; ++id) {
      looks.score.report(id, {.packets = packets, .video = true, .layers_below = below});
    }
  };
  for (int i = 0; i < 5; ++i) {
    others(0);
    EXPECT_FALSE(looks.second(100));
  }
  others(1);
  looks.second(100);
  others(1);
  EXPECT_TRUE(looks.second(100)) << "all are";
  EXPECT_EQ(looks.score.level(), ConnectionQuality::kGood);
}

TEST(ConnectionScore, PausedVideoIsPoor) {
  Looks looks;
  looks.score.set_paused(1, true);
  looks.second(0);
  EXPECT_TRUE(looks.second(0));
  for (int i = 0; i < 3; ++i) looks.second(0);
  looks.close();
  EXPECT_EQ(looks.score.level(), ConnectionQuality::kPoor);
  // Its client hides it.
  looks.score.set_paused(1, false);
  for (int i = 0; i < 5; ++i) looks.close();
  EXPECT_EQ(looks.score.level(), ConnectionQuality::kExcellent);
}

}  // namespace
}  // namespace turms::livekit
