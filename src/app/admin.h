#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace turms::net {
class HttpServer;
}

namespace turms::app {

/// What `/health` says: 200 while all is well, 503 else.
struct Health {
  std::string_view meetings;
  /// Started, and not asked to stop.
  bool ready = false;
  /// Why messages cannot be stored at present.
  std::optional<std::string> store_failure;
};

/// `/metrics` (Prometheus text), `/health`, `/livez` and `/readyz` on the admin port. What the
/// LiveKit service adds to it: livekit::Service::register_admin_routes().
void serve_admin(net::HttpServer& server, std::function<Health()> health);

/// /metrics alone; asks for a name and password (RFC 7617) unless both are empty.
void serve_metrics(net::HttpServer& server, const std::string& username,
                   const std::string& password);

}  // namespace turms::app
