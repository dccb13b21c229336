#include "livekit/agent_service.h"

#include <algorithm>
#include <utility>

#include "base/crypto.h"
#include "base/metrics.h"
#include "livekit/agent_codec.h"
#include "livekit/authorization.h"
#include "livekit/send_frame.h"

namespace turms::livekit {
namespace {

constexpr uint16_t kNormalClosure = 1000;
constexpr uint16_t kGoingAway = 1001;
constexpr uint16_t kInvalidPayload = 1007;

Metric& workers_gauge() {
  static Metric& metric =
      metrics::gauge("turms_livekit_agent_workers", "Agent workers that are connected");
  return metric;
}

AgentDispatcher::Secrets secrets(const ServiceConfig& config) {
  AgentDispatcher::Secrets out;
  out.token = secure_random_token;
  out.mint = [&config](const Grants& grants, WallTime now, Duration life) {
    const auto key = config.keys.find(grants.api_key);
    return key == config.keys.end() ? std::string() : mint_token(grants, key->second, now, life);
  };
  return out;
}

}  // namespace

AgentService::AgentService(const ServiceConfig& config, Rooms& rooms)
    : config_(config),
      rooms_(rooms),
      dispatcher_(rooms.server_info(), secrets(config)),
      timer_(rooms.loop()) {}

AgentService::~AgentService() {
  for (const auto& [key, connection] : connections_) connection.socket->close(kGoingAway, "");
  workers_gauge().add(-static_cast<int64_t>(connections_.size()));
}

void AgentService::register_routes(net::HttpRoutes& server) {
  net::WebSocketOptions options;
  options.max_message_bytes = config_.limits.signal_message;
  for (const char* path : {"/agent", "//agent"}) {
    server.websocket(path,
                     [this](const net::HttpRequest& request, net::WebSocketUpgrade upgrade) {
                       on_upgrade(request, std::move(upgrade));
                     },
                     options, {.any_origin = true});
  }
}

void AgentService::on_upgrade(const net::HttpRequest& request, net::WebSocketUpgrade upgrade) {
  const auto authorized = authorize(request, config_.keys, wall_now());
  if (!authorized) return upgrade.refuse(net::HttpResponse::text(401, authorized.error().message));
  if (!*authorized || !(*authorized)->video || !(*authorized)->video->agent) {
    return upgrade.refuse(net::HttpResponse::text(401, "permissions denied"));
  }
  const auto key = dispatcher_.connect(rooms_.now(), (*authorized)->api_key);
  if (!key) return upgrade.refuse(net::HttpResponse::text(503, key.error().message));
  auto socket = upgrade.accept();
  if (socket == nullptr) {
    dispatcher_.disconnect(rooms_.now(), *key);
    return settle();
  }
  const std::weak_ptr alive = alive_;
  socket->on_message([this, alive, key = *key](bool binary, ByteView data) {
    if (!alive.expired()) on_message(key, binary, data);
  });
  socket->on_close([this, alive, key = *key](uint16_t, std::string_view) {
    if (!alive.expired()) on_close(key);
  });
  connections_.emplace(*key, Connection{std::move(socket)});
  workers_gauge().add();
  settle();
}

void AgentService::on_message(WorkerKey key, bool binary, ByteView data) {
  const auto it = connections_.find(key);
  if (it == connections_.end()) return;
  // The answers take the form of the last message.
  it->second.encoding = binary ? Encoding::kProtobuf : Encoding::kJson;
  const auto message = decode_worker_message(it->second.encoding, data);
  if (!message) {
    it->second.socket->close(kInvalidPayload, message.error().message);
    return;
  }
  dispatcher_.on_message(rooms_.now(), key, *message);
  settle();
}

void AgentService::on_close(WorkerKey key) {
  if (connections_.erase(key) == 0) return;
  workers_gauge().add(-1);
  dispatcher_.disconnect(rooms_.now(), key);
  settle();
}

void AgentService::on_room_event(const Room& room, const Notify& event) {
  dispatcher_.on_room_event(rooms_.now(), event, room.agents());
  settle();
}

Result<AgentDispatch> AgentService::create(Now now, std::string_view room,
                                           const RequestedAgent& agent) {
  auto out = dispatcher_.create(now, room, agent);
  settle();
  return out;
}

Result<AgentDispatch> AgentService::remove(Now now, std::string_view room, std::string_view id) {
  auto out = dispatcher_.remove(now, room, id);
  settle();
  return out;
}

void AgentService::settle() {
  for (const AgentOutput& output : dispatcher_.take_outputs()) {
    if (const auto* close = std::get_if<CloseWorker>(&output)) {
      const auto it = connections_.find(close->worker);
      if (it != connections_.end()) it->second.socket->close(kNormalClosure, close->reason);
      continue;
    }
    const auto& [worker, message] = std::get<SendToWorker>(output);
    const auto it = connections_.find(worker);
    if (it == connections_.end()) continue;
    const Encoding encoding = it->second.encoding;
    send_frame(*it->second.socket, encoding, encode_message_to_worker(encoding, message));
  }
  const TimePoint next = dispatcher_.next_timeout();
  if (next == kNever) return timer_.cancel();
  timer_.start(std::max(next - rooms_.loop().now(), Duration::zero()), [this] {
    dispatcher_.on_timer(rooms_.now());
    settle();
  });
}

}  // namespace turms::livekit
