#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "livekit/agent_dispatcher.h"
#include "livekit/rooms.h"
#include "livekit/service.h"
#include "livekit/signal_codec.h"
#include "net/http_server.h"
#include "net/websocket.h"

namespace turms::livekit {

/// /agent: the WebSocket on which agent workers wait for jobs. Needs a token with the `agent`
/// grant; 401 without. Carries messages between the workers and the dispatcher. On the loop's
/// thread.
class AgentService {
 public:
  AgentService(const ServiceConfig& config, Rooms& rooms);
  ~AgentService();

  void register_routes(net::HttpRoutes& server);
  void on_room_event(const Room& room, const Notify& event);

  // As AgentDispatcher's.
  Result<AgentDispatch> create(Now now, std::string_view room, const RequestedAgent& agent);
  Result<AgentDispatch> remove(Now now, std::string_view room, std::string_view id);
  [[nodiscard]] std::vector<AgentDispatch> list(std::string_view room, std::string_view id) const {
    return dispatcher_.list(room, id);
  }

 private:
  struct Connection {
    std::shared_ptr<net::WebSocket> socket;
    Encoding encoding = Encoding::kProtobuf;
  };

  void on_upgrade(const net::HttpRequest& request, net::WebSocketUpgrade upgrade);
  void on_message(WorkerKey key, bool binary, ByteView data);
  void on_close(WorkerKey key);
  /// Carries out what the dispatcher wants, and wakes when it wants to be.
  void settle();

  const ServiceConfig& config_;
  Rooms& rooms_;
  AgentDispatcher dispatcher_;
  net::Timer timer_;
  std::map<WorkerKey, Connection> connections_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace turms::livekit
