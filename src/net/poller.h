#pragma once

#include <cstdint>
#include <span>

#include "base/time.h"

namespace turms::net {

/// epoll and an eventfd: waits for descriptors, for a time, or for wake() from another thread.
/// Shared by Loop and the media workers.
class Poller {
 public:
  struct Event {
    uint64_t tag = 0;
    bool readable = false;
    bool writable = false;
    bool hung_up = false;  // both directions are over, or an error: reported whatever was asked for
  };

  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Level triggered. The tag comes back in events; ~0 is taken. False when the kernel takes no
  /// more (fs.epoll.max_user_watches, memory).
  [[nodiscard]] bool try_add(int fd, uint64_t tag, bool readable, bool writable);
  /// Of what the program cannot start without: ends it when the kernel refuses.
  void add(int fd, uint64_t tag, bool readable, bool writable);
  void change(int fd, uint64_t tag, bool readable, bool writable);
  void remove(int fd);

  /// Events until the next call; empty when woken or the time came. `until` in the past: does not
  /// wait; kNever: as long as it takes.
  std::span<const Event> wait(TimePoint now, TimePoint until);

  /// Any thread: ends the current or next wait.
  void wake();

 private:
  static constexpr int kMaxEvents = 256;

  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  Event events_[kMaxEvents];
};

}  // namespace turms::net
