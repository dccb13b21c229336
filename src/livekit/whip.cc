#include "livekit/whip.h"

#include <fmt/core.h>

#include <boost/json.hpp>
#include <functional>
#include <utility>

#include "base/metrics.h"
#include "livekit/authorization.h"
#include "net/text.h"
#include "rtc/sdp/fragment.h"

namespace turms::livekit {
namespace {

namespace json = boost::json;
namespace sdp = rtc::sdp;

constexpr std::string_view kPath = "/whip/v1";
constexpr std::string_view kOffer = "application/sdp";
constexpr std::string_view kFragment = "application/trickle-ice-sdpfrag";

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kUnauthenticated:
      return 401;
    case ErrorCode::kPermissionDenied:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

net::HttpResponse refuse(int status, std::string_view why) {
  auto out = net::HttpResponse::json(status, json::serialize(json::object{{"error", why}}));
  // RFC 9110 section 11.6.1.
  if (status == 401) out.headers.add("WWW-Authenticate", "Bearer");
  return out;
}

net::HttpResponse refuse(const Error& error) {
  return refuse(status_of(error.code), error.message);
}

net::HttpResponse too_long() {
  return refuse(413, fmt::format("more than {} bytes", Whip::kMaxBody));
}

bool has_type(const net::HttpRequest& request, std::string_view wanted) {
  const std::string_view type = request.header("Content-Type").value_or("");
  return net::equal_ignoring_case(net::trim(type.substr(0, type.find(';'))), wanted);
}

net::HttpResponse wrong_type(std::string_view wanted) {
  return refuse(415, fmt::format("unsupported content-type: {} expected", wanted));
}

std::string entity_tag(const OneOffer& offer) {
  return '"' + offer.local.ufrag + '"';
}

/// Whether If-Match names this one. LiveKit's tags come without quotes, and so may those of its
/// clients.
bool matches(std::string_view list, const OneOffer& offer) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    std::string_view tag = net::trim(list.substr(0, comma));
    if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') {
      tag = tag.substr(1, tag.size() - 2);
    }
    if (tag == offer.local.ufrag) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

/// As a quoted string (RFC 9110 section 5.6.4).
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// RFC 9725 section 4.6.
void add_ice_servers(const std::vector<server::IceServer>& servers, net::HttpHeaders& headers) {
  for (const server::IceServer& server : servers) {
    for (const std::string& url : server.urls) {
      std::string link = fmt::format("<{}>; rel=\"ice-server\"", url);
      if (!server.username.empty()) {
        link += fmt::format("; username={}; credential={}; credential-type=\"password\"",
                            quoted(server.username), quoted(server.credential));
      }
      headers.add("Link", std::move(link));
    }
  }
}

net::HttpResponse no_content() {
  net::HttpResponse out;
  out.status = 204;
  return out;
}

net::HttpResponse with_sdp(int status, std::string_view type, std::string body) {
  net::HttpResponse out;
  out.status = status;
  out.headers.add("Content-Type", std::string(type));
  out.body = std::move(body);
  return out;
}

net::HttpResponse options() {
  net::HttpResponse out;
  out.headers.add("Accept-Post", std::string(kOffer));
  out.headers.add("Access-Control-Allow-Methods", "OPTIONS, HEAD, GET, POST, PATCH, DELETE");
  // A star does not stand for Authorization.
  out.headers.add("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match, *");
  out.headers.add("Access-Control-Max-Age", "86400");
  return out;
}

}  // namespace

Whip::Whip(const ServiceConfig& config, Rooms& rooms) : config_(config), rooms_(rooms) {}

void Whip::register_routes(net::HttpRoutes& server) {
  const net::RouteOptions route_options{
      .max_body_bytes = kMaxBody, .too_long = too_long, .any_origin = true};
  using Answer = std::function<net::HttpResponse(const net::HttpRequest&)>;
  const auto answering = [](Answer answer) -> net::HttpRoutes::Handler {
    return [answer = std::move(answer)](const net::HttpRequest& request,
                                        net::HttpResponder responder) {
      net::HttpResponse response = answer(request);
      response.headers.add("Access-Control-Expose-Headers",
                           "Location, ETag, Link, Accept-Post, Accept-Patch");
      metrics::counter("turms_livekit_whip_requests_total", "Requests of WHIP clients",
                       {{"method", request.method}, {"status", std::to_string(response.status)}})
          .add();
      responder.send(std::move(response));
    };
  };
  const std::string endpoint(kPath);
  const auto nothing = answering([](const auto&) { return no_content(); });
  const auto preflight = answering([](const auto&) { return options(); });
  server.route("GET", endpoint, nothing, route_options);
  server.route("OPTIONS", endpoint, preflight, route_options);
  server.route("POST", endpoint, answering([this](const auto& r) { return create(r); }),
               route_options);
  const std::string resource = endpoint + "/";
  server.route_prefix("GET", resource, nothing, route_options);
  server.route_prefix("OPTIONS", resource, preflight, route_options);
  server.route_prefix("PATCH", resource, answering([this](const auto& r) { return patch(r); }),
                      route_options);
  server.route_prefix("DELETE", resource, answering([this](const auto& r) { return end(r); }),
                      route_options);
}

Result<Grants> Whip::authorized(const net::HttpRequest& request) const {
  auto grants = authorize(request, config_.keys, wall_now());
  if (!grants) return std::unexpected(grants.error());
  if (!*grants || !(*grants)->video || !(*grants)->video->room_join) {
    return fail(ErrorCode::kUnauthenticated, "permissions denied");
  }
  if ((*grants)->video->room.empty()) {
    return fail(ErrorCode::kUnauthenticated, "room name cannot be empty");
  }
  if ((*grants)->identity.empty()) {
    return fail(ErrorCode::kInvalidArgument, "identity cannot be empty");
  }
  return std::move(**grants);
}

net::HttpResponse Whip::create(const net::HttpRequest& request) {
  auto grants = authorized(request);
  if (!grants) return refuse(grants.error());
  if (!has_type(request, kOffer)) return wrong_type(kOffer);
  const std::string name = grants->video->room;
  if (name.size() > config_.limits.room_name) return refuse(400, "room name length exceeds limits");
  if (const auto why = beyond_limits(*grants, config_.limits)) return refuse(400, *why);
  const Permission permission = grants->video->permission();
  if (!permission.can_publish) return refuse(403, "does not have permission to publish");
  if (request.body.empty()) return refuse(400, "body does not have SDP offer");
  if (const Status can = publishable(request.body, permission); !can) {
    return refuse(status_of(can.error().code), "SDP offer: " + can.error().message);
  }
  if (!config_.room.auto_create && rooms_.find(name) == nullptr) {
    return refuse(404, "requested room does not exist");
  }
  if (const Status room_left = rooms_.admit(name, grants->identity); !room_left) {
    return refuse(503, room_left.error().message);
  }
  const auto settings =
      room_settings(config_, grants->room_preset, grants->room_settings.value_or(RoomSettings{}));
  if (!settings) return refuse(400, kUnknownPreset);
  const auto room = rooms_.open(name, *settings);
  if (!room) return refuse(room.error());
  JoinParameters parameters;
  parameters.grants = std::move(*grants);
  const auto published = (*room)->publish(rooms_.now(), std::move(parameters), request.body);
  rooms_.touch(**room);
  if (!published) return refuse(published.error());

  const OneOffer& offer = **published;
  auto out = with_sdp(201, kOffer, offer.answer);
  out.headers.add("Location", fmt::format("{}/{}", kPath, offer.sid));
  out.headers.add("ETag", entity_tag(offer));
  out.headers.add("Accept-Patch", std::string(kFragment));
  add_ice_servers(offer.ice_servers, out.headers);
  return out;
}

Result<Whip::Session> Whip::session(const net::HttpRequest& request) {
  auto grants = authorized(request);
  if (!grants) return std::unexpected(grants.error());
  Room* const room = rooms_.find(grants->video->room);
  if (room == nullptr) return fail(ErrorCode::kNotFound, "participant does not exist");
  return Session{room, std::move(grants->identity), request.path.substr(kPath.size() + 1)};
}

net::HttpResponse Whip::patch(const net::HttpRequest& request) {
  const auto session = this->session(request);
  if (!session) return refuse(session.error());
  const OneOffer* const offer = session->room->one_offer(session->identity, session->sid);
  if (offer == nullptr) return refuse(404, "participant does not exist");
  if (!has_type(request, kFragment)) return wrong_type(kFragment);
  const std::string tags = request.headers.combined("If-Match");
  if (tags.empty()) return refuse(428, "missing entity tag: If-Match expected");
  const auto fragment = sdp::parse_fragment(request.body);
  if (!fragment) return refuse(400, "SDP fragment: " + fragment.error().message);
  const sdp::MediaSection& section = fragment->sections.front();
  if (section.mid != offer->mid) {
    return refuse(400, fmt::format("SDP fragment: mid \"{}\" expected", offer->mid));
  }
  if (net::trim(tags) == "*") return restart(*session, section.ice);
  if (!matches(tags, *offer)) return refuse(412, "entity tag of an earlier ICE session");
  const auto other = [](const std::string& said, const std::string& known) {
    return !said.empty() && said != known;
  };
  if (other(section.ice.ufrag, offer->remote.ufrag) ||
      other(section.ice.password, offer->remote.password)) {
    return refuse(400, "SDP fragment: other ICE credentials; a restart is sent with If-Match: *");
  }
  return no_content();
}

net::HttpResponse Whip::restart(const Session& session, const rtc::IceCredentials& remote) {
  if (remote.ufrag.empty() || remote.password.empty()) {
    return refuse(400, "SDP fragment: a=ice-ufrag and a=ice-pwd expected");
  }
  const Status restarted =
      session.room->restart_ice(rooms_.now(), session.identity, session.sid, remote);
  rooms_.touch(*session.room);
  if (!restarted && restarted.error().code == ErrorCode::kResourceExhausted) {
    auto out = refuse(429, restarted.error().message);
    out.headers.add("Retry-After", "1");
    return out;
  }
  if (!restarted) return refuse(restarted.error());
  const OneOffer& offer = *session.room->one_offer(session.identity, session.sid);
  const auto answer = sdp::parse(offer.answer);
  if (!answer) return refuse(answer.error());
  auto out = with_sdp(200, kFragment, sdp::serialize_fragment(*answer));
  out.headers.add("ETag", entity_tag(offer));
  return out;
}

net::HttpResponse Whip::end(const net::HttpRequest& request) {
  const auto session = this->session(request);
  if (!session) return refuse(session.error());
  const Status ended = session->room->end_one_offer(rooms_.now(), session->identity, session->sid);
  rooms_.touch(*session->room);
  if (!ended) return refuse(ended.error());
  return {};
}

}  // namespace turms::livekit
