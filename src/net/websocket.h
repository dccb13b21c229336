#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "net/address.h"
#include "net/shared_bytes.h"

namespace turms::net {

struct WebSocketOptions {
  /// A longer message closes with 1009.
  size_t max_message_bytes = 2 * 1024 * 1024;
  /// Bytes queued and not yet taken by the kernel; more is an overflow.
  size_t max_queued_bytes = 4 * 1024 * 1024;
  /// 0: no pings.
  Duration ping_interval = 10s;
  /// Closed (1006) when nothing at all came from the peer for so long; 0: never.
  Duration silence_timeout = 40s;
  /// Offer permessage-deflate (RFC 7692) without context takeover. Costs CPU per message.
  bool compression = false;
  /// A request to the route that is no upgrade gets 404; false: it goes on to the plain HTTP
  /// routes.
  bool upgrade_only = true;
};

/// The server's side of one WebSocket (RFC 6455). Lives on its loop's thread. The server keeps it
/// until it is closed, the owner as long as it likes: after the close every call is harmless.
class WebSocket {
 public:
  using MessageHandler = std::function<void(bool binary, ByteView message)>;
  /// The peer's code and reason, or ours when we closed first; 1005 when the peer gave none, 1006
  /// when the connection was lost. Called exactly once, never from within a call of the owner's.
  /// Both handlers are released afterwards.
  using CloseHandler = std::function<void(uint16_t code, std::string_view reason)>;

  virtual ~WebSocket() = default;

  /// Set both in the turn the upgrade was accepted: messages are delivered from the next turn on.
  virtual void on_message(MessageHandler handler) = 0;
  virtual void on_close(CloseHandler handler) = 0;

  /// Frames queued in one turn leave together at its end.
  virtual SendResult send_binary(ByteView message) = 0;
  virtual SendResult send_text(std::string_view message) = 0;
  /// As send_binary; a large message is not copied.
  virtual SendResult send_binary(const SharedBytes& message) = 0;

  /// Flushes what is queued, then `last_message` (binary, sent even after an overflow) and the
  /// close frame, and waits briefly for the peer's. Reasons are cut at 123 bytes.
  virtual void close(uint16_t code, std::string_view reason, ByteView last_message = {}) = 0;

  /// False: nothing more is read, so the peer's sending stalls. For owners that work off messages
  /// slower than they come. A message already received may still be delivered in the same turn.
  virtual void set_reading(bool reading) = 0;

  [[nodiscard]] virtual bool open() const = 0;
  [[nodiscard]] virtual size_t queued_bytes() const = 0;
  [[nodiscard]] virtual const Address& remote() const = 0;
};

}  // namespace turms::net
