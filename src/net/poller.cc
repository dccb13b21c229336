#include "net/poller.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/check.h"

namespace turms::net {

namespace {

constexpr uint64_t kWakeTag = ~uint64_t{0};

uint32_t interest(bool readable, bool writable) {
  return (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
}

bool control(int epoll_fd, int operation, int fd, uint64_t tag, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag;
  return epoll_ctl(epoll_fd, operation, fd, &event) == 0;
}

}  // namespace

Poller::Poller()
    : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)), wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  TURMS_CHECK(epoll_fd_ >= 0 && wake_fd_ >= 0);
  // Edge triggered: the counter need not be read back for the next wake to be seen.
  TURMS_CHECK(control(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, kWakeTag, EPOLLIN | EPOLLET));
}

Poller::~Poller() {
  ::close(wake_fd_);
  ::close(epoll_fd_);
}

bool Poller::try_add(int fd, uint64_t tag, bool readable, bool writable) {
  return control(epoll_fd_, EPOLL_CTL_ADD, fd, tag, interest(readable, writable));
}

void Poller::add(int fd, uint64_t tag, bool readable, bool writable) {
  TURMS_CHECK(try_add(fd, tag, readable, writable));
}

void Poller::change(int fd, uint64_t tag, bool readable, bool writable) {
  // Changing and removing take nothing from the kernel: they fail only for a foreign descriptor.
  TURMS_CHECK(control(epoll_fd_, EPOLL_CTL_MOD, fd, tag, interest(readable, writable)));
}

void Poller::remove(int fd) {
  TURMS_CHECK(control(epoll_fd_, EPOLL_CTL_DEL, fd, 0, 0));
}

std::span<const Poller::Event> Poller::wait(TimePoint now, TimePoint until) {
  std::array<epoll_event, kMaxEvents> ready;
  timespec timeout{};
  if (until != kNever && until > now) {
    const Duration left = until - now;
    timeout.tv_sec = left / 1s;
    timeout.tv_nsec = (left % 1s).count();
  }
  const int count = epoll_pwait2(epoll_fd_, ready.data(), kMaxEvents,
                                 until == kNever ? nullptr : &timeout, nullptr);
  TURMS_CHECK(count >= 0 || errno == EINTR);
  size_t out = 0;
  for (int i = 0; i < count; ++i) {
    if (ready[i].data.u64 == kWakeTag) continue;
    events_[out++] = {.tag = ready[i].data.u64,
                      .readable = (ready[i].events & EPOLLIN) != 0,
                      .writable = (ready[i].events & EPOLLOUT) != 0,
                      .hung_up = (ready[i].events & (EPOLLHUP | EPOLLERR)) != 0};
  }
  return {events_, out};
}

void Poller::wake() {
  const uint64_t one = 1;
  // Can fail only when the counter is about to overflow, and then the wake is pending anyway.
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof one);
}

}  // namespace turms::net
