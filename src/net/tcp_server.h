#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "net/address.h"
#include "net/forwarded.h"
#include "net/loop.h"
#include "net/shared_bytes.h"

namespace turms::net {

/// One accepted connection, TCP_NODELAY, on its loop's thread. Framing is the owner's. The server
/// keeps it until it is closed; after that every call is harmless.
class TcpConnection {
 public:
  /// The view lives as long as the call: keep what is an incomplete frame.
  using DataHandler = std::function<void(ByteView data)>;
  /// Exactly once, whoever closed, never from within a call of the owner's. Both handlers are
  /// released afterwards.
  using CloseHandler = std::function<void()>;

  virtual ~TcpConnection() = default;

  /// Set both in the accept handler.
  virtual void on_data(DataHandler handler) = 0;
  virtual void on_close(CloseHandler handler) = 0;

  /// Everything queued in one turn leaves at its end in one write.
  virtual SendResult send(ByteView data) = 0;
  /// Large data is not copied.
  virtual SendResult send(const SharedBytes& data) = 0;

  /// Reads nothing more, flushes (`last_data` included) for at most TcpServerConfig::close_timeout,
  /// then closes.
  virtual void close(ByteView last_data = {}) = 0;
  /// At once, what is queued is lost.
  virtual void abort() = 0;
  /// False: reads nothing, so the peer's sending stalls.
  virtual void set_reading(bool reading) = 0;

  [[nodiscard]] virtual bool open() const = 0;
  [[nodiscard]] virtual size_t queued_bytes() const = 0;
  [[nodiscard]] virtual const Address& remote() const = 0;
};

struct TcpServerConfig {
  std::string bind_address = "127.0.0.1";
  uint16_t port = 0;  // 0: any free one
  /// Label `server` of the metrics.
  std::string name = "tcp";
  /// More are accepted and closed at once, counted as rejected.
  size_t max_connections = 10000;
  /// Per connection; more is an overflow.
  size_t max_queued_bytes = 4 * 1024 * 1024;
  Duration close_timeout = 5s;
  /// Connections from these networks begin with a PROXY header (proxy_protocol.h) when
  /// `proxy_protocol` is set, and are accepted when it has come, within header_timeout. One of
  /// another network is taken as it is.
  TrustedProxies trusted_proxies = {};
  bool proxy_protocol = false;
  Duration header_timeout = 10s;
};

class TcpServer {
 public:
  using AcceptHandler = std::function<void(std::shared_ptr<TcpConnection>)>;

  /// kUnavailable when the address cannot be bound.
  static Result<std::unique_ptr<TcpServer>> listen(Loop& loop, TcpServerConfig config,
                                                   AcceptHandler on_accept);
  virtual ~TcpServer() = default;  // aborts its connections

  /// No new connections; those there stay.
  virtual void stop_accepting() = 0;
  [[nodiscard]] virtual uint16_t port() const = 0;
  [[nodiscard]] virtual size_t connections() const = 0;
};

}  // namespace turms::net
