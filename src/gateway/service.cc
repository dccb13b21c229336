#include "gateway/service.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "gateway/connection.h"
#include "gateway/environment.h"
#include "gateway/push_encoder.h"
#include "gateway/session_registry.h"
#include "net/http_server.h"
#include "net/tcp_server.h"

namespace turms::gateway {
namespace {

/// Upstream's answer to a browser that asks beforehand.
net::HttpResponse preflight_answer() {
  net::HttpResponse response;
  response.headers = {{"Access-Control-Allow-Origin", "*"},
                      {"Access-Control-Allow-Methods", "*"},
                      {"Access-Control-Allow-Headers", "*"},
                      {"Access-Control-Max-Age", "7200"}};
  return response;
}

}  // namespace

class Service::Impl {
 public:
  Impl(net::Loop& loop, Config config, im::Domain& domain, im::Bus& bus)
      : environment_(std::make_shared<Environment>(loop, std::move(config), domain, bus)) {
    bus.subscribe(environment_->registry);
    domain.delivery.set_encoder(encoder_);
    watch_load();
    drop_who_is_blocked(environment_);
  }

  void add(std::unique_ptr<Transport> transport) {
    const bool let_in = environment_->guard.lets_in(transport->remote());
    auto connection = std::make_shared<Connection>(environment_, std::move(transport));
    connection->start();
    if (!let_in) connection->drop();
    if (draining_) connection->close(CloseStatus::kServerClosed);
  }

  /// How late the timer comes is how late everything else does.
  void watch_load() {
    constexpr Duration kInterval = 500ms;
    const TimePoint due = environment_->loop.now() + kInterval;
    load_timer_.start(kInterval, [this, due] {
      std::ifstream file("/proc/meminfo");
      const std::string meminfo{std::istreambuf_iterator<char>(file), {}};
      const Duration delay = environment_->loop.now() - due;
      if (environment_->load.sample(delay, available_bytes(meminfo))) {
        const bool shut = environment_->load.overloaded();
        if (shut) {
          log::warn("too busy, or short of memory: new sessions are refused");
        } else {
          log::info("new sessions are taken again");
        }
      }
      watch_load();
    });
  }

  /// Closing one may free another.
  std::vector<std::shared_ptr<Connection>> all() const {
    std::vector<std::shared_ptr<Connection>> held;
    for (Connection* connection : environment_->connections) {
      if (auto shared = connection->weak_from_this().lock()) held.push_back(std::move(shared));
    }
    return held;
  }

  void close_all() {
    for (const auto& connection : all()) connection->close(CloseStatus::kServerClosed);
  }

  net::HttpServer::UpgradeHandler accept_websocket() {
    return [this](const net::HttpRequest&, net::WebSocketUpgrade upgrade) {
      if (auto socket = upgrade.accept()) {
        add(make_transport(std::move(socket), environment_->config.max_request_bytes));
      }
    };
  }

  net::WebSocketOptions websocket_options() const {
    net::WebSocketOptions options;
    // Somewhat more than we take, so that a client hears in the protocol's words what was wrong.
    options.max_message_bytes = 4 * environment_->config.max_request_bytes;
    options.max_queued_bytes = environment_->config.max_pending_bytes;
    // The protocol has heartbeats of its own.
    options.ping_interval = {};
    options.silence_timeout = {};
    return options;
  }

  std::shared_ptr<Environment> environment_;
  NotificationEncoder encoder_;
  std::unique_ptr<net::HttpServer> websocket_server_;
  std::unique_ptr<net::TcpServer> tcp_server_;
  net::Timer load_timer_{environment_->loop};
  bool draining_ = false;
};

Service::Service(net::Loop& loop, Config config, im::Domain& domain, im::Bus& bus)
    : impl_(std::make_unique<Impl>(loop, std::move(config), domain, bus)) {}

Service::~Service() {
  impl_->close_all();
}

void Service::set_authenticator(std::unique_ptr<Authenticator> authenticator) {
  impl_->environment_->authenticator = std::move(authenticator);
}

void Service::set_request_hook(im::RequestHook* hook) {
  impl_->environment_->request_hook = hook;
}

void Service::set_meetings(im::Meetings& meetings) {
  impl_->environment_->meetings = &meetings;
}

void Service::set_storage(im::Storage& storage) {
  impl_->environment_->storage = &storage;
}

void Service::configure(const Config& config) {
  Environment& environment = *impl_->environment_;
  environment.config.idle_timeout = config.idle_timeout;
  environment.config.rate_limit = config.rate_limit;
  environment.config.access_log = config.access_log;
  environment.config.device_logins = config.device_logins;
  environment.guard.set_address_limit(config.guard.address_limit);
  for (const auto& connection : impl_->all()) connection->configured();
}

Status Service::listen_websocket(const std::string& bind_address, uint16_t port) {
  net::HttpServerConfig config;
  config.bind_address = bind_address;
  config.port = port;
  config.name = "turms_websocket";
  config.door = impl_->environment_->config.door;
  config.max_connections = impl_->environment_->config.max_connections;
  auto server = net::HttpServer::listen(impl_->environment_->loop, std::move(config));
  if (!server) return std::unexpected(server.error());
  net::WebSocketOptions options = impl_->websocket_options();
  options.upgrade_only = false;
  (*server)->websocket("/", impl_->accept_websocket(), options, {.any_origin = true},
                       /*prefix=*/true);
  (*server)->route_prefix("GET", "/", [](const net::HttpRequest&, net::HttpResponder responder) {
    responder.send(net::HttpResponse::text(400, "This port speaks WebSocket only\n"));
  });
  (*server)->route_prefix("OPTIONS", "/",
                          [](const net::HttpRequest&, net::HttpResponder responder) {
                            responder.send(preflight_answer());
                          });
  impl_->websocket_server_ = std::move(*server);
  return {};
}

Status Service::listen_tcp(const std::string& bind_address, uint16_t port) {
  net::TcpServerConfig config;
  config.bind_address = bind_address;
  config.port = port;
  config.name = "turms_tcp";
  config.trusted_proxies = impl_->environment_->config.door.trusted_proxies;
  config.proxy_protocol = impl_->environment_->config.door.proxy_protocol;
  config.max_connections = impl_->environment_->config.max_connections;
  config.max_queued_bytes = impl_->environment_->config.max_pending_bytes;
  auto server = net::TcpServer::listen(
      impl_->environment_->loop, std::move(config),
      [this](std::shared_ptr<net::TcpConnection> connection) {
        impl_->add(
            make_transport(std::move(connection), impl_->environment_->config.max_request_bytes));
      });
  if (!server) return std::unexpected(server.error());
  impl_->tcp_server_ = std::move(*server);
  return {};
}

uint16_t Service::websocket_port() const {
  return impl_->websocket_server_ ? impl_->websocket_server_->port() : 0;
}

uint16_t Service::tcp_port() const {
  return impl_->tcp_server_ ? impl_->tcp_server_->port() : 0;
}

void Service::websocket_route(net::HttpServer& server, const std::string& path) {
  server.websocket(path, impl_->accept_websocket(), impl_->websocket_options(),
                   {.any_origin = true});
}

void Service::drain() {
  impl_->draining_ = true;
  if (impl_->websocket_server_) impl_->websocket_server_->drain();
  if (impl_->tcp_server_) impl_->tcp_server_->stop_accepting();
  impl_->close_all();
}

bool Service::drained() const {
  return impl_->draining_ && impl_->environment_->connections.empty() &&
         impl_->environment_->busy_connections == 0;
}

size_t Service::connections() const {
  return impl_->environment_->connections.size();
}

size_t Service::users() const {
  return impl_->environment_->registry.users();
}
SessionList Service::list_sessions(const std::vector<UserId>& users, size_t skip,
                                   size_t limit) const {
  const auto all = impl_->environment_->registry.list(users);
  SessionList found;
  found.total = all.size();
  for (size_t i = skip; i < all.size() && found.records.size() < limit; ++i) {
    const Session& session = *all[i]->session();
    found.records.push_back(
        {session.caller, session.status, all[i]->remote().ip(), session.signed_in_at});
  }
  return found;
}
size_t Service::sessions() const {
  return impl_->environment_->registry.sessions();
}

}  // namespace turms::gateway
