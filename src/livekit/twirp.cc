#include "livekit/twirp.h"

#include <boost/json.hpp>

#include "base/metrics.h"

namespace turms::livekit::twirp {
namespace {

namespace json = boost::json;

struct Code {
  std::string_view name;
  int status;
};
// https://twitchtv.github.io/twirp/docs/errors.html
constexpr Code kBadRoute{"bad_route", 404};
constexpr Code kMalformed{"malformed", 400};
constexpr Code kUnimplemented{"unimplemented", 501};

Code code_of(ErrorCode code) {
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

Reply respond(Code code, std::string_view message, json::object meta = {}) {
  metrics::counter("turms_livekit_api_errors_total", "Server API requests refused",
                   {{"code", code.name}})
      .add();
  json::object body{{"code", code.name}, {"msg", message}};
  if (!meta.empty()) body["meta"] = std::move(meta);
  return {net::HttpResponse::json(code.status, json::serialize(body)), code.name};
}

}  // namespace

Reply error_response(const Error& error) {
  return respond(code_of(error.code), error.message);
}

Reply bad_route(const net::HttpRequest& request, std::string_view message) {
  return respond(kBadRoute, message,
                 {{"twirp_invalid_route", request.method + " " + request.path}});
}

Reply malformed(std::string_view message) {
  return respond(kMalformed, message);
}

Reply unimplemented(std::string_view message) {
  return respond(kUnimplemented, message);
}

bool Call::allows(bool VideoGrants::*right) const {
  return grants.video && (*grants.video).*right;
}

Status Call::admin_of(const std::string& room) const {
  if (allows(&VideoGrants::room_admin) && grants.video->room == room) return {};
  return fail(ErrorCode::kUnauthenticated, "permissions denied");
}

Status Call::must(bool VideoGrants::*right) const {
  if (allows(right)) return {};
  return fail(ErrorCode::kUnauthenticated, "permissions denied");
}

Result<Room*> Call::room(const std::string& name) const {
  if (Room* found = rooms.find(name)) return found;
  return fail(ErrorCode::kNotFound, "requested room does not exist");
}

Result<Room*> Call::room_with(const std::string& name, const std::string& identity) const {
  Room* found = rooms.find(name);
  if (found != nullptr && found->participant(identity)) return found;
  return fail(ErrorCode::kNotFound, "participant does not exist");
}

Status read(BodyType type, const std::string& body, google::protobuf::Message& request) {
  if (type == BodyType::kJson) {
    if (from_json(body, request)) return {};
    return fail(ErrorCode::kInvalidArgument, "the json request could not be decoded");
  }
  if (request.ParseFromString(body)) return {};
  return fail(ErrorCode::kInvalidArgument, "the protobuf request could not be decoded");
}

Reply response_of(BodyType type, const google::protobuf::Message& response) {
  if (type == BodyType::kJson) {
    return {net::HttpResponse::json(200, to_json(response, JsonNames::kProto)), {}};
  }
  net::HttpResponse out;
  out.headers.add("Content-Type", "application/protobuf");
  out.body = response.SerializeAsString();
  return {std::move(out), {}};
}

}  // namespace turms::livekit::twirp
