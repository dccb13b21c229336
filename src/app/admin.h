#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace turms::net {
class HttpServer;
}

namespace turms::app {

/// `/metrics` (Prometheus text) and `/health` on the admin port; `meetings`: what the latter says of
/// them.
void serve_admin(net::HttpServer& server, std::function<std::string_view()> meetings);

/// /metrics alone; asks for a name and password (RFC 7617) unless both are empty.
void serve_metrics(net::HttpServer& server, const std::string& username,
                   const std::string& password);

}  // namespace turms::app
