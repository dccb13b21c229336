#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "livekit/types.h"

/// What is said on the signalling connection, as values. The wire form is signal_codec's business.
namespace turms::livekit {

/// "offer" or "answer" with its SDP. An answer repeats its offer's id.
struct SessionDescription {
  std::string type;
  std::string sdp;
  uint32_t id = 0;
};

enum class TransportTarget : uint8_t { kPublisher = 0, kSubscriber = 1 };

struct Trickle {
  std::string candidate_init;  // JSON of RTCIceCandidateInit
  TransportTarget target = TransportTarget::kPublisher;
  bool final = false;
};

struct MuteTrack {
  std::string sid;
  bool muted = false;
};

/// What a client may say.
namespace client {

struct Description {
  SessionDescription description;
};
struct AddTrack {
  std::string cid;
  std::string sid;
  TrackInfo info;  // without sid
};
struct UpdateSubscription {
  std::vector<std::string> track_sids;
  bool subscribe = false;
};
struct UpdateTrackSettings {
  std::vector<std::string> track_sids;
  bool disabled = false;
  VideoQuality quality = VideoQuality::kLow;
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t fps = 0;
};
struct Leave {};
struct TrackPermission {
  std::string participant_sid;
  std::string participant_identity;
  bool all_tracks = false;
  std::vector<std::string> track_sids;
};
struct SubscriptionPermission {
  bool all_participants = false;
  std::vector<TrackPermission> tracks;
};
/// After a resume: what the client was subscribed to and what it had switched off.
struct SyncState {
  UpdateSubscription subscription;
  std::vector<std::string> track_sids_disabled;
};
enum class Scenario : uint8_t { kOther, kNodeFailure, kServerLeave, kLeaveFullReconnect, kSpeaker };
struct Simulate {
  Scenario scenario = Scenario::kOther;
};
struct LegacyPing {
  int64_t timestamp = 0;
};
struct Ping {
  int64_t timestamp = 0;
  int64_t rtt_ms = 0;
};
struct UpdateMetadata {
  std::string name;
  std::string metadata;
  Attributes attributes;
  uint32_t request_id = 0;
};
struct UpdateAudioTrack {
  std::string sid;
  std::vector<uint8_t> features;
};
struct UpdateVideoTrack {
  std::string sid;
  uint32_t width = 0;
  uint32_t height = 0;
};
/// A message of a later protocol, or one that needs no action.
struct Ignored {};

}  // namespace client

using ClientMessage =
    std::variant<client::Ignored, client::Description, Trickle, client::AddTrack, MuteTrack,
                 client::UpdateSubscription, client::UpdateTrackSettings, client::Leave,
                 client::SubscriptionPermission, client::SyncState, client::Simulate,
                 client::LegacyPing, client::Ping, client::UpdateMetadata, client::UpdateAudioTrack,
                 client::UpdateVideoTrack>;

/// What the server says.
namespace server {

struct ServerInfo {
  std::string region;
  std::string node_id;
};
struct Join {
  RoomInfo room;
  ParticipantInfo participant;
  std::vector<ParticipantInfo> others;
  ServerInfo server;
  bool subscriber_primary = true;
  bool fast_publish = false;
};
struct Reconnect {
  ServerInfo server;
};
struct Description {
  SessionDescription description;
};
struct ParticipantUpdate {
  std::vector<ParticipantInfo> participants;
};
struct TrackPublished {
  std::string cid;
  TrackInfo track;
};
struct TrackUnpublished {
  std::string sid;
};
struct TrackSubscribed {
  std::string sid;
};
enum class LeaveAction : uint8_t { kDisconnect = 0, kResume = 1, kReconnect = 2 };
struct Leave {
  DisconnectReason reason = DisconnectReason::kUnknown;
  LeaveAction action = LeaveAction::kDisconnect;
};
struct SpeakerState {
  std::string participant_sid;
  float level = 0;
  bool active = false;
};
struct SpeakersChanged {
  std::vector<SpeakerState> speakers;
};
struct RoomUpdate {
  RoomInfo room;
};
struct QualityInfo {
  std::string participant_sid;
  livekit::ConnectionQuality quality = livekit::ConnectionQuality::kExcellent;
  float score = 0;
};
struct ConnectionQualityUpdate {
  std::vector<QualityInfo> updates;
};
struct SubscriptionPermissionUpdate {
  std::string participant_sid;
  std::string track_sid;
  bool allowed = false;
};
struct RefreshToken {
  std::string token;
};
struct LegacyPong {
  int64_t timestamp = 0;
};
struct Pong {
  int64_t last_ping_timestamp = 0;
  int64_t timestamp = 0;
};
enum class SubscriptionError : uint8_t { kUnknown = 0, kCodecUnsupported = 1, kTrackNotFound = 2 };
struct SubscriptionResponse {
  std::string track_sid;
  SubscriptionError error = SubscriptionError::kUnknown;
};
enum class RequestReason : uint8_t {
  kOk = 0,
  kNotFound = 1,
  kNotAllowed = 2,
  kLimitExceeded = 3,
  kInvalidRequest = 11,
};
/// Repeats the request that it answers, so that clients find what waits for it.
struct RequestResponse {
  uint32_t request_id = 0;
  RequestReason reason = RequestReason::kOk;
  std::string message;
  std::variant<std::monostate, client::AddTrack, MuteTrack, client::UpdateMetadata,
               client::UpdateAudioTrack, client::UpdateVideoTrack>
      request;
};

}  // namespace server

using ServerMessage =
    std::variant<server::Join, server::Reconnect, server::Description, server::ParticipantUpdate,
                 server::TrackPublished, server::TrackUnpublished, server::TrackSubscribed,
                 server::Leave, MuteTrack, server::SpeakersChanged, server::RoomUpdate,
                 server::ConnectionQualityUpdate, server::SubscriptionPermissionUpdate,
                 server::RefreshToken, server::LegacyPong, server::Pong,
                 server::SubscriptionResponse, server::RequestResponse>;

/// The version this server claims to be: client SDKs switch features by it.
inline constexpr const char* kServerVersion = "1.13.5";
inline constexpr int kProtocolVersion = 17;
inline constexpr int kPingIntervalSeconds = 5;
inline constexpr int kPingTimeoutSeconds = 15;

}  // namespace turms::livekit
