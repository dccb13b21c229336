#include "room_service.h"

#include <fmt/core.h>

#include "tokens.h"

namespace turms::livekit_plugin {

namespace {

// An hour for the first participant to come, as upstream's plugin gives; 20 seconds for somebody to
// come back after the last one left.
constexpr int kEmptyTimeoutSeconds = 3600;
constexpr int kDepartureTimeoutSeconds = 20;
constexpr Duration kFirstPause = 150ms;

ErrorCode code_of(int status) {
  if (status == 404) return ErrorCode::kNotFound;
  if (status == 401 || status == 403) return ErrorCode::kPermissionDenied;
  if (status == 429) return ErrorCode::kResourceExhausted;
  if (status >= 500) return ErrorCode::kUnavailable;
  return ErrorCode::kInvalidArgument;
}

json::value json_text(const std::string& text) {
  return json::value(json::string(text));
}

}  // namespace

struct RoomService::Request {
  std::string method;
  std::string grants;
  std::string body;
  Handler handler;
  uint64_t trace_id = 0;
  TimePoint deadline;
  int attempts = 0;
  Duration pause = kFirstPause;
};

RoomService::RoomService(net::Loop& loop, const Config& config)
    : loop_(loop),
      config_(config),
      client_(net::HttpClient::create(loop, {.ca_file = config.ca_file})) {}

json::object RoomService::admin_of(const std::string& room) const {
  return {{"room", json_text(room)}, {"roomAdmin", true}};
}

void RoomService::create_room(const std::string& room, int max_participants, std::string metadata,
                              uint64_t trace_id, Handler handler) {
  json::object body{{"name", json_text(room)},
                    {"empty_timeout", kEmptyTimeoutSeconds},
                    {"departure_timeout", kDepartureTimeoutSeconds},
                    {"max_participants", max_participants},
                    {"metadata", json_text(metadata)}};
  call("CreateRoom", {{"roomCreate", true}}, std::move(body), std::move(handler), trace_id);
}

void RoomService::delete_room(const std::string& room, Handler handler) {
  call("DeleteRoom", {{"roomCreate", true}}, {{"room", json_text(room)}}, std::move(handler));
}

void RoomService::list_rooms(const std::vector<std::string>& names, Handler handler) {
  json::array list;
  for (const std::string& name : names) list.push_back(json_text(name));
  call("ListRooms", {{"roomList", true}}, {{"names", std::move(list)}}, std::move(handler));
}

void RoomService::list_participants(const std::string& room, Handler handler) {
  call("ListParticipants", admin_of(room), {{"room", json_text(room)}}, std::move(handler));
}

void RoomService::remove_participant(const std::string& room, const std::string& identity,
                                     Handler handler) {
  call("RemoveParticipant", admin_of(room),
       {{"room", json_text(room)}, {"identity", json_text(identity)}}, std::move(handler));
}

void RoomService::update_participant(const std::string& room, const std::string& identity,
                                     json::value permission, json::value metadata,
                                     Handler handler) {
  json::object body{{"room", json_text(room)}, {"identity", json_text(identity)}};
  if (!permission.is_null()) body["permission"] = std::move(permission);
  if (!metadata.is_null()) body["metadata"] = std::move(metadata);
  call("UpdateParticipant", admin_of(room), std::move(body), std::move(handler));
}

void RoomService::mute_track(const std::string& room, const std::string& identity,
                             const std::string& sid, Handler handler) {
  call("MutePublishedTrack", admin_of(room),
       {{"room", json_text(room)},
        {"identity", json_text(identity)},
        {"track_sid", json_text(sid)},
        {"muted", true}},
       std::move(handler));
}

void RoomService::call(std::string_view method, json::object grants, json::object body,
                       Handler handler, uint64_t trace_id) {
  auto request = std::make_shared<Request>();
  request->method = method;
  request->grants = json::serialize(grants);
  request->body = json::serialize(body);
  request->handler = std::move(handler);
  request->trace_id = trace_id;
  request->deadline = loop_.now() + kTotalTime;
  attempt(request);
}

void RoomService::attempt(const std::shared_ptr<Request>& request) {
  ++request->attempts;
  net::HttpClientRequest http;
  http.method = "POST";
  http.url = config_.url + "/twirp/livekit.RoomService/" + request->method;
  http.headers.set("Content-Type", "application/json");
  http.headers.set("Authorization", "Bearer " + api_token(request->grants, config_.api_key,
                                                          config_.api_secret, wall_now()));
  if (request->trace_id != 0) {
    http.headers.set("X-Trace-Id", fmt::format("{:016x}", request->trace_id));
  }
  http.body = request->body;
  http.timeout = std::min(kAttemptTime, request->deadline - loop_.now());
  client_->request(std::move(http), [this, request](Result<net::HttpResponse> response) {
    answered(request, std::move(response));
  });
}

void RoomService::answered(const std::shared_ptr<Request>& request,
                           Result<net::HttpResponse> response) {
  Error error;
  if (response && response->status == 200) {
    auto body = parse_object(response->body);
    if (body) return request->handler(std::move(*body));
    error = {ErrorCode::kInternal, request->method + ": the answer is no JSON object"};
  } else if (response) {
    // Twirp: {"code":…, "msg":…}; some refusals are plain text.
    auto body = parse_object(response->body);
    const std::string text = body ? text_field(*body, "msg") : std::string();
    error = {code_of(response->status),
             fmt::format("{}: HTTP {} {}", request->method, response->status, text.substr(0, 200))};
  } else {
    error = {response.error().code, request->method + ": " + response.error().message};
  }
  const bool again =
      error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadlineExceeded;
  const TimePoint next = loop_.now() + request->pause;
  if (!again || request->attempts >= kAttempts || next + 100ms > request->deadline) {
    return request->handler(std::unexpected(std::move(error)));
  }
  loop_.after(request->pause, [this, request] { attempt(request); });
  request->pause *= 3;
}

}  // namespace turms::livekit_plugin
