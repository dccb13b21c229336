#include "livekit/room_service.h"

#include <algorithm>
#include <boost/json.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/metrics.h"
#include "livekit/authorization.h"
#include "livekit/pb.h"
#include "livekit/room.pb.h"
#include "net/text.h"

namespace turms::livekit {
namespace {

namespace json = boost::json;

constexpr std::string_view kPrefix = "/twirp/";
constexpr std::string_view kService = "livekit.RoomService";
constexpr std::string_view kOtherServices[] = {"livekit.Egress", "livekit.Ingress", "livekit.SIP",
                                               "livekit.AgentDispatchService"};

struct TwirpError {
  std::string_view code;
  int status;
};
// https://twitchtv.github.io/twirp/docs/errors.html
constexpr TwirpError kBadRoute{"bad_route", 404};
constexpr TwirpError kMalformed{"malformed", 400};
constexpr TwirpError kUnimplemented{"unimplemented", 501};

TwirpError twirp_error(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return {"invalid_argument", 400};
    case ErrorCode::kUnauthenticated:
      return {"unauthenticated", 401};
    case ErrorCode::kPermissionDenied:
      return {"permission_denied", 403};
    case ErrorCode::kNotFound:
      return {"not_found", 404};
    case ErrorCode::kAlreadyExists:
      return {"already_exists", 409};
    case ErrorCode::kFailedPrecondition:
      return {"failed_precondition", 412};
    case ErrorCode::kResourceExhausted:
      return {"resource_exhausted", 429};
    case ErrorCode::kUnavailable:
      return {"unavailable", 503};
    case ErrorCode::kDeadlineExceeded:
      return {"deadline_exceeded", 408};
    case ErrorCode::kCancelled:
      return {"canceled", 408};
    case ErrorCode::kInternal:
      break;
  }
  return {"internal", 500};
}

net::HttpResponse error_response(TwirpError error, std::string_view message,
                                 json::object meta = {}) {
  metrics::counter("turms_livekit_api_errors_total", "Server API requests refused",
                   {{"code", error.code}})
      .add();
  json::object body{{"code", error.code}, {"msg", message}};
  if (!meta.empty()) body["meta"] = std::move(meta);
  return net::HttpResponse::json(error.status, json::serialize(body));
}

net::HttpResponse bad_route(const net::HttpRequest& request, std::string_view message) {
  return error_response(kBadRoute, message,
                        {{"twirp_invalid_route", request.method + " " + request.path}});
}

/// As for any other body that cannot be read.
net::HttpResponse body_too_long() {
  return error_response(kMalformed, "the request body is too long");
}

/// What a method may use.
struct Call {
  const ServiceConfig& config;
  Rooms& rooms;
  const Grants& grants;
  Now now;

  [[nodiscard]] bool allows(bool VideoGrants::*right) const {
    return grants.video && (*grants.video).*right;
  }
  [[nodiscard]] Status admin_of(const std::string& room) const {
    if (allows(&VideoGrants::room_admin) && grants.video->room == room) return {};
    return fail(ErrorCode::kUnauthenticated, "permissions denied");
  }
  [[nodiscard]] Status must(bool VideoGrants::*right) const {
    if (allows(right)) return {};
    return fail(ErrorCode::kUnauthenticated, "permissions denied");
  }
  [[nodiscard]] Result<Room*> room(const std::string& name) const {
    if (Room* found = rooms.find(name)) return found;
    return fail(ErrorCode::kNotFound, "requested room does not exist");
  }
  /// The room of a participant: an unknown one has no participants.
  [[nodiscard]] Result<Room*> room_with(const std::string& name,
                                        const std::string& identity) const {
    Room* found = rooms.find(name);
    if (found != nullptr && found->participant(identity)) return found;
    return fail(ErrorCode::kNotFound, "participant does not exist");
  }
};

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
  // One that is there stays as it is.
  const auto complete = room_settings(call.config, in.room_preset(), settings);
  if (!complete) return fail(ErrorCode::kInvalidArgument, std::string(kUnknownPreset));
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

// ---- from HTTP to a method and back

enum class BodyType : uint8_t { kJson, kProtobuf };

/// Answers at once or later.
using Method = std::function<void(const Call&, BodyType, const std::string& body,
                                  net::HttpResponder responder)>;

template <class Request>
Status read(BodyType type, const std::string& body, Request& request) {
  if (type == BodyType::kJson) {
    if (from_json(body, request)) return {};
    return fail(ErrorCode::kInvalidArgument, "the json request could not be decoded");
  }
  if (request.ParseFromString(body)) return {};
  return fail(ErrorCode::kInvalidArgument, "the protobuf request could not be decoded");
}

net::HttpResponse response_of(BodyType type, const google::protobuf::Message& response) {
  if (type == BodyType::kJson) {
    return net::HttpResponse::json(200, to_json(response, JsonNames::kProto));
  }
  net::HttpResponse out;
  out.headers.add("Content-Type", "application/protobuf");
  out.body = response.SerializeAsString();
  return out;
}

template <class Request, class Response>
Method method(Status (*run)(const Call&, const Request&, Response&)) {
  return [run](const Call& call, BodyType type, const std::string& body,
               net::HttpResponder responder) {
    Request request;
    if (const Status parsed = read(type, body, request); !parsed) {
      return responder.send(error_response(kMalformed, parsed.error().message));
    }
    Response response;
    if (const Status done = run(call, request, response); !done) {
      return responder.send(error_response(twirp_error(done.error().code), done.error().message));
    }
    responder.send(response_of(type, response));
  };
}

/// One that answers later.
template <class Request, class Response>
Method method(void (*run)(const Call&, const Request&,
                          const std::function<void(Result<Response>)>&)) {
  return [run](const Call& call, BodyType type, const std::string& body,
               net::HttpResponder responder) {
    Request request;
    if (const Status parsed = read(type, body, request); !parsed) {
      return responder.send(error_response(kMalformed, parsed.error().message));
    }
    const auto waiting = std::make_shared<net::HttpResponder>(std::move(responder));
    run(call, request, [waiting, type](Result<Response> done) {
      waiting->send(done ? response_of(type, *done)
                         : error_response(twirp_error(done.error().code), done.error().message));
    });
  };
}

const std::map<std::string, Method, std::less<>>& methods() {
  static const std::map<std::string, Method, std::less<>> table{
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
  };
  return table;
}

// Of the protocol, but not served.
bool is_unserved(std::string_view name) {
  return name == "ForwardParticipant" || name == "MoveParticipant";
}

std::optional<BodyType> body_type(const net::HttpRequest& request) {
  std::string_view type = request.header("Content-Type").value_or("");
  type = net::trim(type.substr(0, type.find(';')));
  // RFC 9110 section 8.3.1: types compare without case.
  if (net::equal_ignoring_case(type, "application/json")) return BodyType::kJson;
  if (net::equal_ignoring_case(type, "application/protobuf")) return BodyType::kProtobuf;
  return std::nullopt;
}

}  // namespace

RoomService::RoomService(const ServiceConfig& config, Rooms& rooms)
    : config_(config), rooms_(rooms) {}

void RoomService::register_routes(net::HttpRoutes& server) {
  for (const std::string prefix : {"", "/"}) {
    server.route_prefix(
        "*", prefix + std::string(kPrefix),
        [this](const net::HttpRequest& request, net::HttpResponder responder) {
          handle(request, std::move(responder));
        },
        {.max_body_bytes = config_.limits.api_body, .too_long = body_too_long, .any_origin = true});
  }
}

void RoomService::handle(const net::HttpRequest& request, net::HttpResponder responder) {
  const auto authorized = authorize(request, config_.keys, wall_now());
  if (!authorized) return responder.send(net::HttpResponse::text(401, authorized.error().message));

  std::string_view path = request.path;
  while (path.starts_with("//")) path.remove_prefix(1);
  path.remove_prefix(std::min(kPrefix.size(), path.size()));
  const size_t slash = path.find('/');
  const std::string_view service = path.substr(0, slash);
  const std::string_view name =
      slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  const bool other = std::find(std::begin(kOtherServices), std::end(kOtherServices), service) !=
                     std::end(kOtherServices);
  if (service != kService && !other)
    return responder.send(net::HttpResponse::text(404, "404 page not found\n"));
  if (request.method != "POST") {
    return responder.send(
        bad_route(request, "unsupported method \"" + request.method + "\" (only POST is allowed)"));
  }
  const auto type = body_type(request);
  if (!type) {
    return responder.send(
        bad_route(request, "unexpected Content-Type: \"" +
                               std::string(request.header("Content-Type").value_or("")) + "\""));
  }
  const bool unserved = other || is_unserved(name);
  const auto found = methods().find(name);
  if (!unserved && found == methods().end()) {
    return responder.send(bad_route(request, "no handler for path \"" + request.path + "\""));
  }
  // Before anything is parsed for a stranger.
  if (!*authorized) {
    return responder.send(
        error_response(twirp_error(ErrorCode::kUnauthenticated), "permissions denied"));
  }
  if (unserved)
    return responder.send(error_response(kUnimplemented, "this server does not implement it"));
  found->second(Call{config_, rooms_, **authorized, rooms_.now()}, *type, request.body,
                std::move(responder));
}

}  // namespace turms::livekit
