#include "plugin/call_thread.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace turms::plugin {

struct CallThread::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> waiting;
  bool ending = false;
  bool ended = false;

  void loop() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return ending || !waiting.empty(); });
      if (ending) break;
      std::function<void()> function = std::move(waiting.front());
      waiting.pop_front();
      lock.unlock();
      function();
      function = nullptr;
      lock.lock();
    }
    ended = true;
    changed.notify_all();
  }
};

CallThread::CallThread() : state_(std::make_shared<State>()) {
  std::thread([state = state_] { state->loop(); }).detach();
}

CallThread::~CallThread() {
  (void)end(Duration::zero());
}

bool CallThread::run(std::function<void()> function) {
  const std::lock_guard lock(state_->mutex);
  if (state_->ending || state_->waiting.size() >= kMaxWaiting) return false;
  state_->waiting.push_back(std::move(function));
  state_->changed.notify_one();
  return true;
}

bool CallThread::end(Duration patience) {
  std::unique_lock lock(state_->mutex);
  state_->ending = true;
  state_->waiting.clear();
  state_->changed.notify_all();
  return state_->changed.wait_for(lock, patience, [this] { return state_->ended; });
}

}  // namespace turms::plugin
