#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

/// permessage-deflate (RFC 7692), without context takeover on either side, so that a connection
/// holds no compressor and all connections of a thread share one.
namespace turms::net::websocket {

/// The value of Sec-WebSocket-Extensions to answer to an offer; empty: declined.
std::string negotiate_deflate(std::string_view offer);

/// Replaces `out` by the compressed payload.
void deflate_message(ByteView message, Bytes& out);

enum class InflateOutcome { kOk, kTooLarge, kInvalid };
/// Replaces `out` by the message.
InflateOutcome inflate_message(ByteView payload, size_t max_size, Bytes& out);

}  // namespace turms::net::websocket
