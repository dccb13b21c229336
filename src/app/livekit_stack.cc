#include "app/livekit_stack.h"

#include <utility>

namespace turms::app {

Result<std::unique_ptr<LiveKitStack>> LiveKitStack::start(net::Loop& control, net::HttpServer& http,
                                                          livekit::ServiceConfig config,
                                                          const media::EngineConfig& engine) {
  std::unique_ptr<LiveKitStack> stack(new LiveKitStack(control));
  net::Loop& loop = stack->thread_.loop();
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
