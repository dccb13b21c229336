#include "net/tcp_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/check.h"

namespace turms::net {

namespace {

/// Below this a copy is cheaper than a reference and an iovec of its own.
constexpr size_t kCopyBelow = 8 * 1024;
/// Where a gathering chunk ends, so that a long queue frees memory as it drains.
constexpr size_t kChunkSize = 64 * 1024;
constexpr size_t kMaxIovecs = 64;
/// Slots for chunks that an idle connection may keep.
constexpr size_t kIdleSlots = 2;

void set_no_delay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

std::shared_ptr<TcpStream> TcpStream::accepted(LoopCore& core, int fd, const Address& remote,
                                               Owner* owner) {
  set_no_delay(fd);
  std::shared_ptr<TcpStream> stream(new TcpStream(core, remote, owner));
  const auto watch = core.try_watch(fd, stream.get(), true, false);
  if (!watch) {
    ::close(fd);
    return nullptr;
  }
  stream->watch_ = *watch;
  return stream;
}

Result<std::shared_ptr<TcpStream>> TcpStream::connect(LoopCore& core, const Address& remote,
                                                      Owner* owner) {
  const int fd =
      ::socket(remote.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(ErrorCode::kUnavailable, std::strerror(errno));
  set_no_delay(fd);
  sockaddr_storage address;
  const socklen_t length = remote.to_sockaddr(address);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), length) != 0 &&
      errno != EINPROGRESS) {
    const int error = errno;
    ::close(fd);
    return fail(ErrorCode::kUnavailable, remote.to_string() + ": " + std::strerror(error));
  }
  std::shared_ptr<TcpStream> stream(new TcpStream(core, remote, owner));
  stream->connecting_ = true;
  stream->interest_read_ = false;
  stream->interest_write_ = true;
  const auto watch = core.try_watch(fd, stream.get(), false, true);
  if (!watch) {
    const int error = errno;
    ::close(fd);
    return fail(ErrorCode::kUnavailable, remote.to_string() + ": " + std::strerror(error));
  }
  stream->watch_ = *watch;
  return stream;
}

TcpStream::Detached::Detached(Detached&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      remote_(other.remote_),
      unsent_(std::move(other.unsent_)),
      queued_(other.queued_),
      front_written_(other.front_written_),
      tls_(std::move(other.tls_)),
      ended_(other.ended_) {}

TcpStream::Detached::~Detached() {
  if (fd_ >= 0) ::close(fd_);
}

TcpStream::Detached TcpStream::detach() {
  TURMS_CHECK(open() && !connecting_ && !closing_);
  Detached out;
  out.fd_ = watch_.fd;
  out.remote_ = remote_;
  out.unsent_.assign(
      std::make_move_iterator(chunks_.begin() + static_cast<ptrdiff_t>(first_chunk_)),
      std::make_move_iterator(chunks_.end()));
  out.queued_ = std::exchange(queued_, 0);
  out.front_written_ = front_written_;
  out.ended_ = ended_;
  out.tls_ = std::move(tls_);
  if (out.tls_) {
    Bytes& output = out.tls_->output();
    output.erase(output.begin(), output.begin() + static_cast<ptrdiff_t>(output_sent_));
    output_sent_ = 0;
  }
  core_.unwatch(watch_);
  watch_.fd = -1;
  owner_ = nullptr;
  chunks_.clear();
  first_chunk_ = front_written_ = 0;
  return out;
}

std::shared_ptr<TcpStream> TcpStream::attach(LoopCore& core, Detached stream, Owner* owner) {
  std::shared_ptr<TcpStream> out(new TcpStream(core, stream.remote_, owner));
  out->ended_ = stream.ended_;
  out->reading_ = out->interest_read_ = !stream.ended_;
  const auto watch = core.try_watch(stream.fd_, out.get(), out->interest_read_, false);
  if (!watch) return nullptr;
  out->watch_ = *watch;
  stream.fd_ = -1;
  out->chunks_ = std::move(stream.unsent_);
  out->queued_ = stream.queued_;
  out->front_written_ = stream.front_written_;
  out->tls_ = std::move(stream.tls_);
  if (out->queued() > 0) out->schedule_flush();
  return out;
}

TcpStream::~TcpStream() {
  abort();
}

void TcpStream::write(ByteView data) {
  if (!open() || closing_ || data.empty()) return;
  Bytes& copied = tail(data.size()).copied;
  copied.insert(copied.end(), data.begin(), data.end());
  queued_ += data.size();
  schedule_flush();
}

void TcpStream::write(const SharedBytes& data) {
  if (data.size() < kCopyBelow) return write(data.view());
  if (!open() || closing_) return;
  chunks_.push_back({.shared = data});
  queued_ += data.size();
  schedule_flush();
}

/// Where to append: what gathers at the end, or a new buffer.
TcpStream::Chunk& TcpStream::tail(size_t room) {
  if (chunks_.empty() || !chunks_.back().shared.empty() ||
      chunks_.back().copied.size() + room > kChunkSize) {
    chunks_.push_back({.copied = core_.take_buffer()});
  }
  return chunks_.back();
}

void TcpStream::start_tls(std::unique_ptr<TlsSession> session, ByteView received_bytes) {
  TURMS_CHECK(!tls_ && queued_ == 0);
  tls_ = std::move(session);
  Bytes copy(received_bytes.begin(), received_bytes.end());
  received(copy);
}

void TcpStream::schedule_flush() {
  if (flush_scheduled_ || blocked_ || connecting_) return;
  flush_scheduled_ = true;
  core_.flush_at_end_of_turn(shared_from_this());
}

void TcpStream::set_reading(bool reading) {
  if (ended_ || closing_) return;
  reading_ = reading;
  update_interest();
}

void TcpStream::close_after_flush() {
  if (!open() || closing_) return;
  closing_ = true;
  reading_ = !ended_;
  update_interest();
  schedule_flush();
}

void TcpStream::abort() {
  if (!open()) return;
  tls_.reset();
  core_.unwatch(watch_);
  ::close(watch_.fd);
  watch_.fd = -1;
  owner_ = nullptr;
  drop_chunks();
  queued_ = 0;
}

void TcpStream::update_interest() {
  if (!open()) return;
  const bool read = reading_ && !connecting_;
  const bool write = blocked_ || connecting_;
  if (read == interest_read_ && write == interest_write_) return;
  interest_read_ = read;
  interest_write_ = write;
  core_.change(watch_, read, write);
}

void TcpStream::broken() {
  Owner* owner = owner_;
  abort();
  if (owner != nullptr) owner->on_stream_closed();
}

void TcpStream::on_ready(const Poller::Event& event) {
  const std::shared_ptr<TcpStream> self = shared_from_this();
  if (connecting_) {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(watch_.fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return broken();
    connecting_ = false;
    update_interest();
    if (queued_ > 0) schedule_flush();
    if (owner_ != nullptr) owner_->on_stream_connected();
    return;
  }
  if (event.readable && reading_) {
    const MutableByteView buffer = core_.scratch();
    const ssize_t count = ::recv(watch_.fd, buffer.data(), buffer.size(), 0);
    if (count > 0) {
      received(buffer.first(static_cast<size_t>(count)));
    } else if (count == 0) {
      ended();
    } else if (errno != EAGAIN && errno != EINTR) {
      return broken();
    }
  } else if (event.hung_up) {
    return broken();
  }
  if (event.writable && open() && blocked_) {
    blocked_ = false;
    flush();
    update_interest();
  }
}

void TcpStream::received(MutableByteView data) {
  if (!tls_) {
    if (owner_ != nullptr && !closing_) owner_->on_stream_data(data);
    return;
  }
  Bytes& plain = core_.plain_scratch();
  plain.clear();
  const TlsSession::Outcome outcome = tls_->receive(data, plain);
  if (queued() > 0) schedule_flush();
  if (!plain.empty() && owner_ != nullptr && !closing_) owner_->on_stream_data(plain);
  if (!open()) return;  // by its owner
  if (outcome == TlsSession::Outcome::kClosed) return ended();
  if (outcome != TlsSession::Outcome::kBroken) return;
  (void)send_output();  // the alert that says why, if there is room for it
  if (open()) broken();
}

void TcpStream::ended() {
  if (ended_) return;
  ended_ = true;
  reading_ = false;
  update_interest();
  if (closing_ && queued() == 0) return broken();
  if (owner_ != nullptr && !closing_) owner_->on_stream_end();
}

void TcpStream::flush_tls() {
  if (queued_ > 0) flush_owed_ = true;
  do {
    if (!send_output()) return;
  } while (encrypt());
  if (!open() || queued_ > 0) return;  // broken, or the handshake is not done
  drop_chunks();
  if (closing_) {
    if (!std::exchange(goodbye_, true)) {
      tls_->close();
      if (!send_output()) return;
    }
    if (ended_) return broken();
    ::shutdown(watch_.fd, SHUT_WR);
  }
  if (std::exchange(flush_owed_, false) && owner_ != nullptr) owner_->on_stream_flushed();
}

/// True when the kernel took all.
bool TcpStream::send_output() {
  Bytes& output = tls_->output();
  while (output_sent_ < output.size()) {
    const ssize_t count =
        ::send(watch_.fd, output.data() + output_sent_, output.size() - output_sent_, MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) {
        broken();
        return false;
      }
      blocked_ = true;
      update_interest();
      return false;
    }
    output_sent_ += static_cast<size_t>(count);
  }
  output_sent_ = 0;
  core_.give_back_buffer(std::exchange(output, {}));
  return true;
}

/// Moves some of what waits into the session's output. False when there is nothing, or not yet.
bool TcpStream::encrypt() {
  if (queued_ == 0 || !tls_->established()) return false;
  tls_->output() = core_.take_buffer();
  while (queued_ > 0 && tls_->output().size() < kChunkSize) {
    ByteView part = chunks_[first_chunk_].view().subspan(front_written_);
    part = part.first(std::min(part.size(), kChunkSize));
    if (!tls_->write(part)) {
      broken();
      return false;
    }
    drop_written(part.size());
  }
  return true;
}

void TcpStream::flush() {
  flush_scheduled_ = false;
  if (!open() || blocked_ || connecting_) return;
  if (tls_) return flush_tls();
  while (queued_ > 0) {
    iovec parts[kMaxIovecs];
    size_t count = 0;
    size_t total = 0;
    size_t skip = front_written_;
    for (size_t i = first_chunk_; i < chunks_.size() && count < kMaxIovecs; ++i) {
      const ByteView rest = chunks_[i].view().subspan(skip);
      skip = 0;
      parts[count++] = {const_cast<uint8_t*>(rest.data()), rest.size()};
      total += rest.size();
    }
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = count;
    const ssize_t written = ::sendmsg(watch_.fd, &message, MSG_NOSIGNAL);
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return broken();
      blocked_ = true;
      return update_interest();
    }
    drop_written(static_cast<size_t>(written));
    if (static_cast<size_t>(written) < total) {
      blocked_ = true;
      return update_interest();
    }
  }
  drop_chunks();
  if (closing_) {
    if (ended_) return broken();
    ::shutdown(watch_.fd, SHUT_WR);
  }
  if (owner_ != nullptr) owner_->on_stream_flushed();
}

void TcpStream::drop_written(size_t bytes) {
  queued_ -= bytes;
  while (bytes > 0) {
    Chunk& front = chunks_[first_chunk_];
    const size_t rest = front.view().size() - front_written_;
    if (bytes < rest) {
      front_written_ += bytes;
      break;
    }
    bytes -= rest;
    front_written_ = 0;
    core_.give_back_buffer(std::move(front.copied));
    front = {};
    ++first_chunk_;
  }
  // A long queue that never empties must not keep what it has sent.
  if (first_chunk_ >= kMaxIovecs) {
    chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<ptrdiff_t>(first_chunk_));
    first_chunk_ = 0;
  }
}

void TcpStream::drop_chunks() {
  for (Chunk& chunk : chunks_) core_.give_back_buffer(std::move(chunk.copied));
  chunks_.clear();
  if (chunks_.capacity() > kIdleSlots) std::vector<Chunk>().swap(chunks_);
  first_chunk_ = 0;
  front_written_ = 0;
}

}  // namespace turms::net
