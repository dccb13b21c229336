#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "livekit/signal.h"

/// Signalling messages to and from the wire: protobuf in binary frames, protobuf's JSON in text
/// frames.
namespace turms::livekit {

enum class Encoding : uint8_t { kProtobuf, kJson };

/// kInvalidArgument when the bytes are no SignalRequest. Kinds this server does not know are
/// client::Ignored.
Result<ClientMessage> decode_client_message(Encoding encoding, ByteView data);

std::string encode_server_message(Encoding encoding, const ServerMessage& message);

/// Both directions of the client's side, for tests and load generators.
std::string encode_client_message(Encoding encoding, const ClientMessage& message);

}  // namespace turms::livekit
