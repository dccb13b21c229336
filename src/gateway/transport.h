#pragma once

#include <memory>

#include "base/bytes.h"
#include "gateway/broadcast.h"
#include "gateway/frame.h"
#include "net/address.h"
#include "net/shared_bytes.h"

namespace turms::net {
class TcpConnection;
class WebSocket;
}  // namespace turms::net

namespace turms::gateway {

/// Hears what arrives on a transport.
class TransportListener {
 public:
  virtual ~TransportListener() = default;
  /// One request; empty: a heartbeat. The view lives as long as the call.
  virtual void on_message(ByteView message) = 0;
  /// Bytes that are no frame, or one that is too large. Nothing more arrives.
  virtual void on_frame_error(FrameStatus status) = 0;
  /// The last call, exactly once.
  virtual void on_closed() = 0;
};

/// One client's connection without the difference between WebSocket and TCP. Lives on the control
/// thread, owned by its Connection.
class Transport {
 public:
  virtual ~Transport() = default;

  /// In the turn the connection was accepted. The listener is kept alive until on_closed.
  virtual void start(std::shared_ptr<TransportListener> listener) = 0;

  virtual net::SendResult send(ByteView message) = 0;
  virtual net::SendResult send(Broadcast& broadcast) = 0;
  /// Flushes, `last_message` included, then closes. on_closed follows.
  virtual void close(ByteView last_message) = 0;
  /// False: no further message arrives, and the client's sending stalls, until true. The messages
  /// of the bytes read so far wait here.
  virtual void set_reading(bool reading) = 0;

  [[nodiscard]] virtual const net::Address& remote() const = 0;
};

std::unique_ptr<Transport> make_transport(std::shared_ptr<net::TcpConnection> connection,
                                          size_t max_message_bytes);
std::unique_ptr<Transport> make_transport(std::shared_ptr<net::WebSocket> socket,
                                          size_t max_message_bytes);

}  // namespace turms::gateway
