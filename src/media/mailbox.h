#pragma once

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

namespace turms::media {

enum class Push : uint8_t {
  kTaken,
  kWake,  // taken, and the reader must be woken
  kFull,
};

/// A bounded queue from one or more threads to one. Writers never wait. The reader pays a lock only
/// when something is there.
template <class T>
class Mailbox {
 public:
  static constexpr size_t kCapacity = 64 * 1024;

  /// `always`: though it is full. Whoever says so bounds these by other means.
  [[nodiscard]] Push push(T item, bool always = false) {
    const std::lock_guard lock(mutex_);
    if (closed_) return Push::kTaken;  // nobody reads any more
    if (items_.size() >= kCapacity && !always) return Push::kFull;
    items_.push_back(std::move(item));
    return pending_.exchange(true) ? Push::kTaken : Push::kWake;
  }

  /// Replaces `out`, whose memory is reused, up to what is worth keeping.
  void take(std::vector<T>& out) {
    constexpr size_t kKept = 1024;
    if (out.capacity() > kKept) {
      std::vector<T>().swap(out);
    } else {
      out.clear();
    }
    if (!pending_.load(std::memory_order_acquire)) return;
    const std::lock_guard lock(mutex_);
    pending_ = false;
    items_.swap(out);
  }

  /// What is pushed from now on is dropped.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

 private:
  std::mutex mutex_;
  std::vector<T> items_;
  bool closed_ = false;
  std::atomic<bool> pending_{false};
};

}  // namespace turms::media
