#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "app/media_config.h"
#include "base/result.h"
#include "base/time.h"
#include "livekit/service.h"
#include "media/engine.h"
#include "net/front_door.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/loop_thread.h"

namespace turms::app {

/// The LiveKit service on a loop and thread of its own, so that a busy room delays no chat. Used
/// on the control thread; what crosses is posted.
class LiveKitStack {
 public:
  /// Serves on `http` and, what is for who runs the server, on `admin` (null: nowhere). They live
  /// on `control`; all must outlive it.
  static Result<std::unique_ptr<LiveKitStack>> start(net::Loop& control, net::HttpServer& http,
                                                     net::HttpServer* admin,
                                                     livekit::ServiceConfig config,
                                                     media::EngineConfig engine,
                                                     const MediaDoors& doors);
  /// Waits for the turn under way on the service's loop and stops the workers.
  ~LiveKitStack();
  /// "open", "reduced" (some video is sent in fewer layers) or "full" (nobody new gets in).
  [[nodiscard]] std::string_view capacity() const;

  [[nodiscard]] const std::vector<uint16_t>& udp_ports() const { return udp_ports_; }
  /// Media that somebody else accepted.
  void adopt(net::MediaStreamKind kind, std::unique_ptr<net::ByteStream> stream, Bytes received);

  /// Where media over TCP is accepted on a port of its own; 0: nowhere.
  [[nodiscard]] uint16_t media_tcp_port() const {
    return media_door_ == nullptr ? uint16_t{0} : media_door_->port();
  }

  /// livekit::Service::drain(); `done` runs on the control loop, and not after the destructor.
  void drain(Duration timeout, std::function<void()> done);

 private:
  Result<std::unique_ptr<net::FrontDoor>> open_door(const MediaDoor& at, const std::string& name);
  Status open_doors(const MediaDoors& doors, uint16_t http_port, livekit::ServiceConfig& config,
                    media::EngineConfig& engine);

  explicit LiveKitStack(net::Loop& control) : control_(control) {}

  net::Loop& control_;
  net::LoopThread thread_{"livekit"};
  // On the service's loop while that runs.
  std::unique_ptr<net::HttpClient> client_;
  std::unique_ptr<livekit::Service> service_;
  std::unique_ptr<net::FrontDoor> media_door_;  // before service_ goes
  std::unique_ptr<net::FrontDoor> turn_tls_door_;

  std::unique_ptr<net::HttpRoutes> routes_;
  std::unique_ptr<net::HttpRoutes> admin_routes_;
  std::vector<uint16_t> udp_ports_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace turms::app
