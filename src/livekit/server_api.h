#pragma once

#include "livekit/rooms.h"
#include "livekit/service.h"
#include "net/http_server.h"

namespace turms::livekit {

class AgentService;
class EgressService;
class Webhooks;

/// LiveKit's server API over Twirp: POST /twirp/livekit.<service>/<method>, JSON or protobuf, with
/// Twirp's errors. Services: RoomService, AgentDispatchService and Egress; those of products that
/// this server is not (ingress, SIP) answer `unimplemented`. A request's X-Trace-Id is that of what
/// it causes. On the loop's thread.
class ServerApi {
 public:
  ServerApi(const ServiceConfig& config, Rooms& rooms, AgentService& agents, EgressService& egress,
            Webhooks& webhooks);

  void register_routes(net::HttpRoutes& server);

 private:
  void handle(const net::HttpRequest& request, net::HttpResponder responder);

  const ServiceConfig& config_;
  Rooms& rooms_;
  AgentService& agents_;
  EgressService& egress_;
  Webhooks& webhooks_;
};

}  // namespace turms::livekit
