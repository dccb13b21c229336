#include "app/hangup_signal.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

#include "net/loop.h"

namespace turms::app {
namespace {

sigset_t hangup() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

HangupSignal::HangupSignal(net::Loop& loop, std::function<void()> function) {
  const sigset_t set = hangup();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::jthread([&loop, set, function = std::move(function)](std::stop_token stop) {
    int signal = 0;
    while (::sigwait(&set, &signal) == 0 && !stop.stop_requested()) loop.post(function);
  });
}

HangupSignal::~HangupSignal() {
  thread_.request_stop();
  ::pthread_kill(thread_.native_handle(), SIGHUP);
}

}  // namespace turms::app
