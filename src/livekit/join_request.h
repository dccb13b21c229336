#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "livekit/signal.h"

namespace turms::livekit {

/// What a client says while it opens its signalling connection: the parameter `join_request` of the
/// URL (WrappedJoinRequest of signal.proto).
struct JoinRequest {
  static constexpr size_t kMaxSize = 1 << 20;  // of the message inside, unpacked
  /// Of add_track_requests; a browser has one for each of its tracks.
  static constexpr size_t kMaxTracks = 256;

  int32_t protocol = 0;  // of signalling; 0: not said
  int32_t client_protocol = 0;
  std::vector<uint8_t> capabilities;
  bool go_sdk = false;
  std::string browser;
  bool auto_subscribe = false;
  bool auto_subscribe_data_tracks = false;
  bool adaptive_stream = false;
  std::optional<bool> allow_pause;
  std::string metadata;
  Attributes attributes;
  bool reconnect = false;
  std::string participant_sid;
  /// What would otherwise follow on the connection: tracks, what it was subscribed to before a
  /// break, and last the offer.
  std::vector<ClientMessage> messages;
};

/// From base64url of the protobuf, whose inner message may be gzip. kInvalidArgument with a text
/// for the client.
Result<JoinRequest> decode_join_request(std::string_view parameter);

enum class JoinCompression : uint8_t { kNone = 0, kGzip = 1 };
/// The client's side, for tests and load generators. Messages of other kinds than those above are
/// left out.
std::string encode_join_request(const JoinRequest& request,
                                JoinCompression compression = JoinCompression::kGzip);

}  // namespace turms::livekit
