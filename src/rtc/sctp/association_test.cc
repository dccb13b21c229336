#include "rtc/sctp/association.h"

#include <gtest/gtest.h>

#include "rtc/sctp/crc32c.h"
#include "rtc/sctp/sctp_testing.h"

namespace turms::rtc::sctp {
namespace {

using testing_world::NetworkConfig;
using testing_world::pattern;
using testing_world::text_of;
using testing_world::World;
using Kind = Association::Event::Kind;
using SendStatus = DataSendStatus;

AssociationConfig plain() {
  AssociationConfig config;
  config.interleaving = false;
  return config;
}

/// Both kinds of data chunks.
class AssociationTest : public ::testing::TestWithParam<bool> {
 protected:
  static AssociationConfig config() {
    AssociationConfig out;
    out.interleaving = GetParam();
    return out;
  }
};

INSTANTIATE_TEST_SUITE_P(Data, AssociationTest, ::testing::Values(false, true),
                         [](const auto& which) { return which.param ? "IData" : "Data"; });

TEST(Crc32cTest, KnownValuesAndBothWays) {
  Crc32c crc;
  crc.add(as_bytes("123456789"));
  EXPECT_EQ(crc.value(), 0xE3069283u);  // the check value of CRC-32/ISCSI
  for (size_t size = 0; size < 70; ++size) {
    const std::string text = pattern(size, 70).substr(0, size);
    Crc32c fast;
    Crc32c portable;
    fast.add(as_bytes(text).first(size / 3));
    fast.add(as_bytes(text).subspan(size / 3));
    portable.add_portable(as_bytes(text));
    EXPECT_EQ(fast.value(), portable.value());
  }
}

TEST_P(AssociationTest, ConnectsAndExchangesMessages) {
  World world({}, config(), config());
  ASSERT_TRUE(world.connect());
  EXPECT_TRUE(world.a().has(Kind::kConnected));
  EXPECT_TRUE(world.b().has(Kind::kConnected));
  EXPECT_EQ(world.a().association->interleaving(), GetParam());
  world.send(world.a(), 3, "hello", {}, 51);
  world.send(world.b(), 5, "back", {}, 53);
  ASSERT_TRUE(
      world.run(1s, [&] { return !world.a().messages.empty() && !world.b().messages.empty(); }));
  EXPECT_EQ(text_of(world.b().last()), "hello");
  EXPECT_EQ(world.b().last().stream, 3);
  EXPECT_EQ(world.b().last().ppid, 51u);
  EXPECT_EQ(text_of(world.a().last()), "back");
  EXPECT_EQ(world.a().last().ppid, 53u);
}

TEST(AssociationHandshakeTest, BothSidesMayStartAtOnce) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    World world({.seed = seed, .loss = 0.3, .duplication = 0.2, .jitter = 50ms});
    world.a().association->connect(world.now());
    world.run(Duration(std::chrono::milliseconds(seed % 40)));
    world.b().association->connect(world.now());
    world.send(world.a(), 0, "from a");
    world.send(world.b(), 1, "from b");
    ASSERT_TRUE(
        world.run(120s, [&] { return !world.a().messages.empty() && !world.b().messages.empty(); }))
        << "seed " << seed;
    EXPECT_EQ(text_of(world.a().last()), "from b");
    EXPECT_EQ(text_of(world.b().last()), "from a");
  }
}

TEST(AssociationHandshakeTest, InterleavingOnlyWhenBothOfferIt) {
  World world({}, plain(), {});
  ASSERT_TRUE(world.connect());
  EXPECT_FALSE(world.a().association->interleaving());
  EXPECT_FALSE(world.b().association->interleaving());
}

TEST_P(AssociationTest, ReliableMessagesArriveOnceAndInOrderOverABadNetwork) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    World world({.seed = seed, .loss = 0.1, .duplication = 0.05, .jitter = 30ms}, config(),
                config());
    ASSERT_TRUE(world.connect());
    constexpr size_t kCount = 200;
    for (size_t i = 0; i < kCount; ++i) {
      const uint16_t stream = i % 3;
      ASSERT_EQ(world.send(world.a(), stream, pattern(i, i % 7 == 0 ? 20'000 : 10 + i)),
                SendStatus::kQueued);
    }
    ASSERT_TRUE(world.run(300s, [&] { return world.b().messages.size() == kCount; }))
        << "seed " << seed << " got " << world.b().messages.size();
    world.run(10s);
    ASSERT_EQ(world.b().messages.size(), kCount);
    std::map<uint16_t, size_t> next{{0, 0}, {1, 1}, {2, 2}};
    for (const Message& message : world.b().messages) {
      size_t& number = next[message.stream];
      EXPECT_EQ(text_of(message), pattern(number, number % 7 == 0 ? 20'000 : 10 + number));
      number += 3;
    }
    EXPECT_EQ(world.a().association->next_timeout(), kNever) << "nothing is left to wait for";
  }
}

TEST_P(AssociationTest, UnorderedMessagesArriveOnceWhateverTheNetworkDoes) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    World world({.seed = seed, .loss = 0.1, .duplication = 0.1, .jitter = 60ms}, config(),
                config());
    ASSERT_TRUE(world.connect());
    std::multiset<std::string> sent;
    for (size_t i = 0; i < 100; ++i) {
      std::string text = pattern(i, i % 5 == 0 ? 9000 : 30);
      sent.insert(text);
      world.send(world.a(), 7, std::move(text), {.unordered = true});
    }
    ASSERT_TRUE(world.run(300s, [&] { return world.b().messages.size() == sent.size(); }));
    std::multiset<std::string> received;
    for (const Message& message : world.b().messages) received.insert(text_of(message));
    EXPECT_EQ(received, sent);
  }
}

TEST_P(AssociationTest, UnreliableMessagesAreGivenUpAndReliableOnesAreNot) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    World world({.seed = seed, .loss = 0.2, .jitter = 20ms}, config(), config());
    ASSERT_TRUE(world.connect());
    for (size_t i = 0; i < 200; ++i) {
      world.send(world.a(), 1, pattern(i, 100));
      world.send(world.a(), 2, pattern(i, i % 10 == 0 ? 5000 : 100),
                 {.unordered = true, .max_retransmits = 0});
      world.send(world.a(), 3, pattern(i, 100), {.lifetime = 40ms});
      world.run(10ms);
    }
    ASSERT_TRUE(world.run(300s,
                          [&] {
                            return std::count_if(
                                       world.b().messages.begin(), world.b().messages.end(),
                                       [](const Message& m) { return m.stream == 1; }) == 200;
                          }))
        << "seed " << seed;
    world.run(30s);
    std::map<uint16_t, size_t> counts;
    size_t last_ordered = 0;
    for (const Message& message : world.b().messages) {
      ++counts[message.stream];
      const size_t number = std::stoul(text_of(message));
      if (message.stream == 3 && counts[3] > 1) {
        EXPECT_GT(number, last_ordered) << "order holds across what was given up";
      }
      if (message.stream == 3) last_ordered = number;
    }
    EXPECT_EQ(counts[1], 200u);
    EXPECT_LT(counts[2], 195u);
    EXPECT_GT(counts[2], 100u);
    EXPECT_GT(counts[3], 30u);
    EXPECT_GT(world.a().association->statistics().abandoned, 0u);
    EXPECT_EQ(world.a().association->next_timeout(), kNever);
  }
}

TEST(AssociationSendTest, WhatIsLateIsDroppedBeforeItIsSent) {
  World world;
  ASSERT_TRUE(world.connect());
  world.tap = [](bool, Bytes&) { return false; };
  for (int i = 0; i < 100; ++i) {
    world.send(world.a(), 2, pattern(1, 1000), {.unordered = true, .lifetime = 50ms});
  }
  world.run(2s);
  world.tap = nullptr;
  world.send(world.a(), 1, "now");
  ASSERT_TRUE(world.run(60s, [&] { return !world.b().messages.empty(); }));
  EXPECT_EQ(text_of(world.b().last()), "now");
  EXPECT_GT(world.a().association->statistics().expired, 80u);
}

TEST(AssociationSendTest, QueuesAreBounded) {
  AssociationConfig config;
  config.max_reliable = 10'000;
  config.max_unreliable = 5'000;
  World world({}, config, {});
  ASSERT_TRUE(world.connect());
  world.tap = [](bool, Bytes&) { return false; };
  int queued = 0;
  while (world.send(world.a(), 1, pattern(1, 1000)) == SendStatus::kQueued && queued < 100) {
    ++queued;
    world.run(10ms);
  }
  EXPECT_EQ(queued, 10) << "what waits for its acknowledgement counts";
  int unreliable = 0;
  while (world.send(world.a(), 2, pattern(1, 1000), {.max_retransmits = 0}) ==
             SendStatus::kQueued &&
         unreliable < 100) {
    ++unreliable;
  }
  EXPECT_EQ(unreliable, 5);
  world.tap = nullptr;
  ASSERT_TRUE(world.run(60s, [&] { return world.b().messages.size() >= 10; }));
  world.run(5s);
  EXPECT_EQ(world.send(world.a(), 1, pattern(1, 1000)), SendStatus::kQueued);
}

TEST_P(AssociationTest, OneLongMessageDoesNotHoldUpOtherStreamsWhenInterleaved) {
  World world({.bytes_per_s = 100'000, .queue = 10s}, config(), config());
  ASSERT_TRUE(world.connect());
  world.send(world.a(), 1, pattern(1, 100'000));
  world.send(world.a(), 2, "short");
  ASSERT_TRUE(world.run(30s, [&] { return world.b().messages.size() == 2; }));
  EXPECT_EQ(text_of(world.b().messages[0]) == "short", GetParam());
}

TEST_P(AssociationTest, FillsABottleneck) {
  World world({.bytes_per_s = 1'000'000, .queue = 60ms}, config(), config());
  ASSERT_TRUE(world.connect());
  size_t queued = 0;
  const TimePoint start = world.now();
  while (world.now() - start < 10s) {
    while (world.send(world.a(), 1, pattern(1, 10'000)) == SendStatus::kQueued) ++queued;
    world.run(10ms);
  }
  const size_t bytes = world.b().messages.size() * 10'000;
  EXPECT_GT(bytes, 8'000'000u) << "of 10 MB that the link carries";
}

/// More than halves of what is sent is still useful at five per cent of loss.
TEST_P(AssociationTest, KeepsGoingAtFivePercentLoss) {
  World world({.loss = 0.05, .delay = 10ms}, config(), config());
  ASSERT_TRUE(world.connect());
  const TimePoint start = world.now();
  while (world.now() - start < 30s) {
    while (world.send(world.a(), 1, pattern(1, 10'000)) == SendStatus::kQueued) {
    }
    world.run(10ms);
  }
  const double rate = static_cast<double>(world.b().messages.size()) * 10'000 / 30;
  EXPECT_GT(rate, 150'000) << "bytes per second, at a round trip of 20 ms";
}

TEST_P(AssociationTest, StreamsAreResetAndUsedAgain) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    World world({.seed = seed, .loss = 0.2, .jitter = 40ms}, config(), config());
    ASSERT_TRUE(world.connect());
    for (int round = 0; round < 3; ++round) {
      world.b().messages.clear();
      world.a().events.clear();
      world.b().events.clear();
      for (size_t i = 0; i < 20; ++i) world.send(world.a(), 4, pattern(i, 300));
      world.a().association->reset_stream(world.now(), 4);
      ASSERT_TRUE(world.run(120s,
                            [&] {
                              return world.a().has(Kind::kStreamReset) &&
                                     world.b().has(Kind::kRemoteStreamReset);
                            }))
          << "seed " << seed;
      EXPECT_EQ(world.b().messages.size(), 20u) << "what was sent before it arrives";
    }
  }
}

TEST(AssociationEndTest, AbortIsToldWithItsEnd) {
  World world;
  ASSERT_TRUE(world.connect());
  world.a().association->abort(world.now(), "enough");
  ASSERT_TRUE(world.run(1s, [&] { return world.b().has(Kind::kClosed); }));
  EXPECT_TRUE(world.a().association->closed());
  EXPECT_EQ(world.send(world.b(), 1, "late"), SendStatus::kClosed);
  EXPECT_EQ(world.b().association->next_timeout(), kNever);
}

TEST(AssociationReceiveTest, ForeignAndBrokenPacketsAreDropped) {
  World world;
  ASSERT_TRUE(world.connect());
  Bytes packet;
  world.tap = [&](bool to_b, Bytes& arriving) {
    if (to_b) packet = arriving;
    return true;
  };
  world.send(world.a(), 1, "text");
  world.run(1s);
  ASSERT_FALSE(packet.empty());
  Association& b = *world.b().association;
  EXPECT_TRUE(b.receive(world.now(), packet)) << "a repetition is acknowledged";
  Bytes damaged = packet;
  damaged[20] ^= 1;
  EXPECT_FALSE(b.receive(world.now(), damaged)) << "checksum";
  Bytes foreign = packet;
  finish_packet(foreign, {5000, 5000, load_be32(&packet[4]) + 1});
  EXPECT_FALSE(b.receive(world.now(), foreign)) << "verification tag";
  finish_packet(foreign, {5001, 5000, load_be32(&packet[4])});
  EXPECT_FALSE(b.receive(world.now(), foreign)) << "port";
  EXPECT_FALSE(b.receive(world.now(), {}));
  EXPECT_EQ(world.b().messages.size(), 1u);
}

TEST(AssociationReceiveTest, AMessageBeyondTheLimitEndsTheAssociation) {
  AssociationConfig small;
  small.max_message = 10'000;
  World world({}, {}, small);
  ASSERT_TRUE(world.connect());
  world.send(world.a(), 1, pattern(1, 10'000));
  world.send(world.a(), 1, pattern(2, 10'001));
  ASSERT_TRUE(world.run(10s, [&] { return world.a().has(Kind::kClosed); }));
  EXPECT_EQ(world.b().messages.size(), 1u);
}

TEST(OutstandingTest, WhatAReceiverTakesBackIsSentAgain) {
  Outstanding outstanding(1, 100'000, 1000, true);
  TimePoint now(1s);
  for (int i = 0; i < 3; ++i) {
    Chunk chunk;
    chunk.payload = SharedBytes::of(std::string(100, 'x'));
    chunk.size = 100;
    chunk.begin = chunk.end = true;
    outstanding.add(now, std::move(chunk));
  }
  // TSN 2 and 3 are there, 1 is not; then 1 is, and 2 is not any more.
  const std::array<uint8_t, 4> gap{0, 2, 0, 3};
  ASSERT_TRUE(outstanding.handle_sack(now, {.cumulative = 0, .window = 100'000, .gaps = gap}));
  ASSERT_TRUE(outstanding.handle_sack(now, {.cumulative = 1, .window = 100'000, .gaps = {}}));
  const auto again = outstanding.retransmit(now, 1000);
  ASSERT_TRUE(again);
  EXPECT_EQ(static_cast<uint32_t>(again->tsn), 2u);
  EXPECT_EQ(again->chunk->data().size(), 100u);
  EXPECT_FALSE(outstanding.handle_sack(now, {.cumulative = 9, .window = 0, .gaps = {}}))
      << "never sent";
}

TEST(OutstandingTest, ALossLeavesMostOfTheWindow) {
  Outstanding outstanding(1, 100'000, 1000, true);
  TimePoint now(1s);
  for (int i = 0; i < 6; ++i) {
    Chunk chunk;
    chunk.payload = SharedBytes::of(std::string(1000, 'x'));
    chunk.size = 1000;
    chunk.begin = chunk.end = true;
    outstanding.add(now, std::move(chunk));
  }
  ASSERT_EQ(outstanding.window(), 10'000u);
  // All but the first arrive; the third word of that says it is lost.
  for (uint8_t last = 2; last <= 6; ++last) {
    const std::array<uint8_t, 4> gap{0, 2, 0, last};
    ASSERT_TRUE(outstanding.handle_sack(now, {.cumulative = 0, .window = 100'000, .gaps = gap}));
  }
  EXPECT_EQ(outstanding.window(), 7'000u) << "once, for all that is lost of one window";
  const auto again = outstanding.retransmit(now, 1000);
  ASSERT_TRUE(again);
  EXPECT_EQ(static_cast<uint32_t>(again->tsn), 1u);
}

/// Its first fragment arrives, the acknowledgement does not, and the rest is never sent.
TEST_P(AssociationTest, AMessageGivenUpHalfSentHoldsNothingUp) {
  World world({}, config(), config());
  ASSERT_TRUE(world.connect());
  world.tap = [&](bool to_b, Bytes&) { return to_b; };
  world.send(world.a(), 1, pattern(0, 60'000), {.max_retransmits = 0});
  world.send(world.a(), 1, "next");
  world.run(400ms);
  world.tap = nullptr;
  ASSERT_TRUE(world.run(30s, [&] { return !world.b().messages.empty(); }));
  EXPECT_EQ(text_of(world.b().last()), "next");
}

TEST(ReceiveTrackerTest, RangesStayWithinTheirBound) {
  ReceiveTracker tracker(1);
  const uint64_t base = tracker.cumulative();
  using Verdict = ReceiveTracker::Verdict;
  for (uint64_t i = 0; i < ReceiveTracker::kMaxRanges; ++i) {
    EXPECT_EQ(tracker.add(base + 2 + 2 * i), Verdict::kNew);
  }
  EXPECT_EQ(tracker.add(base + 1000), Verdict::kTooFar);
  EXPECT_EQ(tracker.add(base + 3), Verdict::kNew) << "joins two ranges";
  EXPECT_EQ(tracker.add(base + 3), Verdict::kDuplicate);
  EXPECT_EQ(tracker.add(base + 1000), Verdict::kNew);
  EXPECT_EQ(tracker.add(base + 1), Verdict::kNew);
  EXPECT_EQ(tracker.cumulative(), base + 4);
  EXPECT_EQ(tracker.add(base + 70'000), Verdict::kTooFar);
  EXPECT_TRUE(tracker.skip_to(base + 999));
  EXPECT_EQ(tracker.cumulative(), base + 1000);
  EXPECT_FALSE(tracker.has_gaps());
}

}  // namespace
}  // namespace turms::rtc::sctp
