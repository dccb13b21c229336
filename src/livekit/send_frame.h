#pragma once

#include <string_view>

#include "base/bytes.h"
#include "livekit/signal_codec.h"
#include "net/websocket.h"

namespace turms::livekit {

/// An encoded message as LiveKit's clients and workers want it: protobuf in binary frames, JSON in
/// text frames.
inline void send_frame(net::WebSocket& socket, Encoding encoding, std::string_view wire) {
  if (encoding == Encoding::kProtobuf) {
    socket.send_binary(as_bytes(wire));
  } else {
    socket.send_text(wire);
  }
}

}  // namespace turms::livekit
