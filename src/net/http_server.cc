#include "net/http_server.h"

#include <string_view>

#include "net/http_annex.h"
#include "net/http_connection.h"
#include "net/websocket_connection.h"

namespace turms::net {

namespace {

constexpr std::array<std::string_view, kRejectionCount> kRejectionNames = {
    "connection_limit",    "bad_request",   "header_too_large",  "header_timeout",
    "body_too_large",      "body_timeout",  "no_route",          "method_not_allowed",
    "handler_gave_up",     "write_timeout", "message_too_large", "protocol_error",
    "send_queue_overflow", "silence"};

constexpr std::array<std::string_view, 5> kClasses = {"1xx", "2xx", "3xx", "4xx", "5xx"};

}  // namespace

const HttpRoute::Plain* HttpRoute::find(std::string_view method) const {
  auto it = methods.find(method);
  if (it == methods.end() && method == "HEAD") it = methods.find("GET");
  if (it == methods.end()) it = methods.find("*");
  return it == methods.end() ? nullptr : &it->second;
}

std::string HttpRoute::allowed() const {
  std::string list = "OPTIONS";
  for (const auto& [method, plain] : methods) {
    if (method == "OPTIONS" || method == "*") continue;
    list += ", " + method;
    if (method == "GET") list += ", HEAD";
  }
  if (methods.empty()) list += ", GET";
  return list;
}

HttpShared::HttpShared(Loop& event_loop, HttpServerConfig server_config,
                       ConnectionSlot::Count open_on_all_loops)
    : loop(event_loop),
      config(std::move(server_config)),
      open(std::move(open_on_all_loops)),
      open_connections(
          metrics::gauge("turms_connections", "Open TCP connections.", {{"server", config.name}})),
      open_websockets(
          metrics::gauge("turms_websockets", "Open WebSockets.", {{"server", config.name}})) {
  for (size_t i = 0; i < kRejectionCount; ++i) {
    rejections[i] =
        &metrics::counter("turms_rejected_total", "Connections and requests refused, by reason.",
                          {{"server", config.name}, {"reason", kRejectionNames[i]}});
  }
  for (size_t i = 0; i < kClasses.size(); ++i) {
    responses[i] = &metrics::counter("turms_http_responses_total", "HTTP answers by status class.",
                                     {{"server", config.name}, {"class", kClasses[i]}});
  }
}

void HttpShared::abort_all() {
  const auto open_now = connections;
  for (const auto& [key, connection] : open_now) connection->abort();
  const auto upgraded = websockets;
  for (const auto& [key, socket] : upgraded) socket->abort();
}

const HttpRoute* HttpShared::find(std::string_view path, bool upgrade) const {
  const auto usable = [&](const HttpRoute& route) {
    if (upgrade) return route.upgrade.has_value();
    // An upgrade-only path hides the prefixes behind it from plain requests.
    return !route.methods.empty() || (route.upgrade && route.upgrade->options.upgrade_only);
  };
  if (const auto it = exact.find(path); it != exact.end() && usable(it->second)) {
    return &it->second;
  }
  // The longest prefix is the greatest key that `path` begins with.
  for (auto it = prefixes.upper_bound(path); it != prefixes.begin();) {
    --it;
    if (path.starts_with(it->first) && usable(it->second)) return &it->second;
  }
  return nullptr;
}

namespace {

class HttpServerImpl final : public HttpServer {
 public:
  HttpServerImpl(Loop& loop, HttpServerConfig config)
      : shared_(std::make_shared<HttpShared>(loop, std::move(config),
                                             std::make_shared<std::atomic<size_t>>(0))) {}

  ~HttpServerImpl() override { shared_->abort_all(); }

  Status start() {
    const Status listening = listen_also(shared_->config.bind_address, shared_->config.port);
    if (listening) port_ = doors_.front()->port();
    return listening;
  }

  Status listen_also(const std::string& bind_address, uint16_t port) override {
    const HttpServerConfig& config = shared_->config;
    FrontDoorConfig door = config.door;
    door.timeout = config.header_timeout;
    auto opened = FrontDoor::listen(
        shared_->loop, bind_address, port, config.name, std::move(door),
        {.may_accept = [this] { return may_accept(); },
         .http = [this](std::shared_ptr<TcpStream> stream,
                        const Bytes& received) { accepted(std::move(stream), received); },
         .media = config.on_media});
    if (!opened) return std::unexpected(opened.error());
    doors_.push_back(std::move(*opened));
    return {};
  }

  void route(std::string method, std::string path, Handler handler, RouteOptions options) override {
    shared_->exact[std::move(path)].methods[std::move(method)] = {
        std::make_shared<const Handler>(std::move(handler)), options};
  }
  void route_prefix(std::string method, std::string prefix, Handler handler,
                    RouteOptions options) override {
    shared_->prefixes[std::move(prefix)].methods[std::move(method)] = {
        std::make_shared<const Handler>(std::move(handler)), options};
  }
  void route_stream(std::string method, std::string prefix, HttpStreamHandler handler,
                    RouteOptions options) {
    shared_->prefixes[std::move(prefix)].methods[std::move(method)] = {
        nullptr, options, std::make_shared<const HttpStreamHandler>(std::move(handler))};
  }
  void websocket(std::string path, UpgradeHandler handler, WebSocketOptions options,
                 RouteOptions route_options, bool prefix) override {
    auto& routes = prefix ? shared_->prefixes : shared_->exact;
    routes[std::move(path)].upgrade = {std::make_shared<const UpgradeHandler>(std::move(handler)),
                                       options, route_options};
  }
  void remove_route(const std::string& path_or_prefix) override {
    shared_->exact.erase(path_or_prefix);
    shared_->prefixes.erase(path_or_prefix);
  }

  std::unique_ptr<HttpRoutes> annex(Loop& other) override {
    return std::make_unique<HttpAnnex>(*this, *shared_, other);
  }

  uint16_t port() const override { return port_; }
  size_t connections() const override {
    size_t waiting = 0;
    for (const auto& door : doors_) waiting += door->waiting();
    return shared_->open->load() + waiting;
  }

  void drain() override {
    shared_->draining = true;
    // Posted: this may be called while a door is accepting.
    shared_->loop.post(
        [doors = std::make_shared<std::vector<std::unique_ptr<FrontDoor>>>(std::move(doors_))] {});
    doors_.clear();
    const auto connections = shared_->connections;
    for (const auto& [key, connection] : connections) connection->close_if_idle();
  }

 private:
  bool may_accept() {
    if (!shared_->draining && connections() < shared_->config.max_connections) return true;
    shared_->reject(Rejection::kConnectionLimit);
    return false;
  }

  void accepted(std::shared_ptr<TcpStream> stream, const Bytes& received) {
    if (shared_->draining) return;
    auto connection = std::make_shared<HttpConnection>(shared_, ConnectionSlot(shared_->open));
    shared_->connections.emplace(connection.get(), connection);
    connection->attach(std::move(stream), received);
  }

  std::shared_ptr<HttpShared> shared_;
  std::vector<std::unique_ptr<FrontDoor>> doors_;
  uint16_t port_ = 0;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Loop& loop, HttpServerConfig config) {
  auto server = std::make_unique<HttpServerImpl>(loop, std::move(config));
  if (Status started = server->start(); !started) return std::unexpected(started.error());
  return server;
}

void route_stream(HttpServer& server, std::string method, std::string prefix,
                  HttpStreamHandler handler, RouteOptions options) {
  // There is no other implementation.
  static_cast<HttpServerImpl&>(server).route_stream(std::move(method), std::move(prefix),
                                                    std::move(handler), options);
}

HttpExchange::HttpExchange(HttpExchange&& other) noexcept
    : connection_(std::move(other.connection_)), serial_(std::exchange(other.serial_, 0)) {}

HttpExchange& HttpExchange::operator=(HttpExchange&& other) noexcept {
  std::swap(connection_, other.connection_);
  std::swap(serial_, other.serial_);
  return *this;
}

HttpExchange::~HttpExchange() {
  if (serial_ == 0) return;
  if (const auto connection = connection_.lock()) connection->gave_up(serial_);
}

void HttpExchange::send(HttpResponse response, std::shared_ptr<HttpBodySource> source) {
  const uint64_t serial = std::exchange(serial_, 0);
  if (serial == 0) return;
  if (const auto connection = connection_.lock()) {
    connection->respond(serial, std::move(response), std::move(source));
  }
}

void HttpExchange::resume() {
  if (const auto connection = connection_.lock()) connection->resume_body(serial_);
}

HttpResponder::HttpResponder(HttpResponder&& other) noexcept
    : connection_(std::move(other.connection_)),
      serial_(std::exchange(other.serial_, 0)),
      home_(other.home_) {}

HttpResponder& HttpResponder::operator=(HttpResponder&& other) noexcept {
  std::swap(connection_, other.connection_);
  std::swap(serial_, other.serial_);
  std::swap(home_, other.home_);
  return *this;
}

HttpResponder::~HttpResponder() {
  if (serial_ != 0) drop();
}

HttpResponder HttpResponder::elsewhere(HttpResponder responder, Loop& home) {
  responder.home_ = &home;
  return responder;
}

void HttpResponder::drop() {
  const auto give_up = [connection = connection_, serial = serial_] {
    if (const auto there = connection.lock()) there->gave_up(serial);
  };
  home_ == nullptr ? give_up() : home_->post(give_up);
}

void HttpResponder::send(HttpResponse response) {
  const uint64_t serial = std::exchange(serial_, 0);
  if (serial == 0) return;
  if (home_ == nullptr) {
    if (const auto there = connection_.lock()) there->respond(serial, std::move(response));
    return;
  }
  // The connection is looked up there only: the last reference to it must not end up here.
  home_->post([connection = connection_, serial,
               value = std::make_shared<HttpResponse>(std::move(response))] {
    if (const auto there = connection.lock()) there->respond(serial, std::move(*value));
  });
}

bool HttpResponder::client_gone() const {
  if (home_ != nullptr) return false;
  const auto connection = connection_.lock();
  return !connection || !connection->waits_for(serial_);
}

WebSocketUpgrade::WebSocketUpgrade(WebSocketUpgrade&& other) noexcept
    : connection_(std::move(other.connection_)), serial_(std::exchange(other.serial_, 0)) {}

WebSocketUpgrade& WebSocketUpgrade::operator=(WebSocketUpgrade&& other) noexcept {
  std::swap(connection_, other.connection_);
  std::swap(serial_, other.serial_);
  return *this;
}

WebSocketUpgrade::~WebSocketUpgrade() {
  if (serial_ == 0) return;
  if (const auto connection = connection_.lock()) connection->gave_up(serial_);
}

void WebSocketUpgrade::refuse(HttpResponse response) {
  const uint64_t serial = std::exchange(serial_, 0);
  if (serial == 0) return;
  if (const auto connection = connection_.lock()) connection->respond(serial, std::move(response));
}

std::shared_ptr<WebSocket> WebSocketUpgrade::accept(const HttpHeaders& extra_headers) {
  const uint64_t serial = std::exchange(serial_, 0);
  const auto connection = connection_.lock();
  if (serial == 0 || !connection) return nullptr;
  return connection->accept_upgrade(serial, extra_headers);
}

std::unique_ptr<HttpHandover> WebSocketUpgrade::hand_over() {
  const uint64_t serial = std::exchange(serial_, 0);
  const auto connection = connection_.lock();
  if (serial == 0 || !connection) return nullptr;
  return connection->hand_over(serial);
}

bool WebSocketUpgrade::client_gone() const {
  const auto connection = connection_.lock();
  return !connection || !connection->waits_for(serial_);
}

}  // namespace turms::net
