#pragma once

#include <cstdint>
#include <map>
#include <optional>
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
  /// In answers on a single peer connection: which published track each section carries.
  std::map<std::string, std::string> mid_to_track_id;
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
  std::string sid;  // of the track that gets another codec; empty: a new track
  TrackInfo info;   // without sid
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
  uint32_t priority = 0;  // 1 is the highest, 0: by the order of subscription
};
struct Leave {
  DisconnectReason reason = DisconnectReason::kClientInitiated;
};
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
struct PublishDataTrack {
  DataTrackInfo info;  // without sid
};
struct UnpublishDataTrack {
  uint32_t pub_handle = 0;
};
struct DataSubscription {
  std::string track_sid;
  bool subscribe = false;
  std::optional<uint32_t> target_fps;  // absent: every frame
};
struct UpdateDataSubscription {
  std::vector<DataSubscription> updates;
};
struct StoreDataBlob {
  uint32_t request_id = 0;
  DataBlob blob;
};
struct GetDataBlob {
  uint32_t request_id = 0;
  std::string participant_identity;
  DataBlobKey key;
};

/// A track of the client's and the sid that the server gave it.
struct PublishedTrackState {
  std::string cid;
  TrackInfo track;
};
struct DataChannelState {
  std::string label;
  uint32_t id = 0;
  TransportTarget target = TransportTarget::kPublisher;
};
/// The last reliable message that was received of a publisher.
struct DataReceiveState {
  std::string publisher_sid;
  uint32_t last_sequence = 0;
};
/// After a resume: what the client takes for true.
struct SyncState {
  UpdateSubscription subscription;
  std::vector<std::string> track_sids_disabled;
  std::optional<SessionDescription> answer;  // its last to the subscriber's offers
  std::optional<SessionDescription> offer;
  std::vector<PublishedTrackState> publish_tracks;
  std::vector<DataChannelState> data_channels;
  std::vector<DataReceiveState> data_receive_states;
  std::vector<DataTrackInfo> publish_data_tracks;
  UpdateDataSubscription data_subscription;
};

/// Trouble that a client under test asks for.
enum class Scenario : uint8_t {
  kOther,  // of a later protocol
  kSpeaker,
  kNodeFailure,
  kMigration,
  kServerLeave,
  kSwitchCandidateProtocol,
  kSubscriberBandwidth,
  kDisconnectSignalOnResume,
  kDisconnectSignalOnResumeNoMessages,
  kLeaveFullReconnect,
};
enum class CandidateProtocol : uint8_t { kUdp = 0, kTcp = 1, kTls = 2 };
struct Simulate {
  Scenario scenario = Scenario::kOther;
  /// Seconds of kSpeaker, bits per second of kSubscriberBandwidth (0: no limit), a
  /// CandidateProtocol of kSwitchCandidateProtocol.
  int64_t value = 0;
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
/// Other sizes of the layers of a track. Superseded by UpdateVideoTrack.
struct UpdateVideoLayers {
  std::string sid;
  std::vector<VideoLayer> layers;
};
/// A message of a later protocol.
struct Ignored {};

}  // namespace client

using ClientMessage =
    std::variant<client::Ignored, client::Description, Trickle, client::AddTrack, MuteTrack,
                 client::UpdateSubscription, client::UpdateTrackSettings, client::Leave,
                 client::SubscriptionPermission, client::SyncState, client::Simulate,
                 client::LegacyPing, client::Ping, client::UpdateMetadata, client::UpdateAudioTrack,
                 client::UpdateVideoTrack, client::UpdateVideoLayers, client::PublishDataTrack,
                 client::UnpublishDataTrack, client::UpdateDataSubscription, client::StoreDataBlob,
                 client::GetDataBlob>;

/// What the server says.
namespace server {

struct ServerInfo {
  std::string region;
  std::string node_id;
};
/// A STUN or TURN server for the client's candidates.
struct IceServer {
  std::vector<std::string> urls;
  std::string username;
  std::string credential;
};
struct ClientConfiguration {
  bool force_relay = false;
};
struct Join {
  RoomInfo room;
  ParticipantInfo participant;
  std::vector<ParticipantInfo> others;
  ServerInfo server;
  bool subscriber_primary = true;
  bool fast_publish = false;
  std::vector<IceServer> ice_servers;
  ClientConfiguration client_configuration;
  /// Ends every frame that the server makes itself, so that clients do not try to decrypt it.
  std::string sif_trailer;
};
struct Reconnect {
  ServerInfo server;
  std::vector<IceServer> ice_servers;
  ClientConfiguration client_configuration;
  /// Of the reliable messages received from the client: it sends again those after it.
  uint32_t last_message_sequence = 0;
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
enum class StreamState : uint8_t { kActive = 0, kPaused = 1 };
struct StreamStateInfo {
  std::string participant_sid;  // of the publisher
  std::string track_sid;
  StreamState state = StreamState::kActive;
};
/// Subscribed tracks that bandwidth allocation paused or let go on.
struct StreamStateUpdate {
  std::vector<StreamStateInfo> streams;
};
struct SubscribedQuality {
  VideoQuality quality = VideoQuality::kLow;
  bool enabled = false;
  bool operator==(const SubscribedQuality&) const = default;
};
struct SubscribedCodec {
  std::string codec;  // "vp8"
  std::vector<SubscribedQuality> qualities;
  bool operator==(const SubscribedCodec&) const = default;
};
/// To a publisher: the layers of a track that somebody watches.
struct SubscribedQualityUpdate {
  std::string track_sid;
  std::vector<SubscribedCodec> codecs;
};
struct SubscribedAudioCodec {
  std::string codec;
  bool enabled = false;
};
struct SubscribedAudioCodecUpdate {
  std::string track_sid;
  std::vector<SubscribedAudioCodec> codecs;
};
/// To a client with one peer connection: it shall offer again, with so many more sections in which
/// it receives.
struct MediaSectionsRequirement {
  uint32_t audios = 0;
  uint32_t videos = 0;
};
struct RoomMoved {
  RoomInfo room;
  std::string token;
  ParticipantInfo participant;
  std::vector<ParticipantInfo> others;
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
  kQueued = 4,
  kUnsupportedType = 5,
  kUnclassifiedError = 6,
  kInvalidHandle = 7,
  kInvalidName = 8,
  kDuplicateHandle = 9,
  kDuplicateName = 10,
  kInvalidRequest = 11,
};
/// Repeats the request that it answers, so that clients find what waits for it.
struct RequestResponse {
  uint32_t request_id = 0;
  RequestReason reason = RequestReason::kOk;
  std::string message;
  std::variant<std::monostate, client::AddTrack, MuteTrack, client::UpdateMetadata,
               client::UpdateAudioTrack, client::UpdateVideoTrack, Trickle,
               client::PublishDataTrack, client::UnpublishDataTrack>
      request;
};

struct DataTrackPublished {
  DataTrackInfo info;
};
struct DataTrackUnpublished {
  DataTrackInfo info;
};
struct SubscribedDataTrack {
  std::string publisher_identity;
  std::string publisher_sid;
  std::string track_sid;
};
/// The numbers under which a subscriber receives its data tracks: all of them each time.
struct DataTrackSubscriberHandles {
  std::map<uint32_t, SubscribedDataTrack> handles;
};
struct DataBlobStored {
  uint32_t request_id = 0;
  DataBlobKey key;
};
struct DataBlobFound {
  uint32_t request_id = 0;
  DataBlob blob;
};

}  // namespace server

using ServerMessage =
    std::variant<server::Join, server::Reconnect, server::Description, server::ParticipantUpdate,
                 server::TrackPublished, server::TrackUnpublished, server::TrackSubscribed,
                 server::Leave, MuteTrack, server::SpeakersChanged, server::RoomUpdate,
                 server::ConnectionQualityUpdate, server::SubscriptionPermissionUpdate,
                 server::RefreshToken, server::LegacyPong, server::Pong,
                 server::SubscriptionResponse, server::RequestResponse, Trickle,
                 server::StreamStateUpdate, server::SubscribedQualityUpdate,
                 server::SubscribedAudioCodecUpdate, server::MediaSectionsRequirement,
                 server::RoomMoved, server::DataTrackPublished, server::DataTrackUnpublished,
                 server::DataTrackSubscriberHandles, server::DataBlobStored, server::DataBlobFound>;

/// The version this server claims to be: client SDKs switch features by it.
inline constexpr const char* kServerVersion = "1.13.7";
inline constexpr int kProtocolVersion = 17;
inline constexpr int kAgentProtocolVersion = 1;
inline constexpr int kPingIntervalSeconds = 5;
inline constexpr int kPingTimeoutSeconds = 15;

}  // namespace turms::livekit
