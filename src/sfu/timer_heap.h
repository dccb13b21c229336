#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace turms::sfu {

class TimerHeap;

/// One deadline, embedded in what it belongs to. Cancels itself when destroyed; must not outlive
/// its heap while set.
class Timer {
 public:
  enum class Kind : uint8_t {
    kNack,             // owner: ReceiveStream
    kKeyFrameRequest,  // owner: ReceiveStream
    kFeedback,         // owner: Transport
    kReceiverReport,   // owner: Transport
    kSenderReport,     // owner: Transport
    kTick,             // the room
    kSpeakers,         // the room
  };

  Timer(Kind kind, void* owner) : owner_(owner), kind_(kind) {}
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] void* owner() const { return owner_; }
  [[nodiscard]] bool armed() const { return heap_ != nullptr; }

 private:
  friend class TimerHeap;

  TimerHeap* heap_ = nullptr;  // while set
  void* owner_;
  TimePoint due_ = kNever;
  uint32_t position_ = 0;
  Kind kind_;
};

/// The deadlines of one room, soonest first: setting and taking cost log n, looking costs nothing.
class TimerHeap {
 public:
  TimerHeap() = default;
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;

  /// Sets or moves. kNever cancels.
  void schedule(Timer& timer, TimePoint due);
  void cancel(Timer& timer);
  [[nodiscard]] TimePoint next() const { return heap_.empty() ? kNever : heap_.front()->due_; }
  /// Takes one that is due, nullptr when none is.
  Timer* take_due(TimePoint now);

 private:
  void place(size_t position, Timer* timer);
  void sift_up(size_t position);
  void sift_down(size_t position);

  std::vector<Timer*> heap_;
};

}  // namespace turms::sfu
