#include "livekit/service.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "livekit/agent_service.h"
#include "livekit/egress_service.h"
#include "livekit/rooms.h"
#include "livekit/server_api.h"
#include "livekit/signalling.h"
#include "livekit/statistics_service.h"
#include "livekit/webhook.h"
#include "livekit/whip.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/loop.h"

namespace turms::livekit {
namespace {

std::string secret_of(const ServiceConfig& config) {
  const auto key = config.keys.find(config.webhook.api_key);
  return key == config.keys.end() ? std::string() : key->second;
}

}  // namespace

class Service::Impl {
 public:
  Impl(ServiceConfig config, net::Loop& loop, net::HttpClient& client)
      : config_(std::move(config)),
        webhooks_(config_.webhook, secret_of(config_), loop, client),
        rooms_(config_, loop,
               [this](const Room& room, RoomOutput output) { carry_out(room, std::move(output)); }),
        signalling_(config_, rooms_),
        whip_(config_, rooms_),
        agents_(config_, rooms_),
        egress_(config_, rooms_, webhooks_),
        api_(config_, rooms_, agents_, egress_, webhooks_),
        statistics_(config_, rooms_),
        drain_timer_(loop) {}

  Status start(const EngineFactory& factory) {
    if (config_.keys.empty()) return fail(ErrorCode::kInvalidArgument, "livekit: no API key");
    for (const auto& [key, secret] : config_.keys) {
      if (key.empty() || secret.empty()) {
        return fail(ErrorCode::kInvalidArgument, "livekit: an API key or its secret is empty");
      }
    }
    if (!config_.webhook.urls.empty() && !config_.keys.contains(config_.webhook.api_key)) {
      return fail(ErrorCode::kInvalidArgument, "livekit: webhook.api_key is none of the keys");
    }
    if (Status status = webhooks_.start(); !status) return status;
    if (Status status = rooms_.start(factory); !status) return status;
    egress_.start();
    return {};
  }

  void register_routes(net::HttpRoutes& server) {
    signalling_.register_routes(server);
    whip_.register_routes(server);
    agents_.register_routes(server);
    api_.register_routes(server);
    statistics_.register_routes(server);
  }
  void register_admin_routes(net::HttpRoutes& server) { statistics_.register_admin_routes(server); }

  void drain(Duration timeout, std::function<void()> done) {
    drained_ = std::move(done);
    rooms_.close_all(DisconnectReason::kServerShutdown);
    drain_timer_.start(timeout, [this] { finish_drain(); });
    egress_.finish([this] { webhooks_.finish([this] { finish_drain(); }); });
  }

  Rooms& rooms() { return rooms_; }

 private:
  void carry_out(const Room& room, RoomOutput output) {
    if (const auto* message = std::get_if<SendMessage>(&output)) {
      signalling_.deliver(*message);
    } else if (const auto* close = std::get_if<CloseSignal>(&output)) {
      signalling_.close(close->participant);
    } else if (const auto* remark = std::get_if<Remark>(&output)) {
      log::info("room {}: {}", room.name(), remark->text);
    } else {
      agents_.on_room_event(room, std::get<Notify>(output));
      egress_.on_room_event(room, std::get<Notify>(output));
      webhooks_.notify(std::get<Notify>(output));
    }
  }

  void finish_drain() {
    drain_timer_.cancel();
    if (drained_) std::exchange(drained_, nullptr)();
  }

  ServiceConfig config_;
  Webhooks webhooks_;
  Rooms rooms_;
  Signalling signalling_;
  Whip whip_;
  AgentService agents_;
  EgressService egress_;
  ServerApi api_;
  StatisticsService statistics_;
  net::Timer drain_timer_;
  std::function<void()> drained_;
};

Service::Service(ServiceConfig config, net::Loop& loop, net::HttpClient& client)
    : impl_(std::make_unique<Impl>(std::move(config), loop, client)) {}

Service::~Service() = default;

Status Service::start(const EngineFactory& factory) {
  return impl_->start(factory);
}

void Service::register_routes(net::HttpRoutes& server) {
  impl_->register_routes(server);
}

void Service::register_admin_routes(net::HttpRoutes& server) {
  impl_->register_admin_routes(server);
}

void Service::drain(Duration timeout, std::function<void()> done) {
  impl_->drain(timeout, std::move(done));
}

bool Service::adopt_stream(media::AdoptedStream stream) {
  media::Engine* const engine = impl_->rooms().engine();
  return engine != nullptr && engine->adopt_stream(std::move(stream));
}

std::vector<uint16_t> Service::udp_ports() const {
  const media::Engine* engine = impl_->rooms().engine();
  return engine == nullptr ? std::vector<uint16_t>() : engine->udp_ports();
}

Service::Capacity Service::capacity() const {
  const auto load = impl_->rooms().load_state();
  if (load.full) return Capacity::kFull;
  return load.reduced ? Capacity::kReduced : Capacity::kOpen;
}

size_t Service::room_count() const {
  return impl_->rooms().count();
}

size_t Service::participant_count() const {
  return impl_->rooms().participant_count();
}

}  // namespace turms::livekit
