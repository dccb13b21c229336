#include "app/probe.h"

#include <fmt/core.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace turms::app {
namespace {

std::unexpected<Error> failed(std::string what) {
  return fail(ErrorCode::kUnavailable, std::move(what));
}

bool wait_for(int fd, short events) {
  pollfd wanted{fd, events, 0};
  return ::poll(&wanted, 1, Probe::kStepTimeoutMs) == 1;
}

Result<sockaddr_storage> resolve(const std::string& host, uint16_t port, socklen_t& length) {
  sockaddr_storage out{};
  if (const auto address = net::Address::parse(host, port)) {
    length = address->to_sockaddr(out);
    return out;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
    return failed(fmt::format("the name {} has no address: {}", host, ::gai_strerror(error)));
  }
  const net::Address address = net::Address::from_sockaddr(found->ai_addr).with_port(port);
  ::freeaddrinfo(found);
  length = address.to_sockaddr(out);
  return out;
}

Result<int> connect_to(const std::string& host, uint16_t port, int type) {
  socklen_t length = 0;
  const auto address = resolve(host, port, length);
  if (!address) return std::unexpected(address.error());
  const int fd = ::socket(address->ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed(std::strerror(errno));
  const auto refuse = [&](const char* why) {
    ::close(fd);
    return failed(fmt::format("no connection to {}:{}: {}", host, port, why));
  };
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&*address), length) == 0) return fd;
  if (errno != EINPROGRESS) return refuse(std::strerror(errno));
  if (!wait_for(fd, POLLOUT)) return refuse("nothing answers; a firewall drops it?");
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return refuse(std::strerror(error));
  return fd;
}

}  // namespace

Result<Probe> Probe::tcp(const std::string& host, uint16_t port) {
  const auto fd = connect_to(host, port, SOCK_STREAM);
  if (!fd) return std::unexpected(fd.error());
  return Probe(*fd);
}

Result<Probe> Probe::udp(const std::string& host, uint16_t port) {
  const auto fd = connect_to(host, port, SOCK_DGRAM);
  if (!fd) return std::unexpected(fd.error());
  return Probe(*fd);
}

Probe::Probe(Probe&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), tls_(std::move(other.tls_)) {}

Probe::~Probe() {
  if (fd_ >= 0) ::close(fd_);
}

Status Probe::write_all(ByteView data) {
  while (!data.empty()) {
    const ssize_t count = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN && wait_for(fd_, POLLOUT)) continue;
    if (count < 0) return failed(fmt::format("cannot send: {}", std::strerror(errno)));
    data = data.subspan(static_cast<size_t>(count));
  }
  return {};
}

/// Empty: the peer closed.
Result<Bytes> Probe::read_some() {
  if (!wait_for(fd_, POLLIN)) return failed("connected, but nothing comes back");
  Bytes buffer(16 * 1024);
  const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (count < 0) return failed(std::strerror(errno));
  buffer.resize(static_cast<size_t>(count));
  return buffer;
}

Status Probe::start_tls(const std::string& name) {
  auto context = net::TlsClient::make_context("");
  if (!context) return std::unexpected(context.error());
  tls_ = std::make_unique<net::TlsClient>(*context, name);
  while (true) {
    const auto done = tls_->handshake();
    if (Status sent = write_all(tls_->take_output()); !sent) return sent;
    if (!done) return failed("connected, but " + done.error().message);
    if (*done) return {};
    const auto bytes = read_some();
    if (!bytes) return failed("in the TLS handshake: " + bytes.error().message);
    if (bytes->empty()) return failed("connected, but no TLS is spoken there");
    tls_->feed(*bytes);
  }
}

Status Probe::send(ByteView data) {
  if (!tls_) return write_all(data);
  tls_->write(data);
  return write_all(tls_->take_output());
}

Result<Bytes> Probe::receive(size_t at_least) {
  Bytes received;
  while (received.size() < at_least) {
    const auto bytes = read_some();
    if (!bytes) return std::unexpected(bytes.error());
    if (bytes->empty()) return failed("connected, but closed without an answer");
    if (!tls_) {
      received.insert(received.end(), bytes->begin(), bytes->end());
      continue;
    }
    tls_->feed(*bytes);
    if (const auto open = tls_->read(received); !open || !*open) {
      return failed("connected, but closed without an answer");
    }
  }
  return received;
}

Status Probe::expect_close() {
  while (true) {
    const auto bytes = read_some();
    if (!bytes) return std::unexpected(bytes.error());
    if (bytes->empty()) return {};
  }
}

}  // namespace turms::app
