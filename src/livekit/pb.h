#pragma once

// Protobuf forms of the value types. Slow to compile: only for this module's .cc files at the edge.

#include <google/protobuf/util/json_util.h>

#include <string>
#include <string_view>

#include "livekit/models.pb.h"
#include "livekit/types.h"

namespace turms::livekit {

namespace pb = ::livekit;

void to_pb(const RoomInfo& in, pb::Room& out);
void to_pb(const ParticipantInfo& in, pb::ParticipantInfo& out);
void to_pb(const TrackInfo& in, pb::TrackInfo& out);
void to_pb(const Permission& in, pb::ParticipantPermission& out);
void to_pb(const VideoLayer& in, pb::VideoLayer& out);
void to_pb(const DataTrackInfo& in, pb::DataTrackInfo& out);
void to_pb(const DataTrackSchemaId& in, pb::DataTrackSchemaId& out);

Permission from_pb(const pb::ParticipantPermission& in);
VideoLayer from_pb(const pb::VideoLayer& in);
TrackInfo from_pb(const pb::TrackInfo& in);
DataTrackInfo from_pb(const pb::DataTrackInfo& in);
DataTrackSchemaId from_pb(const pb::DataTrackSchemaId& in);

/// Numbers that no enumerator of ours has are kUnknown, and kCustom: something is encrypted.
TrackSource source_from_pb(int source);
EncryptionType encryption_from_pb(int encryption);

enum class JsonNames { kCamel, kProto };
/// LiveKit writes signalling and webhooks in camel case without default values, and API answers
/// with the names of the .proto files and every plain field.
std::string to_json(const google::protobuf::Message& message, JsonNames names);
/// Takes both spellings and ignores unknown fields. False when it does not fit the message.
bool from_json(std::string_view json, google::protobuf::Message& message);

}  // namespace turms::livekit
