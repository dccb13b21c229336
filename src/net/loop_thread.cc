#include "net/loop_thread.h"

#include <pthread.h>

namespace turms::net {

void LoopThread::start() {
  thread_ = std::thread([this] { loop_.run(); });
  pthread_setname_np(thread_.native_handle(), name_.c_str());
}

void LoopThread::stop() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

}  // namespace turms::net
