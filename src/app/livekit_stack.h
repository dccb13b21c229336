#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "livekit/service.h"
#include "media/engine.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/loop_thread.h"

namespace turms::app {

/// The LiveKit service on a loop and thread of its own, so that a busy room delays no chat. Used
/// on the control thread; what crosses is posted.
class LiveKitStack {
 public:
  /// Serves on `http`, which lives on `control`; both must outlive it.
  static Result<std::unique_ptr<LiveKitStack>> start(net::Loop& control, net::HttpServer& http,
                                                     livekit::ServiceConfig config,
                                                     const media::EngineConfig& engine);
  /// Waits for the turn under way on the service's loop and stops the workers.
  ~LiveKitStack();

  [[nodiscard]] const std::vector<uint16_t>& udp_ports() const { return udp_ports_; }

  /// livekit::Service::drain(); `done` runs on the control loop, and not after the destructor.
  void drain(Duration timeout, std::function<void()> done);

 private:
  explicit LiveKitStack(net::Loop& control) : control_(control) {}

  net::Loop& control_;
  net::LoopThread thread_{"livekit"};
  // On the service's loop while that runs.
  std::unique_ptr<net::HttpClient> client_;
  std::unique_ptr<livekit::Service> service_;

  std::unique_ptr<net::HttpRoutes> routes_;
  std::vector<uint16_t> udp_ports_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace turms::app
