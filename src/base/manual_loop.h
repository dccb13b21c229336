#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "base/task.h"

namespace turms {

/// Runs posted functions when told to, on the thread that tells it: a control loop for tests and
/// tools that have no sockets.
class ManualLoop {
 public:
  /// Any thread.
  void post(std::function<void()> function) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(function));
    wake_.notify_one();
  }

  /// Runs a task to its end, and whatever is posted meanwhile.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    spawn(store(std::move(task), result));
    run_until([&] { return result.has_value(); });
    return std::move(*result);
  }

  /// Waits for posted functions and runs them until `done`, asked after each.
  void run_until(const std::function<bool()>& done) {
    while (!done()) {
      std::function<void()> next;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return !waiting_.empty(); });
        next = std::move(waiting_.front());
        waiting_.pop_front();
      }
      next();
    }
  }

  /// Runs what is posted, and what that posts, without waiting for more.
  void run_posted() {
    while (true) {
      std::function<void()> next;
      {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty()) return;
        next = std::move(waiting_.front());
        waiting_.pop_front();
      }
      next();
    }
  }

 private:
  template <class T>
  static Task<void> store(Task<T> task, std::optional<T>& result) {
    result.emplace(co_await task);
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace turms
