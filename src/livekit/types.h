#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/strong_int.h"
#include "base/time.h"
#include "rtc/parameters.h"

/// Rooms, participants and tracks as values. Numbers of the enums are the protocol's, so that the
/// edges translate by a cast.
namespace turms::livekit {

/// One join of one participant; never reused in a process.
using ParticipantKey = StrongInt<struct ParticipantKeyTag, uint64_t>;

enum class TrackType : uint8_t { kAudio = 0, kVideo = 1, kData = 2 };
enum class TrackSource : uint8_t {
  kUnknown = 0,
  kCamera = 1,
  kMicrophone = 2,
  kScreenShare = 3,
  kScreenShareAudio = 4,
};
enum class VideoQuality : uint8_t { kLow = 0, kMedium = 1, kHigh = 2, kOff = 3 };
enum class EncryptionType : uint8_t { kNone = 0, kGcm = 1, kCustom = 2 };
enum class ParticipantState : uint8_t { kJoining = 0, kJoined = 1, kActive = 2, kDisconnected = 3 };
enum class ParticipantKind : uint8_t {
  kStandard = 0,
  kIngress = 1,
  kEgress = 2,
  kSip = 3,
  kAgent = 4,
  kConnector = 7,
  kBridge = 8,
};
enum class KindDetail : uint8_t {
  kCloudAgent = 0,
  kForwarded = 1,
  kConnectorWhatsapp = 2,
  kConnectorTwilio = 3,
  kBridgeRtsp = 4,
  kSimulation = 5,
};
enum class ConnectionQuality : uint8_t { kPoor = 0, kGood = 1, kExcellent = 2, kLost = 3 };
enum class DisconnectReason : uint8_t {
  kUnknown = 0,
  kClientInitiated = 1,
  kDuplicateIdentity = 2,
  kServerShutdown = 3,
  kParticipantRemoved = 4,
  kRoomDeleted = 5,
  kStateMismatch = 6,
  kJoinFailure = 7,
  kMigration = 8,
  kSignalClose = 9,
  kRoomClosed = 10,
  kUserUnavailable = 11,
  kUserRejected = 12,
  kSipTrunkFailure = 13,
  kConnectionTimeout = 14,
  kMediaFailure = 15,
  kAgentError = 16,
};

using Attributes = std::map<std::string, std::string>;

struct Permission {
  bool can_subscribe = true;
  bool can_publish = true;
  bool can_publish_data = true;
  std::vector<TrackSource> can_publish_sources;  // empty: every source
  bool hidden = false;
  bool recorder = false;
  bool agent = false;
  bool can_update_metadata = false;
  bool can_subscribe_metrics = false;
  bool can_manage_agent_session = false;

  [[nodiscard]] bool may_publish(TrackSource source) const;
  bool operator==(const Permission&) const = default;
};

struct VideoLayer {
  VideoQuality quality = VideoQuality::kHigh;
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t bitrate = 0;
  uint32_t ssrc = 0;
  int32_t spatial_layer = 0;
  std::string rid;
  uint32_t repair_ssrc = 0;
};

struct SimulcastCodec {
  std::string mime_type;
  std::string mid;
  std::string cid;
  std::vector<VideoLayer> layers;
  uint8_t video_layer_mode = 0;
  std::string sdp_cid;  // set only where the client's SDP uses another id than its request
};

struct TrackInfo {
  std::string sid;
  TrackType type = TrackType::kAudio;
  TrackSource source = TrackSource::kUnknown;
  std::string name;
  std::string stream;
  std::string mime_type;
  std::string mid;
  bool muted = false;
  bool simulcast = false;
  bool disable_dtx = false;
  bool disable_red = false;
  bool stereo = false;
  uint32_t width = 0;
  uint32_t height = 0;
  EncryptionType encryption = EncryptionType::kNone;
  uint8_t backup_codec_policy = 0;
  std::vector<VideoLayer> layers;
  std::vector<SimulcastCodec> codecs;
  std::vector<uint8_t> audio_features;
  std::vector<uint8_t> packet_trailer_features;
  int64_t version_us = 0;
};

/// A format of frames or of a schema: one of the protocol's numbers, or the application's own name.
using DataEncoding = std::variant<std::monostate, int32_t, std::string>;

struct DataTrackSchemaId {
  std::string name;
  DataEncoding encoding;
  bool operator==(const DataTrackSchemaId&) const = default;
};

struct DataTrackInfo {
  uint32_t pub_handle = 0;  // the publisher's own number of it: 1 to 65535
  std::string sid;          // DTR_…
  std::string name;
  EncryptionType encryption = EncryptionType::kNone;
  std::optional<DataEncoding> frame_encoding;
  std::optional<DataTrackSchemaId> schema;
  bool operator==(const DataTrackInfo&) const = default;
};

using DataBlobKey = std::variant<std::monostate, std::string, DataTrackSchemaId>;

struct DataBlob {
  DataBlobKey key;
  std::string contents;
};

struct ParticipantInfo {
  std::string sid;
  std::string identity;
  std::string name;
  std::string metadata;
  Attributes attributes;
  ParticipantState state = ParticipantState::kJoining;
  ParticipantKind kind = ParticipantKind::kStandard;
  std::vector<KindDetail> kind_details;
  Permission permission;
  bool is_publisher = false;
  std::vector<TrackInfo> tracks;
  std::vector<DataTrackInfo> data_tracks;
  int64_t joined_at_ms = 0;
  uint32_t version = 0;
  std::string region;
  DisconnectReason disconnect_reason = DisconnectReason::kUnknown;
  int32_t client_protocol = 0;
  std::vector<uint8_t> capabilities;

  /// It works for others: an agent or a recorder, who takes no place of a person.
  [[nodiscard]] bool is_dependent() const;
};

struct RoomInfo {
  std::string sid;
  std::string name;
  std::string metadata;
  int64_t creation_time_ms = 0;
  uint32_t empty_timeout_s = 0;
  uint32_t departure_timeout_s = 0;
  uint32_t max_participants = 0;
  uint32_t num_participants = 0;
  uint32_t num_publishers = 0;
  bool active_recording = false;
  std::vector<rtc::Codec> enabled_codecs;
};

}  // namespace turms::livekit
