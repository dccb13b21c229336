#include "base/timer_heap.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/random.h"

namespace turms {
namespace {

TimePoint at(int64_t ms) {
  return TimePoint(std::chrono::milliseconds(ms));
}

TEST(TimerHeap, TakesInOrderWhateverWasMovedOrCancelled) {
  Rng rng(1);
  TimerHeap heap;
  std::vector<std::unique_ptr<TimerNode>> nodes;
  for (int i = 0; i < 500; ++i) {
    nodes.push_back(std::make_unique<TimerNode>());
    heap.schedule(*nodes.back(), at(static_cast<int64_t>(rng.below(1000))));
  }
  for (auto& node : nodes) {
    if (rng.chance(0.3)) heap.schedule(*node, at(static_cast<int64_t>(rng.below(1000))));
    if (rng.chance(0.2)) heap.schedule(*node, kNever);
    if (rng.chance(0.2)) node.reset();
  }
  size_t left = 0;
  for (const auto& node : nodes) left += node && node->armed();
  TimePoint last = at(0);
  while (heap.next() != kNever) {
    const TimePoint due = heap.next();
    EXPECT_EQ(heap.take_due(due - 1ns), nullptr);
    TimerNode* node = heap.take_due(due);
    ASSERT_NE(node, nullptr);
    EXPECT_FALSE(node->armed());
    EXPECT_GE(due, last);
    last = due;
    --left;
  }
  EXPECT_EQ(left, 0u);
}

}  // namespace
}  // namespace turms
