#include "fake_livekit_testing.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "base/jwt.h"
#include "base/time.h"

namespace turms::livekit_plugin {

namespace {

constexpr std::string_view kPrefix = "/twirp/livekit.RoomService/";

}  // namespace

FakeLiveKit::FakeLiveKit(net::Loop& loop) : server_(*net::HttpServer::listen(loop, {})) {
  server_->route_prefix("POST", std::string(kPrefix),
                        [this](net::HttpRequest request, net::HttpResponder responder) {
                          answer(std::move(request), std::move(responder));
                        });
}

std::string FakeLiveKit::url() const {
  return "http://127.0.0.1:" + std::to_string(server_->port());
}

size_t FakeLiveKit::count(std::string_view method) const {
  return static_cast<size_t>(
      std::count_if(calls.begin(), calls.end(), [&](const Call& c) { return c.method == method; }));
}

FakeLiveKit::Call FakeLiveKit::last(std::string_view method) const {
  for (auto call = calls.rbegin(); call != calls.rend(); ++call) {
    if (call->method == method) return *call;
  }
  ADD_FAILURE() << "no call of " << method;
  return {};
}

net::HttpResponse FakeLiveKit::twirp_error(int status, std::string code) {
  json::object body{{"code", code}, {"msg", "as scripted"}};
  return net::HttpResponse::json(status, json::serialize(body));
}

json::object FakeLiveKit::participant(int64_t user, int64_t joined_ms, bool may_publish) {
  json::object permission{
      {"can_subscribe", true}, {"can_publish", may_publish}, {"can_publish_data", may_publish}};
  json::object microphone{{"sid", "TR_mic"}, {"source", "MICROPHONE"}, {"muted", false}};
  return {{"sid", "PA_" + std::to_string(user)},
          {"identity", std::to_string(user)},
          {"state", "ACTIVE"},
          {"joined_at_ms", std::to_string(joined_ms)},
          {"permission", std::move(permission)},
          {"tracks", json::array{std::move(microphone)}}};
}

std::string FakeLiveKit::sign(const std::string& body, std::string_view secret,
                              std::string_view key, int64_t age_seconds) {
  const int64_t now = wall_now().unix_ms / 1000 - age_seconds;
  json::object claims{{"iss", json::string_view(key.data(), key.size())},
                      {"nbf", now},
                      {"exp", now + 300},
                      {"sha256", base64(sha256(as_bytes(body)))}};
  return jwt::sign(json::serialize(claims), secret);
}

void FakeLiveKit::answer(net::HttpRequest request, net::HttpResponder responder) {
  Call call;
  call.method = request.path.substr(kPrefix.size());
  const std::string authorization(request.header("Authorization").value_or(""));
  auto verified = authorization.starts_with("Bearer ")
                      ? jwt::verify(std::string_view(authorization).substr(7), kSecret)
                      : Result<std::string>(fail(ErrorCode::kUnauthenticated, "no bearer"));
  auto body = parse_object(request.body);
  if (!verified || !body) return responder.send(twirp_error(401, "unauthenticated"));
  call.claims = *parse_object(*verified);
  call.body = std::move(*body);
  call.trace_id = request.header("X-Trace-Id").value_or("");
  calls.push_back(call);
  auto& waiting = scripted[call.method];
  if (!waiting.empty()) {
    auto response = std::move(waiting.front());
    waiting.erase(waiting.begin());
    return responder.send(std::move(response));
  }
  responder.send(usual(call));
}

net::HttpResponse FakeLiveKit::usual(const Call& call) {
  json::object out;
  const std::string room = text_field(call.body, call.method == "CreateRoom" ? "name" : "room");
  if (call.method == "CreateRoom") {
    rooms.try_emplace(room);
    out = {{"sid", "RM_" + room}, {"name", room}};
  } else if (call.method == "ListRooms") {
    json::array list;
    for (const auto& [name, participants] : rooms) list.push_back(json::object{{"name", name}});
    out = {{"rooms", std::move(list)}};
  } else if (call.method == "ListParticipants") {
    const auto it = rooms.find(room);
    out = {{"participants", it == rooms.end() ? json::array() : it->second}};
  } else if (call.method == "DeleteRoom") {
    if (rooms.erase(room) == 0) return twirp_error(404, "not_found");
  }
  return net::HttpResponse::json(200, json::serialize(out));
}

}  // namespace turms::livekit_plugin
