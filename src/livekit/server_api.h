#pragma once

#include "livekit/rooms.h"
#include "livekit/service.h"
#include "net/http_server.h"

namespace turms::livekit {

class AgentService;

/// LiveKit's server API over Twirp: POST /twirp/livekit.<service>/<method>, JSON or protobuf, with
/// Twirp's errors. Services: RoomService and AgentDispatchService; those of products that this
/// server is not (egress, ingress, SIP) answer `unimplemented`. On the loop's thread.
class ServerApi {
 public:
  ServerApi(const ServiceConfig& config, Rooms& rooms, AgentService& agents);

  void register_routes(net::HttpRoutes& server);

 private:
  void handle(const net::HttpRequest& request, net::HttpResponder responder);

  const ServiceConfig& config_;
  Rooms& rooms_;
  AgentService& agents_;
};

}  // namespace turms::livekit
