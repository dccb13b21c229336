#pragma once

#include <string>

namespace turms::net {
class HttpServer;
}

namespace turms::app {

/// `/metrics` (Prometheus text) and `/health` on the admin port.
void serve_admin(net::HttpServer& server);

/// /metrics alone; asks for a name and password (RFC 7617) unless both are empty.
void serve_metrics(net::HttpServer& server, const std::string& username,
                   const std::string& password);

}  // namespace turms::app
