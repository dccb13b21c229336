#pragma once

// Protobuf forms of what is said on the signalling connection. Slow to compile: only for this
// module's .cc files at the edge.

#include "base/overload.h"
#include "livekit/pb.h"
#include "livekit/signal.h"
#include "livekit/signal.pb.h"

namespace turms::livekit {

void to_pb(const ServerMessage& in, pb::SignalResponse& out);
void to_pb(const ClientMessage& in, pb::SignalRequest& out);

/// Numbers that no enumeration of ours has become its default, or what does least harm.
ClientMessage from_pb(const pb::SignalRequest& in);
SessionDescription from_pb(const pb::SessionDescription& in);
client::AddTrack from_pb(const pb::AddTrackRequest& in);
client::SyncState from_pb(const pb::SyncState& in);

void to_pb(const server::ServerInfo& in, pb::ServerInfo& out);

// Parts that both directions carry.
void to_pb(const SessionDescription& in, pb::SessionDescription& out);
void to_pb(const Trickle& in, pb::TrickleRequest& out);
void to_pb(const MuteTrack& in, pb::MuteTrackRequest& out);
void to_pb(const client::AddTrack& in, pb::AddTrackRequest& out);
void to_pb(const client::UpdateMetadata& in, pb::UpdateParticipantMetadata& out);
void to_pb(const client::UpdateAudioTrack& in, pb::UpdateLocalAudioTrack& out);
void to_pb(const client::UpdateVideoTrack& in, pb::UpdateLocalVideoTrack& out);
void to_pb(const client::PublishDataTrack& in, pb::PublishDataTrackRequest& out);
void to_pb(const DataBlobKey& in, pb::DataBlobKey& out);
void to_pb(const DataBlob& in, pb::DataBlob& out);

}  // namespace turms::livekit
