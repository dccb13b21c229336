#pragma once

#include <functional>
#include <memory>

#include "base/time.h"

namespace turms::plugin {

/// A thread on which a plugin may take its time, one call after the other. Owned and used by one
/// thread. Bound: kMaxWaiting calls wait; more are not taken.
class CallThread {
 public:
  static constexpr size_t kMaxWaiting = 1024;

  CallThread();
  /// As end(), without patience.
  ~CallThread();
  CallThread(const CallThread&) = delete;
  CallThread& operator=(const CallThread&) = delete;

  /// False: too many wait, or it has ended.
  bool run(std::function<void()> function);
  /// Drops what waits, and lets the call under way return. False: it did not within `patience`, and
  /// the thread is left to itself with what it is in.
  bool end(Duration patience);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace turms::plugin
