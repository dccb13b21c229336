#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <utility>

#include "net/loop.h"

namespace turms::livekit_plugin {

/// Functions on their way from the host to the plugin's own thread, in order. Posted from any
/// thread. Bounds: what is asked (calls, HTTP requests with their bodies) is refused when
/// kMaxAsked wait; what is told (who was removed or muted) is not said again, and has room of its
/// own: kMaxTold.
class Mailbox {
 public:
  static constexpr size_t kMaxAsked = 1024;
  static constexpr size_t kMaxTold = 65536;

  explicit Mailbox(net::Loop& loop) : loop_(loop) {}

  /// False: too much waits.
  [[nodiscard]] bool ask(std::function<void()> function) {
    return post(asked_, kMaxAsked, std::move(function));
  }
  [[nodiscard]] bool tell(std::function<void()> function) {
    return post(told_, kMaxTold, std::move(function));
  }

 private:
  bool post(std::atomic<size_t>& waiting, size_t most, std::function<void()> function) {
    if (waiting.fetch_add(1) >= most) {
      waiting.fetch_sub(1);
      return false;
    }
    loop_.post([&waiting, function = std::move(function)] {
      waiting.fetch_sub(1);
      function();
    });
    return true;
  }

  net::Loop& loop_;
  std::atomic<size_t> asked_{0};
  std::atomic<size_t> told_{0};
};

}  // namespace turms::livekit_plugin
