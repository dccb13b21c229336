#include "net/listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace turms::net {

namespace {

/// So that a flood of connections does not keep the others of the loop waiting.
constexpr int kMaxAcceptsPerTurn = 64;
constexpr Duration kPauseWithoutDescriptors = 100ms;

}  // namespace

Result<std::unique_ptr<Listener>> Listener::listen(Loop& loop, const std::string& bind_address,
                                                   uint16_t port, AcceptHandler on_accept) {
  const Result<Address> local = Address::parse(bind_address, port);
  if (!local) return std::unexpected(local.error());
  const auto failed = [&](int fd) {
    const int error = errno;
    if (fd >= 0) ::close(fd);
    return fail(ErrorCode::kUnavailable,
                "cannot listen on " + local->to_string() + ": " + std::strerror(error));
  };
  const int fd =
      ::socket(local->is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed(fd);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_storage storage{};
  socklen_t length = local->to_sockaddr(storage);
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (::bind(fd, address, length) != 0 || ::listen(fd, 4096) != 0) return failed(fd);
  length = sizeof storage;
  if (getsockname(fd, address, &length) != 0) return failed(fd);
  std::unique_ptr<Listener> listener(new Listener(loop, std::move(on_accept)));
  listener->port_ = Address::from_sockaddr(address).port();
  const auto watch = loop.core().try_watch(fd, listener.get(), true, false);
  if (!watch) return failed(fd);
  listener->watch_ = *watch;
  return listener;
}

Listener::~Listener() {
  if (watch_.fd < 0) return;
  core_.unwatch(watch_);
  ::close(watch_.fd);
}

void Listener::on_ready(const Poller::Event&) {
  for (int i = 0; i < kMaxAcceptsPerTurn; ++i) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    auto* const address = reinterpret_cast<sockaddr*>(&storage);
    const int fd = accept4(watch_.fd, address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      on_accept_(fd, Address::from_sockaddr(address));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      core_.change(watch_, false, false);
      resume_.start(kPauseWithoutDescriptors, [this] { core_.change(watch_, true, false); });
    }
    // Anything else is about the one connection that failed, or there is none.
    return;
  }
}

}  // namespace turms::net
