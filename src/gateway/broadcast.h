#pragma once

#include <optional>
#include <string_view>

#include "net/shared_bytes.h"

namespace turms::gateway {

/// One serialised notification on its way to any number of connections: framed at most once per
/// transport, however many receive it. The text outlives it.
class Broadcast {
 public:
  explicit Broadcast(std::string_view notification) : notification_(notification) {}

  /// Bare: the WebSocket frames it.
  const net::SharedBytes& message();
  /// With its length in front.
  const net::SharedBytes& framed();

 private:
  std::string_view notification_;
  std::optional<net::SharedBytes> message_;
  std::optional<net::SharedBytes> framed_;
};

}  // namespace turms::gateway
