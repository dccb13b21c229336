#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "net/tcp_stream.h"

namespace turms::net {

namespace {

constexpr size_t kMaxPlainPerRecord = 16 * 1024;

/// A socket, perhaps with TLS over it, that its owner watches. Holds what it has taken and the
/// kernel has not: at most one record, or what a loop had queued before.
class SocketStream final : public ByteStream {
 public:
  SocketStream(int fd, const Address& remote, std::unique_ptr<TlsSession> tls, ByteView unsent)
      : fd_(fd), remote_(remote), tls_(std::move(tls)) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    auto* const address = reinterpret_cast<sockaddr*>(&storage);
    if (getsockname(fd_, address, &length) == 0) local_ = Address::from_sockaddr(address);
    if (unsent.empty()) return;
    if (tls_) {
      (void)tls_->write(unsent);
    } else {
      plain_output_.assign(unsent.begin(), unsent.end());
    }
  }
  ~SocketStream() override { ::close(fd_); }

  int fd() const override { return fd_; }
  const Address& remote() const override { return remote_; }
  const Address& local() const override { return local_; }

  Outcome read(MutableByteView into) override {
    if (into.empty()) return {};
    if (tls_) {
      const TlsSession::Read read = tls_->read(fd_, into);
      // An alert, or the answer to a key update.
      if (!tls_->output().empty() && flush().closed) return {.closed = true};
      return {read.size, read.outcome != TlsSession::Outcome::kOpen};
    }
    const ssize_t count = ::recv(fd_, into.data(), into.size(), 0);
    if (count > 0) return {.size = static_cast<size_t>(count)};
    return {.closed = count == 0 || !would_block()};
  }

  Outcome write(ByteView data) override {
    if (const Outcome flushed = flush(); flushed.closed || wants_write()) {
      return {.closed = flushed.closed};
    }
    if (!tls_) {
      const ssize_t count = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
      if (count >= 0) return {.size = static_cast<size_t>(count)};
      return {.closed = !would_block()};
    }
    size_t taken = 0;
    while (taken < data.size() && !wants_write()) {
      const size_t size = std::min(data.size() - taken, kMaxPlainPerRecord);
      if (!tls_->write(data.subspan(taken, size)) || flush().closed) return {.closed = true};
      taken += size;
    }
    return {.size = taken};
  }

  bool wants_write() const override { return !output().empty(); }

  Outcome flush() override {
    Bytes& bytes = output();
    while (sent_ < bytes.size()) {
      const ssize_t count = ::send(fd_, bytes.data() + sent_, bytes.size() - sent_, MSG_NOSIGNAL);
      if (count < 0) return {.closed = !would_block()};
      sent_ += static_cast<size_t>(count);
    }
    sent_ = 0;
    // A busy stream keeps its buffer, which is bounded by a record; what a loop had left is freed.
    if (bytes.capacity() > 2 * kMaxPlainPerRecord) Bytes().swap(bytes);
    bytes.clear();
    return {};
  }

 private:
  static bool would_block() { return errno == EAGAIN || errno == EINTR; }
  Bytes& output() { return tls_ ? tls_->output() : plain_output_; }
  [[nodiscard]] const Bytes& output() const { return tls_ ? tls_->output() : plain_output_; }

  int fd_;
  Address remote_;
  Address local_;
  std::unique_ptr<TlsSession> tls_;
  Bytes plain_output_;
  size_t sent_ = 0;  // of output()
};

}  // namespace

std::unique_ptr<ByteStream> make_byte_stream(TcpStream::Detached stream) {
  Bytes unsent;
  size_t skip = stream.front_written_;
  for (const auto& chunk : stream.unsent_) {
    const ByteView rest = chunk.view().subspan(skip);
    skip = 0;
    unsent.insert(unsent.end(), rest.begin(), rest.end());
  }
  return std::make_unique<SocketStream>(std::exchange(stream.fd_, -1), stream.remote_,
                                        std::move(stream.tls_), unsent);
}

}  // namespace turms::net
