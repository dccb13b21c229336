#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace turms {

class TimerHeap;

/// One deadline, embedded in (or base of) what it belongs to. Cancels itself when destroyed; must
/// not outlive its heap while set.
class TimerNode {
 public:
  TimerNode() = default;
  ~TimerNode();
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;

  [[nodiscard]] bool armed() const { return heap_ != nullptr; }
  /// kNever when not armed.
  [[nodiscard]] TimePoint due() const { return due_; }

 private:
  friend class TimerHeap;

  TimerHeap* heap_ = nullptr;  // while set
  TimePoint due_ = kNever;
  uint32_t position_ = 0;
};

/// The deadlines of one thread or one room, soonest first: setting and taking cost log n, looking
/// costs nothing.
class TimerHeap {
 public:
  TimerHeap() = default;
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;

  /// Sets or moves. kNever cancels.
  void schedule(TimerNode& timer, TimePoint due);
  void cancel(TimerNode& timer);
  [[nodiscard]] TimePoint next() const { return heap_.empty() ? kNever : heap_.front()->due_; }
  /// Takes one that is due, nullptr when none is.
  TimerNode* take_due(TimePoint now);

 private:
  void place(size_t position, TimerNode* timer);
  void sift_up(size_t position);
  void sift_down(size_t position);

  std::vector<TimerNode*> heap_;
};

}  // namespace turms
