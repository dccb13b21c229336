#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "net/loop.h"
#include "net/poller.h"

namespace turms::net {

/// Something with a descriptor in the loop.
class FdHandler {
 public:
  virtual ~FdHandler() = default;
  virtual void on_ready(const Poller::Event& event) = 0;
};

/// Something that writes at the end of the turn.
class Flushable {
 public:
  virtual ~Flushable() = default;
  virtual void flush() = 0;
};

/// What the other files of src/net see of a loop.
class LoopCore {
 public:
  /// A registration of a descriptor; an event that is still in the batch when the registration ends
  /// goes nowhere.
  struct Watch {
    int fd = -1;
    uint64_t tag = 0;
  };

  /// Null when the kernel takes no more descriptors to watch: the caller closes this one.
  [[nodiscard]] std::optional<Watch> try_watch(int fd, FdHandler* handler, bool readable,
                                               bool writable);
  /// Of what the program cannot start without: ends it when the kernel refuses.
  Watch watch(int fd, FdHandler* handler, bool readable, bool writable);
  void change(const Watch& watch, bool readable, bool writable);
  void unwatch(const Watch& watch);

  /// Once per turn and object: the caller keeps a flag.
  void flush_at_end_of_turn(std::shared_ptr<Flushable> object) {
    dirty_.push_back(std::move(object));
  }

  /// Where sockets read into; what is in it lasts until the next read.
  MutableByteView scratch() { return scratch_; }

  /// Where streams decrypt to; as scratch().
  Bytes& plain_scratch() { return plain_scratch_; }

  /// An empty buffer, mostly one with memory from an earlier use, so that queueing a message for
  /// a connection that takes it at once allocates nothing.
  Bytes take_buffer() {
    if (spare_buffers_.empty()) return {};
    Bytes buffer = std::move(spare_buffers_.back());
    spare_buffers_.pop_back();
    return buffer;
  }
  void give_back_buffer(Bytes buffer) {
    if (buffer.capacity() == 0 || buffer.capacity() > kMaxSpareCapacity ||
        spare_buffers_.size() >= kMaxSpareBuffers) {
      return;
    }
    buffer.clear();
    spare_buffers_.push_back(std::move(buffer));
  }

 private:
  friend class Loop;

  struct Slot {
    FdHandler* handler = nullptr;
    uint32_t generation = 0;
  };
  struct HeapEntry {
    TimePoint at;
    uint64_t id;
    /// std::push_heap keeps the greatest in front: the soonest, and of equal ones the oldest.
    bool operator<(const HeapEntry& other) const {
      return at != other.at ? at > other.at : id > other.id;
    }
  };

  static constexpr size_t kMaxSpareBuffers = 256;
  static constexpr size_t kMaxSpareCapacity = 16 * 1024;

  void turn(TimePoint limit);
  void run_timers();
  void run_posted();
  void flush_dirty();
  [[nodiscard]] TimePoint next_timer();
  void compact_timers();

  Poller poller_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;

  std::unordered_map<uint64_t, std::function<void()>> timers_;
  std::vector<HeapEntry> heap_;
  uint64_t next_timer_id_ = 0;

  mutable std::mutex mutex_;
  std::vector<std::function<void()>> posted_;   // guarded by mutex_
  std::vector<std::function<void()>> running_;  // the batch being run, reused
  std::atomic<bool> wake_pending_{false};
  std::atomic<bool> stop_{false};
  std::atomic<std::thread::id> thread_{};

  std::vector<std::shared_ptr<Flushable>> dirty_;
  std::vector<std::shared_ptr<Flushable>> flushing_;
  std::unique_ptr<FdHandler> signals_;
  std::vector<Bytes> spare_buffers_;
  Bytes scratch_ = Bytes(64 * 1024);
  Bytes plain_scratch_;
};

}  // namespace turms::net
