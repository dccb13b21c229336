#pragma once

#include <functional>

#include "net/loop.h"

namespace turms::net {

/// A deadline that is moved often and reached seldom: moving it later touches no timer.
class Deadline {
 public:
  Deadline(Loop& loop, std::function<void()> reached)
      : loop_(loop), timer_(loop), reached_(std::move(reached)) {}

  void set(Duration from_now) {
    at_ = loop_.now() + from_now;
    if (!timer_.running() || armed_for_ > at_) arm(from_now);
  }
  void clear() { at_ = kNever; }
  void stop() {
    at_ = kNever;
    timer_.cancel();
  }

 private:
  void arm(Duration delay) {
    armed_for_ = loop_.now() + delay;
    timer_.start(delay, [this] { fired(); });
  }
  void fired() {
    if (at_ == kNever) return;
    const TimePoint now = loop_.now();
    if (now < at_) return arm(at_ - now);
    at_ = kNever;
    reached_();
  }

  Loop& loop_;
  Timer timer_;
  std::function<void()> reached_;
  TimePoint at_ = kNever;
  TimePoint armed_for_ = kNever;
};

}  // namespace turms::net
