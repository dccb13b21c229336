#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "net/byte_stream.h"
#include "net/forwarded.h"
#include "net/loop.h"
#include "net/tls_server.h"

namespace turms::net {

class TcpStream;

/// Media over TCP, told by its first bytes (stream_classifier.h).
enum class MediaStreamKind : uint8_t { kIce, kTurn };

/// How connections to one port are received before anything is known of them.
struct FrontDoorConfig {
  /// Null: whoever begins a TLS handshake is closed. Must outlive the door.
  const TlsServerContext* tls = nullptr;
  /// Connections from these networks begin with a PROXY header when `proxy_protocol` is set, or are
  /// closed; those of this machine over loopback may come without. None is looked for in a
  /// connection from elsewhere.
  TrustedProxies trusted_proxies = {};
  bool proxy_protocol = false;
  /// From the accept to the end of the first message, TLS handshake included.
  Duration timeout = 10s;
};

/// Listens on a port, and tells by the first bytes of each connection who is to have it: HTTP,
/// media, or nobody. TLS is ended here and what is inside told apart again, so that one port can
/// serve HTTPS, WebSocket over TLS, TURN over TLS, and all of them in the plain. Lives on its
/// loop's thread.
class FrontDoor {
 public:
  struct Handlers {
    /// Asked at each accept; false: closed at once. Whoever bounds the connections counts
    /// FrontDoor::waiting() with them.
    std::function<bool()> may_accept;
    /// Null: HTTP is not served at this port. `stream` has no owner, `received` is decrypted. Its
    /// remote() is the client's address, also behind a trusted proxy.
    std::function<void(std::shared_ptr<TcpStream> stream, Bytes received)> http;
    /// Null: no media at this port. `received`: at least a whole first message.
    std::function<void(MediaStreamKind kind, std::unique_ptr<ByteStream> stream, Bytes received)>
        media;
  };

  /// Label `server` of the metrics is `name`. kUnavailable when the address cannot be bound.
  static Result<std::unique_ptr<FrontDoor>> listen(Loop& loop, const std::string& bind_address,
                                                   uint16_t port, const std::string& name,
                                                   FrontDoorConfig config, Handlers handlers);
  virtual ~FrontDoor() = default;  // closes who waits

  [[nodiscard]] virtual uint16_t port() const = 0;
  /// Connections that have not yet said what they are.
  [[nodiscard]] virtual size_t waiting() const = 0;
};

}  // namespace turms::net
