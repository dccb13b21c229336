#include "net/loop.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"
#include "net/loop_core.h"

namespace turms::net {

namespace {

class SignalHandler final : public FdHandler {
 public:
  SignalHandler(LoopCore& core, std::function<void()> function)
      : core_(core), function_(std::move(function)) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    TURMS_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
    const int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    TURMS_CHECK(fd >= 0);
    watch_ = core_.watch(fd, this, true, false);
  }
  ~SignalHandler() override {
    core_.unwatch(watch_);
    ::close(watch_.fd);
  }
  void on_ready(const Poller::Event&) override {
    signalfd_siginfo info;
    while (::read(watch_.fd, &info, sizeof info) == sizeof info) function_();
  }

 private:
  LoopCore& core_;
  std::function<void()> function_;
  LoopCore::Watch watch_;
};

}  // namespace

std::optional<LoopCore::Watch> LoopCore::try_watch(int fd, FdHandler* handler, bool readable,
                                                   bool writable) {
  uint32_t index;
  if (free_slots_.empty()) {
    index = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    index = free_slots_.back();
    free_slots_.pop_back();
  }
  const Watch watch{fd, static_cast<uint64_t>(slots_[index].generation) << 32 | index};
  if (!poller_.try_add(fd, watch.tag, readable, writable)) {
    free_slots_.push_back(index);
    return std::nullopt;
  }
  slots_[index].handler = handler;
  return watch;
}

LoopCore::Watch LoopCore::watch(int fd, FdHandler* handler, bool readable, bool writable) {
  const auto watch = try_watch(fd, handler, readable, writable);
  TURMS_CHECK(watch.has_value());
  return *watch;
}

void LoopCore::change(const Watch& watch, bool readable, bool writable) {
  poller_.change(watch.fd, watch.tag, readable, writable);
}

void LoopCore::unwatch(const Watch& watch) {
  poller_.remove(watch.fd);
  const auto index = static_cast<uint32_t>(watch.tag);
  slots_[index].handler = nullptr;
  // 31 bits, so that no tag equals the poller's own.
  slots_[index].generation = (slots_[index].generation + 1) & 0x7fffffff;
  free_slots_.push_back(index);
}

void LoopCore::turn(TimePoint limit) {
  flush_dirty();  // what was queued outside of any turn
  TimePoint until = std::min(next_timer(), limit);
  {
    const std::lock_guard lock(mutex_);
    if (!posted_.empty()) until = TimePoint::min();
  }
  for (const Poller::Event& event : poller_.wait(monotonic_now(), until)) {
    const Slot& slot = slots_[static_cast<uint32_t>(event.tag)];
    if (slot.handler != nullptr && slot.generation == static_cast<uint32_t>(event.tag >> 32)) {
      slot.handler->on_ready(event);
    }
  }
  run_timers();
  run_posted();
  flush_dirty();
}

TimePoint LoopCore::next_timer() {
  while (!heap_.empty() && !timers_.contains(heap_.front().id)) {
    std::pop_heap(heap_.begin(), heap_.end());
    heap_.pop_back();
  }
  return heap_.empty() ? kNever : heap_.front().at;
}

void LoopCore::run_timers() {
  if (heap_.empty()) return;
  const TimePoint now = monotonic_now();
  // Timers started meanwhile have larger ids and wait for the next turn.
  const uint64_t last = next_timer_id_;
  while (next_timer() <= now && heap_.front().id <= last) {
    const auto node = timers_.extract(heap_.front().id);
    std::pop_heap(heap_.begin(), heap_.end());
    heap_.pop_back();
    node.mapped()();
  }
}

void LoopCore::compact_timers() {
  if (heap_.size() < 64 || heap_.size() < timers_.size() * 2) return;
  std::erase_if(heap_, [&](const HeapEntry& entry) { return !timers_.contains(entry.id); });
  std::make_heap(heap_.begin(), heap_.end());
}

void LoopCore::run_posted() {
  wake_pending_.store(false);
  {
    const std::lock_guard lock(mutex_);
    running_.swap(posted_);
  }
  for (std::function<void()>& function : running_) {
    function();
    function = nullptr;
  }
  running_.clear();
}

void LoopCore::flush_dirty() {
  while (!dirty_.empty()) {
    flushing_.swap(dirty_);
    for (const std::shared_ptr<Flushable>& object : flushing_) object->flush();
    flushing_.clear();
  }
}

Loop::Loop() : core_(std::make_unique<LoopCore>()) {}

Loop::~Loop() {
  // What still waits may own objects whose destructors come back to this loop.
  core_->thread_ = std::this_thread::get_id();
  while (true) {
    std::vector<std::function<void()>> posted;
    {
      const std::lock_guard lock(core_->mutex_);
      posted.swap(core_->posted_);
    }
    const auto timers = std::exchange(core_->timers_, {});
    const auto dirty = std::exchange(core_->dirty_, {});
    if (posted.empty() && timers.empty() && dirty.empty()) break;
  }
  core_->signals_.reset();
}

void Loop::run() {
  run_until([] { return false; }, Duration::max());
}

void Loop::stop() {
  core_->stop_ = true;
  core_->poller_.wake();
}

bool Loop::run_until(const std::function<bool()>& done, Duration limit) {
  core_->thread_ = std::this_thread::get_id();
  const TimePoint end = limit == Duration::max() ? kNever : monotonic_now() + limit;
  bool result = done();
  while (!result && !core_->stop_ && (end == kNever || monotonic_now() < end)) {
    core_->turn(end);
    result = done();
  }
  core_->stop_ = false;
  core_->thread_ = std::thread::id();
  return result;
}

void Loop::post(std::function<void()> function) {
  {
    const std::lock_guard lock(core_->mutex_);
    core_->posted_.push_back(std::move(function));
  }
  if (!on_loop_thread() && !core_->wake_pending_.exchange(true)) core_->poller_.wake();
}

size_t Loop::posted() const {
  const std::lock_guard lock(core_->mutex_);
  return core_->posted_.size();
}

Loop::TimerId Loop::after(Duration delay, std::function<void()> function) {
  const uint64_t id = ++core_->next_timer_id_;
  core_->timers_.emplace(id, std::move(function));
  core_->heap_.push_back({monotonic_now() + delay, id});
  std::push_heap(core_->heap_.begin(), core_->heap_.end());
  return {id};
}

void Loop::cancel(TimerId id) {
  // Destroyed after it is out of the map: it may own something that cancels timers.
  const auto node = core_->timers_.extract(id.value);
  if (!node.empty()) core_->compact_timers();
}

TimePoint Loop::now() const {
  return monotonic_now();
}

bool Loop::on_loop_thread() const {
  return core_->thread_ == std::this_thread::get_id();
}

void Loop::on_termination_signal(std::function<void()> function) {
  core_->signals_.reset();
  core_->signals_ = std::make_unique<SignalHandler>(*core_, std::move(function));
}

void Timer::start(Duration delay, std::function<void()> function) {
  cancel();
  id_ = loop_.after(delay, [this, function = std::move(function)] {
    id_ = {};
    function();
  });
}

void Timer::cancel() {
  if (id_) loop_.cancel(std::exchange(id_, {}));
}

Task<void> sleep(Loop& loop, Duration delay) {
  Completion<bool> done;
  loop.after(delay, [set = done.setter()] { set(true); });
  co_await done;
}

}  // namespace turms::net
