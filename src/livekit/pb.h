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

Permission from_pb(const pb::ParticipantPermission& in);
VideoLayer from_pb(const pb::VideoLayer& in);

/// Numbers that no enumerator of ours has become `fallback`.
TrackSource source_from_pb(int source);

enum class JsonNames { kCamel, kProto };
/// LiveKit writes signalling and webhooks in camel case without default values, and API answers
/// with the names of the .proto files and every plain field.
std::string to_json(const google::protobuf::Message& message, JsonNames names);
/// Takes both spellings and ignores unknown fields. False when it does not fit the message.
bool from_json(std::string_view json, google::protobuf::Message& message);

}  // namespace turms::livekit
