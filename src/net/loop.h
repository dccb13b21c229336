#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/task.h"
#include "base/time.h"

namespace turms::net {

class LoopCore;

/// An event loop over epoll: sockets of this module, timers, and functions posted from any thread.
/// Everything it calls runs on the one thread that runs it, and everything of this module that
/// takes a Loop& must be used on that thread (or before it runs) unless a comment says otherwise.
///
/// One round of the loop is a turn: ready sockets, due timers, posted functions; then connections
/// flush what was queued in the turn, each with as few system calls as possible; then it sleeps.
class Loop {
 public:
  struct TimerId {
    uint64_t value = 0;  // 0: none
    explicit operator bool() const { return value != 0; }
  };

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Until stop(). May be called again afterwards.
  void run();
  /// Any thread. A stop() before run() makes the next run() return at once.
  void stop();
  /// Turns until `done` is true (asked once per turn) or the time is over; false then. For tests
  /// and for shutting down.
  bool run_until(const std::function<bool()>& done, Duration limit);

  /// Any thread. Runs in the next turn, in the order posted per thread. The queue is not bounded:
  /// whoever posts bounds what is under way.
  void post(std::function<void()> function);
  /// Any thread: functions waiting to run.
  [[nodiscard]] size_t posted() const;

  TimerId after(Duration delay, std::function<void()> function);
  /// Harmless when it has fired already.
  void cancel(TimerId id);

  [[nodiscard]] TimePoint now() const;
  [[nodiscard]] bool on_loop_thread() const;

  /// SIGTERM and SIGINT of the process call `function` on this loop instead of ending the process.
  /// At most one loop of a process, called before any other thread starts (the signals become
  /// blocked in threads started later).
  void on_termination_signal(std::function<void()> function);

  /// For src/net only.
  LoopCore& core() { return *core_; }

 private:
  std::unique_ptr<LoopCore> core_;
};

/// One timer that an object owns: cancelled when it is destroyed or started again.
class Timer {
 public:
  explicit Timer(Loop& loop) : loop_(loop) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  void start(Duration delay, std::function<void()> function);
  void cancel();
  [[nodiscard]] bool running() const { return static_cast<bool>(id_); }

 private:
  Loop& loop_;
  Loop::TimerId id_;
};

/// The coroutine goes on after the delay. Destroying it meanwhile is not allowed.
Task<void> sleep(Loop& loop, Duration delay);

}  // namespace turms::net
