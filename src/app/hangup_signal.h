#pragma once

#include <functional>
#include <memory>
#include <thread>

namespace turms::net {
class Loop;
}

namespace turms::app {

/// SIGHUP as a call on the loop's thread. Made before any other thread, which inherits that the
/// signal is blocked. The loop outlives it.
class HangupSignal {
 public:
  HangupSignal(net::Loop& loop, std::function<void()> function);
  ~HangupSignal();
  HangupSignal(const HangupSignal&) = delete;
  HangupSignal& operator=(const HangupSignal&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace turms::app
