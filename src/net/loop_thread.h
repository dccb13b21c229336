#pragma once

#include <string>
#include <thread>

#include "net/loop.h"

namespace turms::net {

/// A loop with a thread of its own. What lives on the loop is made before start() or by functions
/// posted to it, and destroyed by such, or after stop().
class LoopThread {
 public:
  /// `name`: at most 15 bytes, what tools show for the thread.
  explicit LoopThread(std::string name) : name_(std::move(name)) {}
  ~LoopThread() { stop(); }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  Loop& loop() { return loop_; }

  void start();
  /// Waits for the turn under way; what is still posted does not run. Harmless when not started.
  void stop();

 private:
  std::string name_;
  Loop loop_;
  std::thread thread_;
};

}  // namespace turms::net
