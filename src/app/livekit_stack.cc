#include "app/livekit_stack.h"

#include <utility>

namespace turms::app {

Result<std::unique_ptr<LiveKitStack>> LiveKitStack::start(
    net::Loop& control, net::HttpServer& http, livekit::ServiceConfig config,
    media::EngineConfig engine, const std::optional<MediaTcp>& media_tcp) {
  std::unique_ptr<LiveKitStack> stack(new LiveKitStack(control));
  net::Loop& loop = stack->thread_.loop();
  if (media_tcp) {
    if (Status opened = stack->open_media_door(*media_tcp, config, engine); !opened) {
      return std::unexpected(opened.error());
    }
  }
  stack->client_ = net::HttpClient::create(loop);
  stack->service_ = std::make_unique<livekit::Service>(std::move(config), loop, *stack->client_);
  const Status started =
      stack->service_->start([&engine](media::Engine::Post post, media::EngineEvents& events) {
        return media::start_engine(engine, std::move(post), events);
      });
  if (!started) return std::unexpected(started.error());
  stack->udp_ports_ = stack->service_->udp_ports();
  stack->routes_ = http.annex(loop);
  stack->service_->register_routes(*stack->routes_);
  stack->thread_.start();
  return stack;
}

Status LiveKitStack::open_media_door(const MediaTcp& at, livekit::ServiceConfig& config,
                                     media::EngineConfig& engine) {
  // They leave when their first message has come, or after some seconds.
  constexpr size_t kMaxWaiting = 1000;
  auto door = net::FrontDoor::listen(
      thread_.loop(), at.bind, at.port, "media", {},
      {.may_accept = [this] { return media_door_->waiting() < kMaxWaiting; },
       .media =
           [this](net::MediaStreamKind kind, std::unique_ptr<net::ByteStream> stream,
                  Bytes received) {
             service_->adopt_stream({.kind = kind == net::MediaStreamKind::kIce
                                                 ? media::AdoptedStream::Kind::kIce
                                                 : media::AdoptedStream::Kind::kTurn,
                                     .stream = std::move(stream),
                                     .received = std::move(received)});
           }});
  if (!door) return std::unexpected(door.error());
  media_door_ = std::move(*door);
  engine.tcp_ports = {media_door_->port()};
  config.ice.turn_tcp_port = media_door_->port();
  return {};
}

LiveKitStack::~LiveKitStack() {
  thread_.stop();
  // Its connections hold handlers of the service.
  routes_.reset();
}

void LiveKitStack::drain(Duration timeout, std::function<void()> done) {
  // Copied and destroyed on both threads, and called on the control thread only.
  auto finished = [this, alive = std::weak_ptr(alive_),
                   done = std::make_shared<std::function<void()>>(std::move(done))] {
    control_.post([alive, done] {
      if (!alive.expired()) (*done)();
    });
  };
  thread_.loop().post(
      [this, timeout, finished = std::move(finished)] { service_->drain(timeout, finished); });
}

}  // namespace turms::app
