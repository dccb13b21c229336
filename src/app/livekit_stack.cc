#include "app/livekit_stack.h"

#include <utility>

namespace turms::app {

Result<std::unique_ptr<LiveKitStack>> LiveKitStack::start(net::Loop& control, net::HttpServer& http,
                                                          net::HttpServer* admin,
                                                          livekit::ServiceConfig config,
                                                          media::EngineConfig engine,
                                                          const MediaDoors& doors) {
  std::unique_ptr<LiveKitStack> stack(new LiveKitStack(control));
  net::Loop& loop = stack->thread_.loop();
  if (Status opened = stack->open_doors(doors, http.port(), config, engine); !opened) {
    return std::unexpected(opened.error());
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
  if (admin != nullptr) {
    stack->admin_routes_ = admin->annex(loop);
    stack->service_->register_admin_routes(*stack->admin_routes_);
  }
  stack->thread_.start();
  return stack;
}

Result<std::unique_ptr<net::FrontDoor>> LiveKitStack::open_door(const MediaDoor& at,
                                                                const std::string& name) {
  // They leave when their first message has come, or after some seconds.
  constexpr size_t kMaxWaiting = 1000;
  auto door = std::make_shared<net::FrontDoor*>(nullptr);
  auto opened = net::FrontDoor::listen(
      thread_.loop(), at.bind, at.port, name, at.door,
      {.may_accept = [door] { return *door == nullptr || (*door)->waiting() < kMaxWaiting; },
       .http = nullptr,
       .media = [this](net::MediaStreamKind kind, std::unique_ptr<net::ByteStream> stream,
                       Bytes received) { adopt(kind, std::move(stream), std::move(received)); }});
  if (opened) *door = opened->get();
  return opened;
}

Status LiveKitStack::open_doors(const MediaDoors& doors, uint16_t http_port,
                                livekit::ServiceConfig& config, media::EngineConfig& engine) {
  if (doors.plain) {
    auto door = open_door(*doors.plain, "media");
    if (!door) return std::unexpected(door.error());
    media_door_ = std::move(*door);
  }
  if (doors.tls) {
    auto door = open_door(*doors.tls, "turn_tls");
    if (!door) return std::unexpected(door.error());
    turn_tls_door_ = std::move(*door);
  }
  if (const uint16_t plain = doors.plain_is_http ? http_port : media_tcp_port(); plain != 0) {
    engine.tcp_ports = {plain};
    config.ice.turn_tcp_port = plain;
  }
  config.ice.turn_tls_port = doors.advertised_tls_port;
  return {};
}

void LiveKitStack::adopt(net::MediaStreamKind kind, std::unique_ptr<net::ByteStream> stream,
                         Bytes received) {
  service_->adopt_stream({.kind = kind == net::MediaStreamKind::kIce
                                      ? media::AdoptedStream::Kind::kIce
                                      : media::AdoptedStream::Kind::kTurn,
                          .stream = std::move(stream),
                          .received = std::move(received)});
}

LiveKitStack::~LiveKitStack() {
  thread_.stop();
  // Its connections hold handlers of the service.
  routes_.reset();
  admin_routes_.reset();
}

std::string_view LiveKitStack::capacity() const {
  switch (service_->capacity()) {
    case livekit::Service::Capacity::kOpen:
      return "open";
    case livekit::Service::Capacity::kReduced:
      return "reduced";
    case livekit::Service::Capacity::kFull:
      return "full";
  }
  return "?";
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
