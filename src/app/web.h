#pragma once

namespace turms::net {
class HttpServer;
}

namespace turms::app {

/// The web app, from memory: `/`, `/assets/…` and the app's own paths. `GET /` answers `OK` to
/// whoever does not ask for HTML, as LiveKit's clients expect of a health check.
void serve_web(net::HttpServer& server);

}  // namespace turms::app
