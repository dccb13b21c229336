#pragma once

#include <cstdint>

#include "base/timer_heap.h"

namespace turms::sfu {

/// A deadline of a room, with what it is for and whom it belongs to.
class Timer : public TimerNode {
 public:
  enum class Kind : uint8_t {
    kNack,             // owner: ReceiveStream
    kKeyFrameRequest,  // owner: ReceiveStream
    kFeedback,         // owner: Transport
    kReceiverReport,   // owner: Transport
    kSenderReport,     // owner: Transport
    kPath,             // owner: Transport
    kActivity,         // owner: PublishedTrack
    kTick,             // the room
    kSpeakers,         // the room
    kParts,            // the room
  };

  Timer(Kind kind, void* owner) : owner_(owner), kind_(kind) {}

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] void* owner() const { return owner_; }

 private:
  void* owner_;
  Kind kind_;
};

/// The deadlines of one room.
class TimerHeap : public turms::TimerHeap {
 public:
  /// Takes one that is due, nullptr when none is.
  Timer* take_due(TimePoint now) { return static_cast<Timer*>(turms::TimerHeap::take_due(now)); }
};

}  // namespace turms::sfu
