#include "bench/im_load/wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/check.h"

namespace turms::im_load {
namespace {

// -1: nothing at present; 0: the other side closed.
long outcome(SSL* ssl, int done) {
  if (done > 0) return done;
  const int error = ::SSL_get_error(ssl, done);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -1 : 0;
}

}  // namespace

Wire::Wire(uint16_t port, bool tls) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  TURMS_CHECK(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  if (!tls) return;
  static SSL_CTX* const context = ::SSL_CTX_new(::TLS_client_method());
  ssl_.reset(::SSL_new(context));
  ::SSL_set_fd(ssl_.get(), fd_);
  ::SSL_set_connect_state(ssl_.get());
  ::SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

Wire::~Wire() {
  ::close(fd_);
}

long Wire::write_some() {
  if (ssl_) {
    return outcome(ssl_.get(), ::SSL_write(ssl_.get(), out_.data(), static_cast<int>(out_.size())));
  }
  return ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
}

long Wire::read_some(char* data, size_t size) {
  if (ssl_) return outcome(ssl_.get(), ::SSL_read(ssl_.get(), data, static_cast<int>(size)));
  const long n = ::recv(fd_, data, size, 0);
  return n < 0 && errno != EAGAIN ? 0 : n;
}

void Wire::flush() {
  while (!out_.empty()) {
    const long n = write_some();
    if (n <= 0) return;
    out_.erase(0, static_cast<size_t>(n));
  }
}

bool Wire::receive(std::string& in) {
  std::array<char, 262144> buffer;
  while (true) {
    const long n = read_some(buffer.data(), buffer.size());
    if (n == 0) return false;
    if (n < 0) break;
    in.append(buffer.data(), static_cast<size_t>(n));
    // A TLS record is smaller than the buffer, and more of them may wait.
    if (!ssl_ && static_cast<size_t>(n) < buffer.size()) break;
  }
  // What waited for the handshake.
  flush();
  return true;
}

}  // namespace turms::im_load
