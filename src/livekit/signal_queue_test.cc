#include "livekit/signal_queue.h"

#include <gtest/gtest.h>

namespace turms::livekit {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1h};

int pop_all(SignalQueue& queue, TimePoint now) {
  int count = 0;
  while (queue.pop(now)) ++count;
  return count;
}

TEST(SignalQueue, MessagesComeInOrder) {
  SignalQueue queue(kStart);
  EXPECT_TRUE(queue.reading());
  EXPECT_EQ(queue.next(), kNever);
  EXPECT_TRUE(queue.push(kStart, true, as_bytes("one")));
  EXPECT_TRUE(queue.push(kStart, false, as_bytes("two")));
  EXPECT_FALSE(queue.reading());
  EXPECT_EQ(queue.next(), kStart);
  EXPECT_EQ(queue.pop(kStart)->data, "one");
  const auto second = queue.pop(kStart);
  EXPECT_EQ(second->data, "two");
  EXPECT_FALSE(second->binary);
  EXPECT_FALSE(queue.pop(kStart));
  EXPECT_TRUE(queue.reading());
}

TEST(SignalQueue, ABurstPassesAndAFloodIsSlowed) {
  SignalQueue queue(kStart);
  for (int i = 0; i < 2000; ++i) queue.push(kStart, true, as_bytes("x"));
  EXPECT_EQ(pop_all(queue, kStart), 500);
  EXPECT_GT(queue.next(), kStart);
  EXPECT_LE(queue.next(), kStart + 11ms);
  EXPECT_EQ(pop_all(queue, queue.next()), 1);
  EXPECT_EQ(pop_all(queue, kStart + 2s), 199);
  EXPECT_FALSE(queue.flooding(kStart + 2s));
}

TEST(SignalQueue, LargeMessagesAreSlowedByTheirSize) {
  SignalQueue queue(kStart);
  const std::string large(1024 * 1024, 'x');
  int passed = 0;
  for (int i = 0; i < 20; ++i) {
    queue.push(kStart, true, as_bytes(large));
    passed += pop_all(queue, kStart);
  }
  EXPECT_EQ(passed, 9) << "the last one on credit";
  EXPECT_GT(queue.next(), kStart + 1s);
}

TEST(SignalQueue, WhatWaitsIsBounded) {
  SignalQueue queue(kStart);
  const std::string large(SignalQueue::kMaxWaiting / 2, 'x');
  EXPECT_TRUE(queue.push(kStart, true, as_bytes(large)));
  EXPECT_TRUE(queue.push(kStart, true, as_bytes(large)));
  EXPECT_FALSE(queue.push(kStart, true, as_bytes("x")));
}

TEST(SignalQueue, WhoNeverPausesIsFlooding) {
  SignalQueue queue(kStart);
  TimePoint now = kStart;
  for (int i = 0; i < 1000; ++i) queue.push(now, true, as_bytes("x"));
  while (now < kStart + SignalQueue::kPatience - 1s) {
    EXPECT_FALSE(queue.flooding(now));
    const int passed = pop_all(queue, now);
    for (int i = 0; i < passed; ++i) queue.push(now, true, as_bytes("x"));
    now += 100ms;
  }
  now = kStart + SignalQueue::kPatience + 1s;
  EXPECT_TRUE(queue.flooding(now));
}

TEST(SignalQueue, APauseIsForgiven) {
  SignalQueue queue(kStart);
  for (int i = 0; i < 600; ++i) queue.push(kStart, true, as_bytes("x"));
  pop_all(queue, kStart);
  pop_all(queue, kStart + 10s);
  EXPECT_TRUE(queue.reading());
  EXPECT_FALSE(queue.flooding(kStart + 1h));
}

}  // namespace
}  // namespace turms::livekit
