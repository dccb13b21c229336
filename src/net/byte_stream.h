#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "net/address.h"

namespace turms::net {

/// A connected, non-blocking byte stream that can be handed to another thread: a TCP socket, or TLS
/// over one. Whoever owns it watches fd() with an epoll of its own; one thread at a time.
/// Destroying it closes the connection at once.
///
/// Watching is level triggered: readable whenever the owner wants data, writable after a write that
/// took less than all, and as long as wants_write().
class ByteStream {
 public:
  struct Outcome {
    size_t size = 0;      // bytes read or taken
    bool closed = false;  // ended or broken: nothing more will come or go
  };

  virtual ~ByteStream() = default;

  [[nodiscard]] virtual int fd() const = 0;
  /// The peer's address as it is to be believed: behind a trusted proxy, what that says.
  [[nodiscard]] virtual const Address& remote() const = 0;
  /// Ours.
  [[nodiscard]] virtual const Address& local() const = 0;

  /// Size 0 and not closed: nothing there now. Call again until then, since a stream with layers
  /// may hold bytes that the descriptor no longer shows.
  virtual Outcome read(MutableByteView into) = 0;
  /// Takes as many bytes as go out now. What it takes it will deliver or close.
  virtual Outcome write(ByteView data) = 0;
  /// Bytes it took, or owes by its own protocol, wait for a writable descriptor: call flush() then.
  [[nodiscard]] virtual bool wants_write() const { return false; }
  virtual Outcome flush() { return {}; }
};

}  // namespace turms::net
