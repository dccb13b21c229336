#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/loop_core.h"

namespace turms::net {

inline constexpr Duration kTestLimit = std::chrono::seconds(20);

/// A name for metrics that no other test counts under.
inline std::string test_server_name() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  return std::string(test->test_suite_name()) + "." + test->name();
}

/// Waits for what nothing wakes the loop for: the work of another thread, or of a descriptor that
/// it does not watch.
inline bool wait_polling(Loop& loop, const std::function<bool()>& done) {
  return loop.run_until(
      [&] {
        if (done()) return true;
        loop.after(std::chrono::milliseconds(1), [] {});
        return false;
      },
      kTestLimit);
}

/// For tests: a TCP client on the loop under test that says exactly what it is told.
class RawClient final : public FdHandler {
 public:
  RawClient(Loop& loop, uint16_t port, int receive_buffer = 0) : loop_(loop) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    TURMS_CHECK(fd >= 0);
    if (receive_buffer > 0) {
      setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // Into the listen queue: does not wait for the loop.
    TURMS_CHECK(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    watch_ = loop.core().watch(fd, this, true, false);
  }
  ~RawClient() override { close(); }

  void send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::send(watch_.fd, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      text.remove_prefix(static_cast<size_t>(count));
    }
  }
  /// As far as the kernel takes it without waiting.
  size_t try_send(std::string_view text) {
    const ssize_t count = ::send(watch_.fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return count < 0 ? 0 : static_cast<size_t>(count);
  }
  void finish_sending() { ::shutdown(watch_.fd, SHUT_WR); }
  void set_reading(bool reading) { loop_.core().change(watch_, reading, false); }
  void close() {
    if (watch_.fd < 0) return;
    loop_.core().unwatch(watch_);
    ::close(watch_.fd);
    watch_.fd = -1;
  }

  void on_ready(const Poller::Event&) override {
    char buffer[16 * 1024];
    const ssize_t count = ::recv(watch_.fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count > 0) {
      received.append(buffer, static_cast<size_t>(count));
      ++reads;
    } else {
      closed = true;
      loop_.core().change(watch_, false, false);
      if (count < 0) close();
    }
  }

  [[nodiscard]] bool wait_for(std::string_view text) {
    return loop_.run_until([&] { return received.find(text) != std::string::npos; }, kTestLimit);
  }
  [[nodiscard]] bool wait_for_bytes(size_t count) {
    return loop_.run_until([&] { return received.size() >= count; }, kTestLimit);
  }
  [[nodiscard]] bool wait_for_close() {
    return loop_.run_until([&] { return closed; }, kTestLimit);
  }

  std::string received;
  int reads = 0;
  bool closed = false;

 private:
  Loop& loop_;
  LoopCore::Watch watch_;
};

}  // namespace turms::net
