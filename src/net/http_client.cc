#include "net/http_client.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <unordered_set>

#include "net/http_client_connection.h"

namespace turms::net {

namespace {

/// RFC 9110 section 9.2.2: may be sent again when it is not known whether it was handled.
bool idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS";
}

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

Status parse_url(HttpExchange& exchange) {
  const HttpClientRequest& request = exchange.request;
  const auto url = boost::urls::parse_uri(request.url);
  const auto bad = [&] { return fail(ErrorCode::kInvalidArgument, "not a URL: " + request.url); };
  if (url.has_error() || !url->has_authority() || url->host().empty()) return bad();
  if (url->scheme() != "http" && url->scheme() != "https") return bad();
  exchange.origin.tls = url->scheme() == "https";
  exchange.origin.host = url->host_address();
  exchange.origin.port = exchange.origin.tls ? 443 : 80;
  const std::string_view port(url->port().data(), url->port().size());
  if (!port.empty()) {
    const auto [end, error] =
        std::from_chars(port.data(), port.data() + port.size(), exchange.origin.port);
    if (error != std::errc() || exchange.origin.port == 0) return bad();
  }
  exchange.target = std::string(url->encoded_path());
  if (exchange.target.empty()) exchange.target = "/";
  if (url->has_query()) exchange.target += "?" + std::string(url->encoded_query());
  bool clean = !has_line_break(request.method) && !request.method.empty();
  for (const auto& [name, value] : request.headers) {
    clean = clean && !has_line_break(name) && !has_line_break(value);
  }
  if (!clean) return fail(ErrorCode::kInvalidArgument, "line break in a header");
  return {};
}

class HttpClientImpl final : public HttpClient, public HttpClientConnection::Owner {
 public:
  HttpClientImpl(Loop& loop, HttpClientConfig config)
      : loop_(loop), config_(std::move(config)), resolver_(loop) {}

  ~HttpClientImpl() override {
    for (auto& [origin, host] : hosts_) {
      for (const auto& connection : host.connections) {
        if (connection->exchange()) cancel_later(connection->exchange());
        connection->abort();
      }
      for (const auto& exchange : host.waiting) cancel_later(exchange);
    }
  }

  void request(HttpClientRequest request, Handler handler) override {
    auto exchange = std::make_shared<HttpExchange>(loop_, std::move(request), std::move(handler));
    const Status admitted = admit(*exchange);
    if (!admitted) {
      return loop_.post(
          [exchange, error = admitted.error()] { exchange->handler(std::unexpected(error)); });
    }
    ++exchanges_;
    exchange->deadline.start(exchange->request.timeout, [this, weak = std::weak_ptr(exchange)] {
      if (const auto late = weak.lock()) deadline_reached(late);
    });
    // Not from within this call: a connection that fails at once would answer too early.
    hosts_[exchange->origin].waiting.push_back(exchange);
    loop_.post([this, alive = std::weak_ptr(alive_), origin = exchange->origin] {
      if (alive.lock()) serve(origin);
    });
  }

  void on_connection_ready(HttpClientConnection& connection) override {
    serve(connection.origin());
  }

  void on_response(HttpClientConnection&, std::shared_ptr<HttpExchange> exchange,
                   HttpResponse response) override {
    finish(exchange, std::move(response));
  }

  void on_connection_closed(HttpClientConnection& connection,
                            std::shared_ptr<HttpExchange> exchange, Error error,
                            bool untouched) override {
    Host& host = hosts_[connection.origin()];
    const auto self = connection.shared_from_this();
    const bool was_connecting = host.connecting.erase(&connection) > 0;
    std::erase(host.connections, self);
    if (exchange && untouched && !exchange->retried && idempotent(exchange->request.method)) {
      exchange->retried = true;
      host.waiting.push_front(std::move(exchange));
    } else if (exchange) {
      finish(exchange, std::unexpected(std::move(error)));
    } else if (was_connecting && !host.waiting.empty()) {
      // It was opened for one of those that wait.
      const auto first = std::move(host.waiting.front());
      host.waiting.pop_front();
      finish(first, std::unexpected(std::move(error)));
    }
    // Not at once: this call comes from deep inside the connection.
    loop_.post([this, alive = std::weak_ptr(alive_), origin = self->origin()] {
      if (alive.lock()) serve(origin);
    });
  }

 private:
  struct Host {
    std::deque<std::shared_ptr<HttpExchange>> waiting;
    std::vector<std::shared_ptr<HttpClientConnection>> connections;
    std::unordered_set<HttpClientConnection*> connecting;
  };

  Status admit(HttpExchange& exchange) {
    if (Status parsed = parse_url(exchange); !parsed) return parsed;
    if (exchanges_ >= config_.max_requests) {
      return fail(ErrorCode::kResourceExhausted, "too many requests under way");
    }
    if (exchange.origin.tls && !tls_context_) {
      auto context = TlsClient::make_context(config_.ca_file);
      if (!context) return std::unexpected(context.error());
      tls_context_ = std::move(*context);
    }
    return {};
  }

  /// Gives what waits to idle connections, and opens as many as are allowed for the rest.
  void serve(const HttpOrigin& origin) {
    const auto it = hosts_.find(origin);
    if (it == hosts_.end()) return;
    Host& host = it->second;
    for (const auto& connection : host.connections) {
      if (!connection->idle()) continue;
      host.connecting.erase(connection.get());
      if (host.waiting.empty()) continue;
      auto exchange = std::move(host.waiting.front());
      host.waiting.pop_front();
      connection->start(std::move(exchange));
    }
    while (host.connecting.size() < host.waiting.size() &&
           host.connections.size() < config_.max_connections_per_host) {
      auto connection =
          std::make_shared<HttpClientConnection>(loop_, *this, origin, config_, tls_context_);
      host.connections.push_back(connection);
      host.connecting.insert(connection.get());
      connection->connect(resolver_);
    }
    if (host.connections.empty() && host.waiting.empty()) hosts_.erase(it);
  }

  void deadline_reached(const std::shared_ptr<HttpExchange>& exchange) {
    Host& host = hosts_[exchange->origin];
    if (std::erase(host.waiting, exchange) == 0) {
      const auto connections = host.connections;
      for (const auto& connection : connections) {
        if (connection->exchange() != exchange) continue;
        connection->abort();
        std::erase(host.connections, connection);
      }
    }
    finish(exchange, fail(ErrorCode::kDeadlineExceeded, "no answer in time"));
    loop_.post([this, alive = std::weak_ptr(alive_), origin = exchange->origin] {
      if (alive.lock()) serve(origin);
    });
  }

  void finish(const std::shared_ptr<HttpExchange>& exchange, Result<HttpResponse> result) {
    exchange->deadline.cancel();
    --exchanges_;
    // Posted: the handler may destroy the client.
    loop_.post(
        [exchange, result = std::move(result)]() mutable { exchange->handler(std::move(result)); });
  }

  void cancel_later(const std::shared_ptr<HttpExchange>& exchange) {
    finish(exchange, fail(ErrorCode::kCancelled, "client destroyed"));
  }

  Loop& loop_;
  HttpClientConfig config_;
  Resolver resolver_;
  std::shared_ptr<TlsClient::Context> tls_context_;
  std::map<HttpOrigin, Host> hosts_;
  size_t exchanges_ = 0;
  /// Functions posted by this object run only while it lives.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<HttpClient> HttpClient::create(Loop& loop, HttpClientConfig config) {
  return std::make_unique<HttpClientImpl>(loop, std::move(config));
}

Task<Result<HttpResponse>> HttpClient::fetch(HttpClientRequest& request) {
  Completion<Result<HttpResponse>> done;
  this->request(std::move(request), done.setter());
  co_return co_await done;
}

}  // namespace turms::net
