#include "livekit/signal_codec.h"

#include "livekit/signal_pb.h"

namespace turms::livekit {
namespace {

template <class Wire, class Message>
std::string encode(Encoding encoding, const Message& message) {
  Wire wire;
  to_pb(message, wire);
  return encoding == Encoding::kProtobuf ? wire.SerializeAsString()
                                         : to_json(wire, JsonNames::kCamel);
}

}  // namespace

Result<ClientMessage> decode_client_message(Encoding encoding, ByteView data) {
  pb::SignalRequest message;
  const bool ok = encoding == Encoding::kProtobuf
                      ? message.ParseFromArray(data.data(), static_cast<int>(data.size()))
                      : from_json(as_text(data), message);
  if (!ok) return fail(ErrorCode::kInvalidArgument, "not a signal request");
  return from_pb(message);
}

std::string encode_server_message(Encoding encoding, const ServerMessage& message) {
  return encode<pb::SignalResponse>(encoding, message);
}

std::string encode_client_message(Encoding encoding, const ClientMessage& message) {
  return encode<pb::SignalRequest>(encoding, message);
}

}  // namespace turms::livekit
