#include "livekit/statistics_service.h"

#include <boost/json.hpp>
#include <memory>
#include <utility>

#include "livekit/authorization.h"

namespace turms::livekit {
namespace {

namespace json = boost::json;

net::HttpResponse refuse(int status, std::string_view why) {
  auto out = net::HttpResponse::json(status, json::serialize(json::object{{"error", why}}));
  // RFC 9110 section 11.6.1.
  if (status == 401) out.headers.add("WWW-Authenticate", "Bearer");
  if (status == 503) out.headers.add("Retry-After", "1");
  return out;
}

net::HttpResponse current(std::string body) {
  auto out = net::HttpResponse::json(200, std::move(body));
  out.headers.add("Cache-Control", "no-store");
  return out;
}

}  // namespace

void StatisticsService::register_routes(net::HttpRoutes& server) {
  for (const std::string path : {"/rtc/stats", "//rtc/stats"}) {
    server.route("GET", path,
                 [this](const net::HttpRequest& request, net::HttpResponder responder) {
                   own(request, std::move(responder));
                 },
                 {.any_origin = true});
  }
}

void StatisticsService::register_admin_routes(net::HttpRoutes& server) {
  server.route("GET", "/rooms", [this](const net::HttpRequest&, net::HttpResponder responder) {
    list(std::move(responder));
  });
  server.route("GET", "/rooms/stats",
               [this](const net::HttpRequest& request, net::HttpResponder responder) {
                 of_room(request, std::move(responder));
               });
}

void StatisticsService::own(const net::HttpRequest& request, net::HttpResponder responder) {
  const auto authorized = authorize(request, config_.keys, wall_now());
  if (!authorized) return responder.send(refuse(401, authorized.error().message));
  const std::optional<Grants>& grants = *authorized;
  if (!grants || !grants->video || !grants->video->room_join || grants->identity.empty()) {
    return responder.send(refuse(401, "no permissions to access the room"));
  }
  answer(
      grants->video->room, grants->identity,
      [](const RoomReport& report) { return to_json(report.participants.front()); },
      std::move(responder));
}

void StatisticsService::list(net::HttpResponder responder) {
  json::array rooms;
  for (const Room* room : rooms_.all()) {
    const RoomInfo info = room->info();
    rooms.push_back(json::object{{"room", info.name},
                                 {"sid", info.sid},
                                 {"participants", info.num_participants},
                                 {"publishers", info.num_publishers}});
  }
  responder.send(current(json::serialize(json::object{{"rooms", std::move(rooms)}})));
}

void StatisticsService::of_room(const net::HttpRequest& request, net::HttpResponder responder) {
  const auto room = request.query_value("room");
  if (!room || room->empty()) return responder.send(refuse(400, "the parameter room is missing"));
  answer(
      std::string(*room), std::string(request.query_value("identity").value_or("")),
      [](const RoomReport& report) { return to_json(report); }, std::move(responder));
}

void StatisticsService::answer(const std::string& room_name, const std::string& identity,
                               Write write, net::HttpResponder responder) {
  const auto missing = [&](std::string_view what) { responder.send(refuse(404, what)); };
  const Room* room = rooms_.find(room_name);
  if (room == nullptr) return missing("requested room does not exist");
  std::vector<media::TransportId> transports;
  if (!identity.empty()) {
    auto own = room->transports_of(identity);
    if (!own) return missing(own.error().message);
    transports = std::move(*own);
    // Without a connection there is nothing to ask the workers for, and no transports would mean
    // all.
    if (transports.empty()) return responder.send(current(write(room->report({}, identity))));
  }
  // Functions are copied, a responder is not.
  auto waiting = std::make_shared<net::HttpResponder>(std::move(responder));
  rooms_.snapshot(
      *room, std::move(transports),
      [this, id = room->id(), identity, write = std::move(write),
       waiting](Result<media::RoomSnapshot> snapshot) {
        if (!snapshot) return waiting->send(refuse(503, snapshot.error().message));
        // It may be gone since.
        const Room* here = rooms_.find(id);
        if (here == nullptr || (!identity.empty() && !here->transports_of(identity).has_value())) {
          return waiting->send(refuse(404, "it has just ended"));
        }
        waiting->send(current(write(here->report(*snapshot, identity))));
      });
}

}  // namespace turms::livekit
