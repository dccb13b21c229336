#include <map>
#include <optional>
#include <set>

#include "livekit/agent_pb.h"
#include "livekit/room.pb.h"
#include "livekit/twirp.h"

namespace turms::livekit::twirp {
namespace {

Status create_room(const Call& call, const pb::CreateRoomRequest& in, pb::Room& out) {
  if (const Status allowed = call.must(&VideoGrants::room_create); !allowed) return allowed;
  if (in.name().size() > call.config.limits.room_name) {
    return fail(ErrorCode::kInvalidArgument, "room name length exceeds limits");
  }
  if (in.metadata().size() > call.config.limits.metadata) {
    return fail(ErrorCode::kInvalidArgument, "metadata size exceeds limits");
  }
  RoomSettings settings;
  if (in.empty_timeout() != 0) settings.empty_timeout_s = in.empty_timeout();
  if (in.departure_timeout() != 0) settings.departure_timeout_s = in.departure_timeout();
  if (in.max_participants() != 0) settings.max_participants = in.max_participants();
  settings.metadata = in.metadata();
  if (in.min_playout_delay() != 0) settings.min_playout_delay_ms = in.min_playout_delay();
  if (in.max_playout_delay() != 0) settings.max_playout_delay_ms = in.max_playout_delay();
  if (in.sync_streams()) settings.sync_streams = true;
  // One that is there stays as it is.
  for (const pb::RoomAgentDispatch& agent : in.agents()) {
    if (agent.metadata().size() > call.config.limits.metadata) {
      return fail(ErrorCode::kInvalidArgument, "metadata size exceeds limits");
    }
    settings.agents.push_back(requested_agent(agent));
  }
  const auto complete = room_settings(call.config, in.room_preset(), settings);
  if (!complete) return fail(ErrorCode::kInvalidArgument, std::string(kUnknownPreset));
  if (call.rooms.find(in.name()) == nullptr) {
    if (Status left = call.rooms.admit(in.name(), {}); !left) return left;
  }
  const auto room = call.rooms.open(in.name(), *complete);
  if (!room) return std::unexpected(room.error());
  to_pb((*room)->info(), out);
  return {};
}

Status list_rooms(const Call& call, const pb::ListRoomsRequest& in, pb::ListRoomsResponse& out) {
  if (const Status allowed = call.must(&VideoGrants::room_list); !allowed) return allowed;
  if (in.names().empty()) {
    for (const Room* room : call.rooms.all()) to_pb(room->info(), *out.add_rooms());
  }
  for (const std::string& name : std::set(in.names().begin(), in.names().end())) {
    if (const Room* room = call.rooms.find(name)) to_pb(room->info(), *out.add_rooms());
  }
  return {};
}

Status delete_room(const Call& call, const pb::DeleteRoomRequest& in, pb::DeleteRoomResponse&) {
  if (const Status allowed = call.must(&VideoGrants::room_create); !allowed) return allowed;
  const auto room = call.room(in.room());
  if (!room) return std::unexpected(room.error());
  (*room)->close(call.now, DisconnectReason::kRoomDeleted);
  call.rooms.touch(**room);
  return {};
}

Status update_room_metadata(const Call& call, const pb::UpdateRoomMetadataRequest& in,
                            pb::Room& out) {
  if (in.metadata().size() > call.config.limits.metadata) {
    return fail(ErrorCode::kInvalidArgument, "metadata size exceeds limits");
  }
  if (const Status allowed = call.admin_of(in.room()); !allowed) return allowed;
  const auto room = call.room(in.room());
  if (!room) return std::unexpected(room.error());
  (*room)->update_metadata(call.now, in.metadata());
  call.rooms.touch(**room);
  to_pb((*room)->info(), out);
  return {};
}

Status list_participants(const Call& call, const pb::ListParticipantsRequest& in,
                         pb::ListParticipantsResponse& out) {
  if (const Status allowed = call.admin_of(in.room()); !allowed) return allowed;
  const Room* room = call.rooms.find(in.room());
  if (room == nullptr) return {};
  for (const ParticipantInfo& participant : room->participants()) {
    to_pb(participant, *out.add_participants());
  }
  return {};
}

Status get_participant(const Call& call, const pb::RoomParticipantIdentity& in,
                       pb::ParticipantInfo& out) {
  if (const Status allowed = call.admin_of(in.room()); !allowed) return allowed;
  const auto room = call.room_with(in.room(), in.identity());
  if (!room) return std::unexpected(room.error());
  to_pb(*(*room)->participant(in.identity()), out);
  return {};
}

Status remove_participant(const Call& call, const pb::RoomParticipantIdentity& in,
                          pb::RemoveParticipantResponse&) {
  if (const Status allowed = call.admin_of(in.room()); !allowed) return allowed;
  const auto room = call.room_with(in.room(), in.identity());
  if (!room) return std::unexpected(room.error());
  call.rooms.touch(**room);
  return (*room)->remove_participant(call.now, in.identity());
}

Status mute_published_track(const Call& call, const pb::MuteRoomTrackRequest& in,
                            pb::MuteRoomTrackResponse& out) {
  if (const Status allowed = call.admin_of(in.room()); !allowed) return allowed;
  const auto room = call.room_with(in.room(), in.identity());
  if (!room) return std::unexpected(room.error());
  const auto track = (*room)->mute_track(call.now, in.identity(), in.track_sid(), in.muted());
  call.rooms.touch(**room);
  if (!track) return std::unexpected(track.error());
  to_pb(*track, *out.mutable_track());
  return {};
}

Status update_participant(const Call& call, const pb::UpdateParticipantRequest& in,
                          pb::ParticipantInfo& out) {
  if (const Status allowed = call.admin_of(in.room()); !allowed) return allowed;
  const auto room = call.room_with(in.room(), in.identity());
  if (!room) return std::unexpected(room.error());
  Room::ParticipantChange change;
  change.name = in.name();
  change.metadata = in.metadata();
  change.attributes = {in.attributes().begin(), in.attributes().end()};
  if (in.has_permission()) change.permission = from_pb(in.permission());
  const auto participant = (*room)->update_participant(call.now, in.identity(), change);
  call.rooms.touch(**room);
  if (!participant) return std::unexpected(participant.error());
  to_pb(*participant, out);
  return {};
}

Status update_subscriptions(const Call& call, const pb::UpdateSubscriptionsRequest& in,
                            pb::UpdateSubscriptionsResponse&) {
  if (const Status allowed = call.admin_of(in.room()); !allowed) return allowed;
  const auto room = call.room_with(in.room(), in.identity());
  if (!room) return std::unexpected(room.error());
  std::vector<std::string> sids(in.track_sids().begin(), in.track_sids().end());
  for (const pb::ParticipantTracks& tracks : in.participant_tracks()) {
    sids.insert(sids.end(), tracks.track_sids().begin(), tracks.track_sids().end());
  }
  call.rooms.touch(**room);
  return (*room)->update_subscriptions(call.now, in.identity(), sids, in.subscribe());
}

Status send_data(const Call& call, const pb::SendDataRequest& in, pb::SendDataResponse&) {
  if (const Status allowed = call.admin_of(in.room()); !allowed) return allowed;
  constexpr size_t kNonce = 16;
  if (!in.nonce().empty() && in.nonce().size() != kNonce) {
    return fail(ErrorCode::kInvalidArgument, "nonce should be 16-bytes or not present, got: " +
                                                 std::to_string(in.nonce().size()) + " bytes");
  }
  Room* room = call.rooms.find(in.room());
  if (room == nullptr) return fail(ErrorCode::kNotFound, "requested room does not exist");
  Room::DataMessage message;
  message.payload = in.data();
  message.reliable = in.kind() != pb::DataPacket::LOSSY;
  if (in.has_topic()) message.topic = in.topic();
  message.destination_identities = {in.destination_identities().begin(),
                                    in.destination_identities().end()};
  message.destination_sids = {in.destination_sids().begin(), in.destination_sids().end()};
  message.nonce = in.nonce();
  return room->send_data(message);
}

/// As LiveKit's errors of calls between participants are mapped by its server.
Error to_error(const RpcError& error) {
  std::string text = "RpcError " + std::to_string(error.code) + ": " + error.message;
  if (!error.data.empty()) text += ": " + error.data;
  switch (error.code) {
    case RpcError::kConnectionTimeout:
    case RpcError::kResponseTimeout:
      return {ErrorCode::kCancelled, std::move(text)};
    case RpcError::kRecipientDisconnected:
      return {ErrorCode::kUnavailable, std::move(text)};
    case RpcError::kUnsupportedMethod:
    case RpcError::kRequestTooLarge:
      return {ErrorCode::kInvalidArgument, std::move(text)};
    case RpcError::kNotFound:
      return {ErrorCode::kNotFound, std::move(text)};
    default:
      return {ErrorCode::kInternal, std::move(text)};
  }
}

void perform_rpc(const Call& call, const pb::PerformRpcRequest& in,
                 const std::function<void(Result<pb::PerformRpcResponse>)>& done) {
  if (const Status allowed = call.admin_of(in.room()); !allowed) {
    return done(std::unexpected(allowed.error()));
  }
  if (in.destination_identity().empty()) {
    return done(fail(ErrorCode::kInvalidArgument, "destination identity is required"));
  }
  const auto room = call.room_with(in.room(), in.destination_identity());
  if (!room) return done(std::unexpected(room.error()));
  RpcRequest request{in.destination_identity(), in.method(), in.payload()};
  if (in.response_timeout_ms() != 0) {
    request.timeout = std::chrono::milliseconds(in.response_timeout_ms());
  }
  (*room)->perform_rpc(call.now, request, [done](std::expected<std::string, RpcError> answer) {
    if (!answer) return done(std::unexpected(to_error(answer.error())));
    pb::PerformRpcResponse out;
    out.set_payload(std::move(*answer));
    done(std::move(out));
  });
  call.rooms.touch(**room);
}

/// What LiveKit asks of whoever takes a participant to another room, and first of all.
Status between_rooms(const Call& call, const std::string& source, const std::string& destination) {
  if (const Status allowed = call.admin_of(source); !allowed) return allowed;
  if (call.grants.video->destination_room != destination) {
    return fail(ErrorCode::kUnauthenticated, "permissions denied");
  }
  if (destination.empty() || destination == source) {
    return fail(ErrorCode::kInvalidArgument, "the destination must be another room");
  }
  return {};
}

void forward_participant(const Call& call, BodyType type, const std::string& body,
                         Responder responder) {
  pb::ForwardParticipantRequest in;
  if (const Status parsed = read(type, body, in); !parsed) {
    return responder.send(malformed(parsed.error().message));
  }
  const Status allowed = between_rooms(call, in.room(), in.destination_room());
  if (!allowed) return responder.send(error_response(allowed.error()));
  responder.send(
      unimplemented("this server does not forward participants to a second room; "
                    "MoveParticipant is served"));
}

Status move_participant(const Call& call, const pb::MoveParticipantRequest& in,
                        pb::MoveParticipantResponse&) {
  const Status allowed = between_rooms(call, in.room(), in.destination_room());
  if (!allowed) return allowed;
  if (in.destination_room().size() > call.config.limits.room_name) {
    return fail(ErrorCode::kInvalidArgument, "room name length exceeds limits");
  }
  const auto room = call.room_with(in.room(), in.identity());
  if (!room) return std::unexpected(room.error());
  if (!call.config.room.auto_create && call.rooms.find(in.destination_room()) == nullptr) {
    return fail(ErrorCode::kNotFound, "requested room does not exist");
  }
  const auto destination = call.rooms.open(in.destination_room(), RoomSettings{});
  if (!destination) return std::unexpected(destination.error());
  const auto participant = (*room)->participant(in.identity());
  if (const Status space = (*destination)->has_space_for(*participant); !space) return space;
  call.rooms.touch(**room);
  return (*room)->move_participant(call.now, in.identity(), (*destination)->info());
}

}  // namespace

const Methods& room_service() {
  static const Methods table{
      {"CreateRoom", method(create_room)},
      {"ListRooms", method(list_rooms)},
      {"DeleteRoom", method(delete_room)},
      {"UpdateRoomMetadata", method(update_room_metadata)},
      {"ListParticipants", method(list_participants)},
      {"GetParticipant", method(get_participant)},
      {"RemoveParticipant", method(remove_participant)},
      {"MutePublishedTrack", method(mute_published_track)},
      {"UpdateParticipant", method(update_participant)},
      {"UpdateSubscriptions", method(update_subscriptions)},
      {"SendData", method(send_data)},
      {"PerformRpc", method(perform_rpc)},
      {"ForwardParticipant", forward_participant},
      {"MoveParticipant", method(move_participant)},
  };
  return table;
}

}  // namespace turms::livekit::twirp
