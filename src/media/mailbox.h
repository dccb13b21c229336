#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

namespace turms::media {

/// A bounded queue from one or more threads to one. The reader pays a lock only when something is
/// there.
template <class T>
class Mailbox {
 public:
  static constexpr size_t kCapacity = 8192;

  /// Waits while it is full. True: the reader must be woken.
  bool push(T item) {
    std::unique_lock lock(mutex_);
    has_room_.wait(lock, [&] { return items_.size() < kCapacity || closed_; });
    if (closed_) return false;
    items_.push_back(std::move(item));
    return !pending_.exchange(true);
  }

  /// Replaces `out`, whose memory is reused.
  void take(std::vector<T>& out) {
    out.clear();
    if (!pending_.load(std::memory_order_acquire)) return;
    {
      const std::lock_guard lock(mutex_);
      pending_ = false;
      items_.swap(out);
    }
    has_room_.notify_all();
  }

  /// What is pushed from now on is dropped; nobody waits any more.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    has_room_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable has_room_;
  std::vector<T> items_;
  bool closed_ = false;
  std::atomic<bool> pending_{false};
};

}  // namespace turms::media
