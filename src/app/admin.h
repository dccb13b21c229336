#pragma once

namespace turms::net {
class HttpServer;
}

namespace turms::app {

/// `/metrics` (Prometheus text) and `/health` on the admin port.
void serve_admin(net::HttpServer& server);

}  // namespace turms::app
