#pragma once

#include <unistd.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "net/address.h"
#include "net/tls_server.h"

namespace turms::net {

/// A descriptor that is closed when nobody took it.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// What the first bytes of a stream say it is.
enum class StreamKind : uint8_t {
  kIce,   // RFC 4571 frames, the first of them a STUN message (RFC 6544)
  kTurn,  // STUN messages and ChannelData (RFC 8656 section 12.5)
};

/// An accepted media stream on its way from the loop that accepted it to the thread that carries
/// it: a non-blocking connected socket in no poller, and what was read from it already.
struct DetachedStream {
  StreamKind kind = StreamKind::kIce;
  UniqueFd fd;
  Address remote;  // the client's, also behind a trusted proxy
  Address local;
  /// Null: the stream is plain. Else the handshake is done, and whatever is in its output() is
  /// still to be sent.
  std::unique_ptr<TlsSession> tls;
  /// Received (and decrypted), not looked at beyond its kind: at least a whole first message.
  Bytes input;
};

}  // namespace turms::net
