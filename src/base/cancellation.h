#pragma once

#include <functional>
#include <utility>

namespace turms {

/// Tells one piece of work under way that nobody waits for its result any more. Both sides are on
/// one thread.
class Cancellation {
 public:
  /// Called once, at once when it was cancelled before. Null: nothing is to be stopped any more.
  void on_cancel(std::function<void()> stop) {
    if (cancelled_ && stop) return stop();
    stop_ = std::move(stop);
  }
  void cancel() {
    if (std::exchange(cancelled_, true)) return;
    if (auto stop = std::exchange(stop_, nullptr)) stop();
  }
  [[nodiscard]] bool cancelled() const { return cancelled_; }

 private:
  std::function<void()> stop_;
  bool cancelled_ = false;
};

}  // namespace turms
