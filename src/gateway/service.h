#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "gateway/device_logins.h"
#include "gateway/guard.h"
#include "gateway/load_watch.h"
#include "gateway/token_bucket.h"
#include "im/types.h"
#include "net/front_door.h"

namespace turms::net {
class HttpServer;
class Loop;
}  // namespace turms::net

namespace turms::im {
class Bus;
class Domain;
class Meetings;
class RequestHook;
class Storage;
struct Meeting;
}  // namespace turms::im

namespace turms::gateway {

class Authenticator;

/// Upstream's defaults.
struct Config {
  /// A larger request ends the connection.
  size_t max_request_bytes = 16 * 1024;
  /// A session without a request or heartbeat for so long is closed.
  Duration idle_timeout = 180s;
  /// A connection must have signed in by then.
  Duration establish_timeout = 300s;
  /// Bytes that wait for a slow client; more closes its session.
  size_t max_pending_bytes = 4 * 1024 * 1024;
  /// On each port.
  size_t max_connections = 15000;
  /// Requests of one connection, heartbeats and signing in aside: more are answered 1101. Upstream
  /// limits to 50 and then one a second, of all connections from one address; without a limit
  /// here, because a client may well pipeline as much as it can, and many share an address.
  RateLimit rate_limit;
  /// A line of the log for each request (access_log.h).
  bool access_log = false;
  /// This node's number, in the ids of sessions.
  int node = 0;
  /// What UserSession.server_id says; upstream's `service-discovery.identity`, empty there too.
  std::string server_id;
  DeviceLogins device_logins = {};
  GuardConfig guard = {};
  /// When new sessions are refused (1201).
  LoadWatch::Limits load = {};
  /// TLS of the WebSocket port; whom to believe about clients' addresses, on both ports.
  net::FrontDoorConfig door = {};
};

/// A session, for those who administer it.
struct SessionInfo {
  im::Caller caller;
  im::UserStatus status = im::UserStatus::kAvailable;
  std::string address;
  WallTime signed_in_at;
};
struct SessionList {
  size_t total = 0;
  std::vector<SessionInfo> records;
};

/// The Turms client protocol: its listeners, its connections, who is signed in, and the delivery of
/// notifications to them. Lives on the control thread; loop, domain and bus outlive it.
///
/// Bounds: connections per port, bytes of one request, requests that wait on one connection (then
/// its socket is not read), bytes that wait for one client (then its session ends), the rate of
/// requests when so configured, and failed sign-ins (SignInThrottle; a connection ends after
/// Connection::kMaxFailedSignIns).
class Service {
 public:
  Service(net::Loop& loop, Config config, im::Domain& domain, im::Bus& bus);
  /// Connections are cut. Requests still under way must have completed: see drain().
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Without it, the stored password decides. Before anybody listens.
  void set_authenticator(std::unique_ptr<Authenticator> authenticator);
  /// Without it, nobody has a word in requests. Null from when it goes.
  void set_request_hook(im::RequestHook* hook);
  /// Without it, requests about meetings answer 8000.
  void set_meetings(im::Meetings& meetings);
  /// Without it, requests about stored files answer 6000.
  void set_storage(im::Storage& storage);

  /// What may change while it runs (settings_table.h), for those who are there too.
  void configure(const Config& config);

  /// A port of its own; kUnavailable when it cannot be bound. Port 0: any free one.
  Status listen_websocket(const std::string& bind_address, uint16_t port);
  Status listen_tcp(const std::string& bind_address, uint16_t port);
  /// 0 when there is none.
  [[nodiscard]] uint16_t websocket_port() const;
  [[nodiscard]] uint16_t tcp_port() const;
  /// The same over a path of another server, so that a browser needs one origin. That server's loop
  /// must not turn any more when this is gone.
  void websocket_route(net::HttpServer& server, const std::string& path);

  /// Accepts no more connections and tells each one that the server goes (close_status 201).
  void drain();
  /// After drain(): no connection is left and no request is under way.
  [[nodiscard]] bool drained() const;

  [[nodiscard]] size_t connections() const;
  [[nodiscard]] size_t sessions() const;
  /// Who are signed in.
  [[nodiscard]] size_t users() const;
  /// By user, then by device type: those of `users`, of all when it is empty.
  [[nodiscard]] SessionList list_sessions(const std::vector<UserId>& users, size_t skip,
                                          size_t limit) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The second record of a meeting's invitation message: what a client needs to ring. Without the
/// access token, which each member asks for, and without the other side of a private meeting, which
/// is the reader.
Bytes encode_meeting_record(const im::Meeting& meeting);

}  // namespace turms::gateway
