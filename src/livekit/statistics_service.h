#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "livekit/room_report.h"
#include "livekit/rooms.h"
#include "net/http_server.h"

namespace turms::livekit {

/// What flows in rooms and why it is no more, over HTTP: see docs/statistics.md. Nothing is
/// gathered while nobody asks.
class StatisticsService {
 public:
  /// Both must outlive it, and it the routes.
  StatisticsService(const ServiceConfig& config, Rooms& rooms) : config_(config), rooms_(rooms) {}

  /// GET /rtc/stats: of the participant whose access token the request carries, alone.
  void register_routes(net::HttpRoutes& server);
  /// GET /rooms and /rooms/stats?room=NAME[&identity=ID]: for who runs the server, without a token.
  void register_admin_routes(net::HttpRoutes& server);

 private:
  using Write = std::function<std::string(const RoomReport&)>;

  void own(const net::HttpRequest& request, net::HttpResponder responder);
  void list(net::HttpResponder responder);
  void of_room(const net::HttpRequest& request, net::HttpResponder responder);
  /// Of one participant unless `identity` is empty.
  void answer(const std::string& room_name, const std::string& identity, Write write,
              net::HttpResponder responder);

  const ServiceConfig& config_;
  Rooms& rooms_;
};

}  // namespace turms::livekit
