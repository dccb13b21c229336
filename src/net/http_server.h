#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/front_door.h"
#include "net/http.h"
#include "net/loop.h"
#include "net/websocket.h"

namespace turms::net {

class HttpConnection;
struct HttpHandover;

/// The one answer to one request. Movable; may be answered later, on the thread its handler was
/// called on. Dropped without an answer it sends 500; an answer after the client left goes nowhere.
class HttpResponder {
 public:
  HttpResponder(std::weak_ptr<HttpConnection> connection, uint64_t serial)
      : connection_(std::move(connection)), serial_(serial) {}
  /// The same one for the use of one other thread; answers are posted to `home`, the connection's
  /// loop, which must outlive it.
  static HttpResponder elsewhere(HttpResponder responder, Loop& home);
  HttpResponder(HttpResponder&& other) noexcept;
  HttpResponder& operator=(HttpResponder&& other) noexcept;
  ~HttpResponder();

  void send(HttpResponse response);
  /// Not known, and so false, on another loop than the connection's.
  [[nodiscard]] bool client_gone() const;

 private:
  void drop();

  std::weak_ptr<HttpConnection> connection_;
  uint64_t serial_ = 0;   // 0: answered or moved from
  Loop* home_ = nullptr;  // null: this is its thread
};

/// A WebSocket handshake that waits for a decision: refuse with any HTTP answer, or accept. Dropped
/// without a decision it refuses with 500. Movable; may be decided later, on the loop's thread.
class WebSocketUpgrade {
 public:
  WebSocketUpgrade(std::weak_ptr<HttpConnection> connection, uint64_t serial)
      : connection_(std::move(connection)), serial_(serial) {}
  WebSocketUpgrade(WebSocketUpgrade&& other) noexcept;
  WebSocketUpgrade& operator=(WebSocketUpgrade&& other) noexcept;
  ~WebSocketUpgrade();

  void refuse(HttpResponse response);
  /// Null when the client left meanwhile.
  std::shared_ptr<WebSocket> accept(const HttpHeaders& extra_headers = {});
  [[nodiscard]] bool client_gone() const;

  /// For src/net only: takes the connection from its loop, to be decided on another one. Null when
  /// the client left.
  std::unique_ptr<HttpHandover> hand_over();

 private:
  std::weak_ptr<HttpConnection> connection_;
  uint64_t serial_ = 0;
};

struct HttpServerConfig {
  std::string bind_address = "127.0.0.1";
  uint16_t port = 0;  // 0: any free one
  /// Label `server` of the metrics.
  std::string name = "http";
  /// More are accepted and closed at once, counted as rejected.
  size_t max_connections = 10000;
  /// Of the request line and all fields, each field at most 64 KiB: a URL must have room for a
  /// token with LiveKit's largest metadata, in JSON and base64.
  size_t max_header_bytes = 1024 * 1024;
  /// What the headers of all connections may hold beyond kPlainHeaderBytes each, until their
  /// requests are answered; who needs more then gets 503. So max_connections × kPlainHeaderBytes
  /// and this are all that unfinished headers can take.
  size_t max_large_header_bytes = 64 * 1024 * 1024;
  static constexpr size_t kPlainHeaderBytes = 32 * 1024;
  /// From the first byte of a request (or the accept) to the end of its header.
  Duration header_timeout = 10s;
  Duration body_timeout = 30s;
  /// Between requests of a kept connection.
  Duration idle_timeout = 60s;
  /// A response must make progress at least so often.
  Duration write_timeout = 30s;
  /// TLS, and whom to believe about a client's address: its proxies' PROXY headers, Forwarded and
  /// X-Forwarded-For then decide what remote() of requests and WebSockets says. Its timeout is
  /// header_timeout.
  FrontDoorConfig door = {};
  /// Who gets media over TCP that comes to this port; null: nobody.
  decltype(FrontDoor::Handlers::media) on_media = nullptr;
};

struct RouteOptions {
  /// Enough for a form or a token; a route that is told more says so. A longer body gets 413.
  size_t max_body_bytes = 64 * 1024;
  /// What a longer body gets instead, where clients understand one form only.
  HttpResponse (*too_long)() = nullptr;
  /// Every answer, refusals included, carries Access-Control-Allow-Origin: *, and preflights are
  /// answered.
  bool any_origin = false;
};

/// Where handlers are registered.
///
/// Matching: exact paths first, then the longest prefix. A path that exists for other methods only
/// gets 405 with Allow, none 404; either at the header, and the connection closes when a body was
/// to follow. HEAD goes to the GET route and loses its body; OPTIONS without a
/// route of its own gets 204 with Allow. Requests of one connection are handled one after the
/// other, so pipelined ones are answered in order.
class HttpRoutes {
 public:
  using Handler = std::function<void(HttpRequest, HttpResponder)>;
  using UpgradeHandler = std::function<void(HttpRequest, WebSocketUpgrade)>;

  virtual ~HttpRoutes() = default;

  /// `method` "*": any. All routes before the loop runs, or at least on its thread; the same method
  /// and path again replaces the route.
  virtual void route(std::string method, std::string path, Handler handler,
                     RouteOptions options = {}) = 0;
  /// Every path that begins with `prefix`; "/" is the fallback for all.
  virtual void route_prefix(std::string method, std::string prefix, Handler handler,
                            RouteOptions options = {}) = 0;
  /// An upgrade to exactly `path`, or with `prefix` to every path that begins with it.
  virtual void websocket(std::string path, UpgradeHandler handler, WebSocketOptions options = {},
                         RouteOptions route_options = {}, bool prefix = false) = 0;
  /// Takes away whatever is routed at exactly this path or prefix (a plugin is unloaded).
  virtual void remove_route(const std::string& path_or_prefix) = 0;
};

/// HTTP/1.1 and WebSocket server on one port. Lives on its loop's thread.
class HttpServer : public HttpRoutes {
 public:
  /// kUnavailable when the address cannot be bound.
  static Result<std::unique_ptr<HttpServer>> listen(Loop& loop, HttpServerConfig config);
  ~HttpServer() override = default;  // closes everything at once

  /// Routes of this server whose handlers run on `other`, a loop that another thread runs. A plain
  /// request goes there as a value and its answer comes back so; a connection that asks for an
  /// upgrade moves there for good, and closes when the upgrade is refused. Everything else, like
  /// parsing, bounds and deadlines, stays with the server.
  ///
  /// Routes are added and removed on the server's thread, where the result also lives. Destroy it
  /// when `other` does not run any more and before `other`: it closes the connections that moved;
  /// its routes answer 503 from then on.
  virtual std::unique_ptr<HttpRoutes> annex(Loop& other) = 0;

  /// A further address. kUnavailable when it cannot be bound.
  virtual Status listen_also(const std::string& bind_address, uint16_t port) = 0;

  [[nodiscard]] virtual uint16_t port() const = 0;
  /// WebSockets and what is on other loops included.
  [[nodiscard]] virtual size_t connections() const = 0;

  /// No new connections; idle ones close, busy ones after their answer; WebSockets are their
  /// owners' to close.
  virtual void drain() = 0;
};

}  // namespace turms::net
