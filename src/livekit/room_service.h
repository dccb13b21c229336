#pragma once

#include <string>
#include <string_view>

#include "livekit/rooms.h"
#include "livekit/service.h"
#include "net/http_server.h"

namespace turms::livekit {

/// LiveKit's server API over Twirp: POST /twirp/livekit.RoomService/<method>, JSON or protobuf,
/// with Twirp's errors. On the loop's thread.
class RoomService {
 public:
  RoomService(const ServiceConfig& config, Rooms& rooms);

  void register_routes(net::HttpRoutes& server);

 private:
  void handle(const net::HttpRequest& request, net::HttpResponder responder);

  const ServiceConfig& config_;
  Rooms& rooms_;
};

}  // namespace turms::livekit
