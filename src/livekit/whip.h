#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "livekit/rooms.h"
#include "livekit/service.h"
#include "net/http_server.h"

namespace turms::livekit {

/// WHIP (RFC 9725): whoever sends an offer with POST to /whip/v1 is in the room of its token, and
/// publishes, until DELETE of /whip/v1/{sid} or the end of its connection. PATCH there carries ICE:
/// candidates, which are read and not needed (ours is an ICE-lite side), and restarts. The entity
/// tag of a session is our ICE user name.
///
/// A session belongs to its participant: the token of each request must be for the same room and
/// identity. Errors are JSON with `error`, as LiveKit's are. On the loop's thread.
class Whip {
 public:
  /// Of an offer or a fragment; more gets 413.
  static constexpr size_t kMaxBody = 64 * 1024;

  Whip(const ServiceConfig& config, Rooms& rooms);

  void register_routes(net::HttpRoutes& server);

 private:
  /// A participant, as a request names it.
  struct Session {
    Room* room;
    std::string identity;
    std::string sid;
  };

  net::HttpResponse create(const net::HttpRequest& request);
  net::HttpResponse patch(const net::HttpRequest& request);
  net::HttpResponse restart(const Session& session, const rtc::IceCredentials& remote);
  net::HttpResponse end(const net::HttpRequest& request);
  [[nodiscard]] Result<Grants> authorized(const net::HttpRequest& request) const;
  Result<Session> session(const net::HttpRequest& request);

  const ServiceConfig& config_;
  Rooms& rooms_;
};

}  // namespace turms::livekit
