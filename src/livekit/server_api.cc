#include "livekit/server_api.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/trace_id.h"
#include "livekit/authorization.h"
#include "livekit/egress_service.h"
#include "livekit/twirp.h"
#include "livekit/webhook.h"
#include "net/text.h"

namespace turms::livekit {
namespace {

using twirp::BodyType;

constexpr std::string_view kPrefix = "/twirp/";
constexpr std::string_view kPackage = "livekit.";

struct ServedService {
  std::string_view name;
  const twirp::Methods& (*methods)();
};
constexpr ServedService kServed[] = {
    {"livekit.RoomService", twirp::room_service},
    {"livekit.AgentDispatchService", twirp::agent_dispatch_service},
    {"livekit.Egress", twirp::egress_service},
};

/// Of the protocol, but not of this server. An empty method stands for all others of the service.
struct Unserved {
  std::string_view service;
  std::string_view method;
  std::string_view text;
  /// What LiveKit's server asks of the token first. Null: a valid token.
  bool (*allows)(const Grants&) = nullptr;
};

bool may_ingress(const Grants& grants) {
  return grants.video && grants.video->ingress_admin;
}
bool may_administer_sip(const Grants& grants) {
  return grants.sip.admin;
}
bool may_call(const Grants& grants) {
  return grants.sip.call;
}
bool may_transfer(const Grants& grants) {
  return may_call(grants) && grants.video && grants.video->room_admin;
}

constexpr std::string_view kNoSip =
    "this server is no SIP gateway; run livekit-sip beside a LiveKit cluster";

constexpr Unserved kUnserved[] = {
    {"livekit.Ingress", "",
     "this server takes no RTMP, SRT or URL input; publish with WHIP at /whip/v1 instead",
     may_ingress},
    {"livekit.SIP", "CreateSIPParticipant", kNoSip, may_call},
    {"livekit.SIP", "TransferSIPParticipant", kNoSip, may_transfer},
    {"livekit.SIP", "", kNoSip, may_administer_sip},
    {"livekit.Connector", "", "this server connects to no telephone or messenger network"},
};

const Unserved* find_unserved(std::string_view service, std::string_view method) {
  const auto it =
      std::find_if(std::begin(kUnserved), std::end(kUnserved), [&](const Unserved& entry) {
        return entry.service == service && (entry.method.empty() || entry.method == method);
      });
  return it == std::end(kUnserved) ? nullptr : it;
}

std::optional<BodyType> body_type(const net::HttpRequest& request) {
  std::string_view type = request.header("Content-Type").value_or("");
  type = net::trim(type.substr(0, type.find(';')));
  // RFC 9110 section 8.3.1: types compare without case.
  if (net::equal_ignoring_case(type, "application/json")) return BodyType::kJson;
  if (net::equal_ignoring_case(type, "application/protobuf")) return BodyType::kProtobuf;
  return std::nullopt;
}

/// As for any other body that cannot be read.
net::HttpResponse body_too_long() {
  return twirp::malformed("the request body is too long").http;
}

}  // namespace

ServerApi::ServerApi(const ServiceConfig& config, Rooms& rooms, AgentService& agents,
                     EgressService& egress, Webhooks& webhooks)
    : config_(config), rooms_(rooms), agents_(agents), egress_(egress), webhooks_(webhooks) {}

void ServerApi::register_routes(net::HttpRoutes& server) {
  for (const std::string prefix : {"", "/"}) {
    server.route_prefix(
        "*", prefix + std::string(kPrefix),
        [this](const net::HttpRequest& request, net::HttpResponder responder) {
          handle(request, std::move(responder));
        },
        {.max_body_bytes = config_.limits.api_body, .too_long = body_too_long, .any_origin = true});
  }
}

void ServerApi::handle(const net::HttpRequest& request, net::HttpResponder responder) {
  const auto authorized = authorize(request, config_.keys, wall_now());
  if (!authorized) return responder.send(net::HttpResponse::text(401, authorized.error().message));

  std::string_view path = request.path;
  while (path.starts_with("//")) path.remove_prefix(1);
  path.remove_prefix(std::min(kPrefix.size(), path.size()));
  const size_t slash = path.find('/');
  const std::string_view service = path.substr(0, slash);
  const std::string_view name =
      slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  const Unserved* unserved = find_unserved(service, name);
  const auto served =
      std::find_if(std::begin(kServed), std::end(kServed),
                   [service](const ServedService& entry) { return entry.name == service; });
  if (served == std::end(kServed) && unserved == nullptr) {
    return responder.send(net::HttpResponse::text(404, "404 page not found\n"));
  }
  // Only what there is names a metric.
  const std::string_view known =
      (unserved != nullptr ? unserved->service : served->name).substr(kPackage.size());
  const auto answer = [&](std::string_view method) {
    return twirp::Responder(std::move(responder), rooms_.metrics(), known, method);
  };
  if (request.method != "POST") {
    return answer("").send(twirp::bad_route(
        request, "unsupported method \"" + request.method + "\" (only POST is allowed)"));
  }
  const auto type = body_type(request);
  if (!type) {
    return answer("").send(twirp::bad_route(
        request, "unexpected Content-Type: \"" +
                     std::string(request.header("Content-Type").value_or("")) + "\""));
  }
  const twirp::Method* method = nullptr;
  if (unserved == nullptr) {
    const auto found = served->methods().find(name);
    if (found == served->methods().end()) {
      return answer("").send(
          twirp::bad_route(request, "no handler for path \"" + request.path + "\""));
    }
    method = &found->second;
  }
  twirp::Responder routed = answer(unserved != nullptr ? unserved->method : name);
  // Before anything is parsed for a stranger.
  const bool allowed = *authorized && (unserved == nullptr || unserved->allows == nullptr ||
                                       unserved->allows(**authorized));
  if (!allowed) {
    return routed.send(twirp::error_response({ErrorCode::kUnauthenticated, "permissions denied"}));
  }
  if (unserved != nullptr) return routed.send(twirp::unimplemented(unserved->text));
  std::string trace_id(request.header("X-Trace-Id").value_or(""));
  if (!is_trace_id(trace_id)) trace_id.clear();
  if (!trace_id.empty()) log::info("livekit {}/{} for request {}", known, name, trace_id);
  const bool traced = !trace_id.empty();
  const Webhooks::Cause cause(webhooks_, std::move(trace_id));
  (*method)(twirp::Call{config_, rooms_, agents_, egress_, **authorized, rooms_.now()}, *type,
            request.body, std::move(routed));
  // What it caused is told while it is known by what.
  if (traced) rooms_.settle_all();
}

}  // namespace turms::livekit
