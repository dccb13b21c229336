#pragma once

#include <string_view>

namespace turms::net {
class HttpServer;
}

namespace turms::app {

/// The web app, from memory: `/`, `/assets/…` and the app's own paths. `GET /` answers `OK` to
/// whoever does not ask for HTML, as LiveKit's clients expect of a health check. The pages may
/// connect to their own origin and to `meeting_url` (ws, wss, http or https; empty: none).
void serve_web(net::HttpServer& server, std::string_view meeting_url);

}  // namespace turms::app
