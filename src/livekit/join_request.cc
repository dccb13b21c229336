#include "livekit/join_request.h"

#include <utility>

#include "base/encoding.h"
#include "livekit/signal_pb.h"
#include "net/gzip.h"

namespace turms::livekit {
namespace {

Error invalid(std::string why) {
  return {ErrorCode::kInvalidArgument, std::move(why)};
}

/// Parses the message inside.
Status unwrap(const pb::WrappedJoinRequest& wrapped, pb::JoinRequest& out) {
  ByteView bytes = as_bytes(wrapped.join_request());
  Bytes unpacked;
  if (wrapped.compression() == pb::WrappedJoinRequest::GZIP) {
    switch (net::gunzip(bytes, JoinRequest::kMaxSize, unpacked)) {
      case net::GunzipOutcome::kOk:
        bytes = unpacked;
        break;
      case net::GunzipOutcome::kTooLarge:
        return std::unexpected(invalid("join request too large"));
      case net::GunzipOutcome::kInvalid:
        return std::unexpected(invalid("cannot read decompressed join request"));
    }
  } else if (wrapped.compression() != pb::WrappedJoinRequest::NONE) {
    return std::unexpected(invalid("unknown compression of the join request"));
  }
  if (bytes.size() > JoinRequest::kMaxSize) {
    return std::unexpected(invalid("join request too large"));
  }
  if (!out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return std::unexpected(invalid("cannot unmarshal join request"));
  }
  return {};
}

std::vector<ClientMessage> read_messages(const pb::JoinRequest& in) {
  std::vector<ClientMessage> out;
  for (const pb::AddTrackRequest& request : in.add_track_requests()) {
    out.emplace_back(from_pb(request));
  }
  if (in.has_sync_state()) out.emplace_back(from_pb(in.sync_state()));
  if (in.has_publisher_offer()) {
    client::Description offer{from_pb(in.publisher_offer())};
    offer.description.type = "offer";
    out.emplace_back(std::move(offer));
  }
  return out;
}

}  // namespace

Result<JoinRequest> decode_join_request(std::string_view parameter) {
  const auto bytes = from_base64(parameter);
  if (!bytes) return std::unexpected(invalid("cannot base64 decode wrapped join request"));
  pb::WrappedJoinRequest wrapped;
  if (!wrapped.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
    return std::unexpected(invalid("cannot unmarshal wrapped join request"));
  }
  pb::JoinRequest in;
  if (const Status unwrapped = unwrap(wrapped, in); !unwrapped) {
    return std::unexpected(unwrapped.error());
  }
  if (static_cast<size_t>(in.add_track_requests_size()) > JoinRequest::kMaxTracks) {
    return std::unexpected(invalid("too many tracks in the join request"));
  }
  JoinRequest out;
  out.protocol = in.client_info().protocol();
  out.client_protocol = in.client_info().client_protocol();
  out.go_sdk = in.client_info().sdk() == pb::ClientInfo::GO;
  out.browser = in.client_info().browser();
  for (const int capability : in.client_info().capabilities()) {
    if (capability >= 0 && capability <= UINT8_MAX) {
      out.capabilities.push_back(static_cast<uint8_t>(capability));
    }
  }
  out.auto_subscribe = in.connection_settings().auto_subscribe();
  out.auto_subscribe_data_tracks = in.connection_settings().auto_subscribe_data_track();
  out.adaptive_stream = in.connection_settings().adaptive_stream();
  if (in.connection_settings().has_subscriber_allow_pause()) {
    out.allow_pause = in.connection_settings().subscriber_allow_pause();
  }
  out.metadata = in.metadata();
  out.attributes = {in.participant_attributes().begin(), in.participant_attributes().end()};
  out.reconnect = in.reconnect();
  out.participant_sid = in.participant_sid();
  out.messages = read_messages(in);
  return out;
}

std::string encode_join_request(const JoinRequest& request, JoinCompression compression) {
  pb::JoinRequest out;
  out.mutable_client_info()->set_protocol(request.protocol);
  out.mutable_client_info()->set_client_protocol(request.client_protocol);
  if (request.go_sdk) out.mutable_client_info()->set_sdk(pb::ClientInfo::GO);
  out.mutable_client_info()->set_browser(request.browser);
  for (const uint8_t capability : request.capabilities) {
    out.mutable_client_info()->add_capabilities(
        static_cast<pb::ClientInfo::Capability>(capability));
  }
  out.mutable_connection_settings()->set_auto_subscribe(request.auto_subscribe);
  out.mutable_connection_settings()->set_auto_subscribe_data_track(
      request.auto_subscribe_data_tracks);
  out.mutable_connection_settings()->set_adaptive_stream(request.adaptive_stream);
  if (request.allow_pause) {
    out.mutable_connection_settings()->set_subscriber_allow_pause(*request.allow_pause);
  }
  out.set_metadata(request.metadata);
  for (const auto& [key, value] : request.attributes) {
    (*out.mutable_participant_attributes())[key] = value;
  }
  out.set_reconnect(request.reconnect);
  out.set_participant_sid(request.participant_sid);
  for (const ClientMessage& message : request.messages) {
    pb::SignalRequest signal;
    to_pb(message, signal);
    if (signal.has_add_track()) out.add_add_track_requests()->Swap(signal.mutable_add_track());
    if (signal.has_sync_state()) out.mutable_sync_state()->Swap(signal.mutable_sync_state());
    if (signal.has_offer()) out.mutable_publisher_offer()->Swap(signal.mutable_offer());
  }
  pb::WrappedJoinRequest wrapped;
  const std::string plain = out.SerializeAsString();
  if (compression == JoinCompression::kGzip) {
    wrapped.set_compression(pb::WrappedJoinRequest::GZIP);
    wrapped.set_join_request(std::string(as_text(net::gzip(as_bytes(plain)))));
  } else {
    wrapped.set_join_request(plain);
  }
  return base64url(as_bytes(wrapped.SerializeAsString()));
}

}  // namespace turms::livekit
