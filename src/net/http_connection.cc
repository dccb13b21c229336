#include "net/http_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <utility>

#include "base/log.h"
#include "net/http_head.h"
#include "net/text.h"
#include "net/websocket_connection.h"
#include "net/websocket_deflate.h"

namespace turms::net {

namespace http = boost::beast::http;

namespace {

/// What may wait unread behind a request that is being handled; then the peer's sending stalls.
constexpr size_t kMaxPipelinedBytes = 64 * 1024;
/// Answers that wait to be sent before the next pipelined request is looked at.
constexpr size_t kMaxQueuedAnswers = 64 * 1024;
/// How long a peer may take to close after we have.
constexpr Duration kLinger = 2s;
constexpr uint64_t kSwitchingProtocols = 101;

/// Once: behind a proxy that is not named, all clients are one address to every limit there is.
void warn_of_unknown_proxy(const TrustedProxies& trusted, const Address& peer,
                           const HttpHeaders& headers) {
  static std::atomic<bool> warned = false;
  if (warned.load(std::memory_order_relaxed) || trusted.trusts(peer)) return;
  if (!headers.has("Forwarded") && !headers.has("X-Forwarded-For")) return;
  if (warned.exchange(true)) return;
  log::warn(
      "a request from {} says that it was forwarded, and is not believed: if a proxy of yours is "
      "there, name it in http.trusted_proxies, or all its clients count as one address",
      peer.to_string());
}

/// The path and query of a request target, which may also be in absolute form (RFC 9112 section
/// 3.2.2).
std::string_view origin_form(std::string_view target) {
  const size_t scheme = target.find("://");
  if (target.starts_with('/') || scheme == std::string_view::npos) return target;
  const size_t slash = target.find('/', scheme + 3);
  return slash == std::string_view::npos ? "/" : target.substr(slash);
}

/// What a request's length says is reserved up to here; the rest when it is really there.
constexpr uint64_t kMaxReservedBody = 64 * 1024;

/// A body in a string that may be taken away while the body still comes (http::string_body would
/// reserve all of it first).
struct PieceBody {
  using value_type = std::string;

  class reader {
   public:
    template <bool is_request, class Fields>
    reader(http::header<is_request, Fields>& /*header*/, value_type& body) : body_(body) {}
    void init(const boost::optional<uint64_t>& length, boost::system::error_code& error) {
      body_.reserve(static_cast<size_t>(std::min(length.value_or(0), kMaxReservedBody)));
      error = {};
    }
    template <class Buffers>
    size_t put(const Buffers& buffers, boost::system::error_code& error) {
      const size_t before = body_.size();
      for (auto it = boost::asio::buffer_sequence_begin(buffers);
           it != boost::asio::buffer_sequence_end(buffers); ++it) {
        const boost::asio::const_buffer buffer = *it;
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
      }
      error = {};
      return body_.size() - before;
    }
    void finish(boost::system::error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

}  // namespace

struct HttpConnection::Parser {
  http::request_parser<PieceBody> value;
};

HttpConnection::HttpConnection(std::shared_ptr<HttpShared> shared, ConnectionSlot slot)
    : shared_(std::move(shared)), slot_(std::move(slot)), deadline_(shared_->loop, [this] {
        const auto self = shared_from_this();
        deadline_reached();
      }) {
  shared_->open_connections.add();
}

HttpConnection::~HttpConnection() {
  shared_->open_connections.add(-1);
  account_header(0);
  if (stream_) stream_->abort();
}

void HttpConnection::attach(std::shared_ptr<TcpStream> stream, const Bytes& received) {
  stream_ = std::move(stream);
  stream_->set_owner(this);
  deadline_.set(shared_->config.header_timeout);
  input_ = received;
  process();
}

std::shared_ptr<HttpConnection> HttpConnection::take_over(const std::shared_ptr<HttpShared>& shared,
                                                          HttpHandover handover) {
  auto connection = std::make_shared<HttpConnection>(shared, std::move(handover.slot));
  connection->stream_ =
      TcpStream::attach(shared->loop.core(), std::move(handover.stream), connection.get());
  if (!connection->stream_) {
    connection->state_ = State::kGone;
    shared->reject(Rejection::kConnectionLimit);
    return nullptr;
  }
  connection->state_ = State::kHandling;
  connection->serial_ = 1;
  connection->input_ = std::move(handover.input);
  connection->upgrade_ = std::move(handover.upgrade);
  connection->any_origin_ = handover.any_origin;
  connection->peer_ended_ = handover.peer_ended;
  // The routes of its next request are not those of this loop.
  connection->keep_alive_ = false;
  shared->connections.emplace(connection.get(), connection);
  return connection;
}

std::unique_ptr<HttpHandover> HttpConnection::hand_over(uint64_t serial) {
  if (!waits_for(serial) || !upgrade_ || !stream_->open()) return nullptr;
  stream_->set_remote(upgrade_->remote);
  auto out = std::make_unique<HttpHandover>(HttpHandover{stream_->detach(), std::move(slot_),
                                                         std::move(input_), std::move(upgrade_),
                                                         any_origin_, peer_ended_});
  forget();
  return out;
}

void HttpConnection::abort() {
  if (state_ == State::kGone) return;
  stream_->abort();
  forget();
}

void HttpConnection::forget() {
  state_ = State::kGone;
  // What it holds may call back into this.
  const auto sink = std::move(sink_);
  const auto source = std::move(source_);
  slot_.release();
  account_header(0);
  deadline_.stop();
  const auto self = shared_from_this();
  shared_->connections.erase(this);
  // The caller may be a member function, or a responder that holds the last reference.
  shared_->loop.post([self] {});
}

void HttpConnection::close_if_idle() {
  if (state_ == State::kIdle || (state_ == State::kHeader && !parser_)) start_closing();
}

bool HttpConnection::waits_for(uint64_t serial) const {
  return (state_ == State::kHandling || state_ == State::kStreaming) && serial_ == serial;
}

void HttpConnection::on_stream_data(MutableByteView data) {
  input_.insert(input_.end(), data.begin(), data.end());
  process();
}

void HttpConnection::on_stream_end() {
  peer_ended_ = true;
  keep_alive_ = false;
  // What was received before may still be on its way to the sink.
  const bool unread = state_ == State::kStreaming && sink_full_;
  if (state_ != State::kHandling && state_ != State::kSending && !unread) start_closing();
}

void HttpConnection::on_stream_closed() {
  if (state_ != State::kGone) forget();
}

void HttpConnection::on_stream_flushed() {
  if (state_ == State::kIdle) {
    deadline_.set(shared_->config.idle_timeout);
    process();
  } else if (state_ == State::kSending) {
    if (!pulling_) pull();
  } else if (state_ == State::kClosing) {
    deadline_.set(kLinger);
  }
}

void HttpConnection::process() {
  if (processing_) return;
  const auto self = shared_from_this();
  processing_ = true;
  while (parse()) {
  }
  processing_ = false;
  if (state_ == State::kGone || state_ == State::kClosing) return;
  if (input_.empty()) input_ = Bytes();
  // A header that is cut must be able to go on; what is behind it can wait.
  stream_->set_reading(state_ == State::kHeader || input_.size() <= kMaxPipelinedBytes);
}

bool HttpConnection::parse() {
  switch (state_) {
    case State::kIdle: {
      if (stream_->queued() > kMaxQueuedAnswers) return false;
      if (peer_ended_ || shared_->draining) {
        start_closing();
        return false;
      }
      // RFC 9112 section 2.2: an empty line before a request is ignored.
      const auto text = std::find_if(input_.begin(), input_.end(),
                                     [](uint8_t c) { return c != '\r' && c != '\n'; });
      input_.erase(input_.begin(), text);
      if (input_.empty()) return false;
      state_ = State::kHeader;
      deadline_.set(shared_->config.header_timeout);
      return true;
    }
    case State::kHeader:
      return parse_header();
    case State::kBody:
      return parse_body();
    case State::kStreaming:
      return parse_streamed_body();
    default:
      return false;
  }
}

bool HttpConnection::parse_header() {
  if (input_.empty()) return false;
  if (!parser_) {
    parser_ = std::make_unique<Parser>();
    parser_->value.header_limit(static_cast<uint32_t>(shared_->config.max_header_bytes));
    parser_->value.body_limit(boost::none);  // known with the route
  }
  boost::system::error_code error;
  size_t used = 0;
  try {
    used = parser_->value.put(boost::asio::buffer(input_.data(), input_.size()), error);
  } catch (const std::length_error&) {  // a field beyond what the parser can keep
    error = http::error::header_limit;
  }
  input_.erase(input_.begin(), input_.begin() + static_cast<ptrdiff_t>(used));
  header_bytes_ += used;
  const bool more = error == http::error::need_more;
  if (more || !error) {
    if (!account_header(header_bytes_ + (more ? input_.size() : 0))) {
      keep_alive_ = false;
      head_ = any_origin_ = http_1_0_ = false;
      refuse(Rejection::kHeaderTooLarge, HttpResponse::text(503, "too many large requests"));
      return false;
    }
    if (more) return false;
  }
  if (error) {
    keep_alive_ = false;
    head_ = any_origin_ = http_1_0_ = false;
    const bool too_large = error == http::error::header_limit;
    refuse(too_large ? Rejection::kHeaderTooLarge : Rejection::kBadRequest,
           HttpResponse::text(too_large ? 431 : 400,
                              too_large ? "header too large" : "malformed request"));
    return false;
  }
  if (!parser_->value.is_header_done()) return true;
  header_complete();
  return true;
}

bool HttpConnection::account_header(size_t bytes) {
  const size_t large = bytes - std::min(bytes, HttpServerConfig::kPlainHeaderBytes);
  shared_->large_header_bytes += large;
  shared_->large_header_bytes -= std::exchange(large_header_bytes_, large);
  return large == 0 || shared_->large_header_bytes <= shared_->config.max_large_header_bytes;
}

bool HttpConnection::read_request_line_and_headers() {
  const auto& message = parser_->value.get();
  const auto text = [](boost::beast::string_view view) {
    return std::string(view.data(), view.size());
  };
  request_ = HttpRequest();
  request_.method = text(message.method_string());
  request_.target = text(message.target());
  for (const auto& field : message) {
    request_.headers.add(text(field.name_string()), text(field.value()));
  }
  request_.remote =
      shared_->config.door.trusted_proxies.client_of(stream_->remote(), request_.headers);
  warn_of_unknown_proxy(shared_->config.door.trusted_proxies, stream_->remote(), request_.headers);
  // The parser looks at every line of Connection, the message at the first.
  keep_alive_ = parser_->value.keep_alive() && !peer_ended_ && !shared_->draining;
  http_1_0_ = message.version() == 10;
  head_ = request_.method == "HEAD";
  any_origin_ = false;
  const std::string_view target = origin_form(request_.target);
  const size_t question = std::min(target.find('?'), target.size());
  auto path = percent_decode(target.substr(0, question), false);
  if (!path || path->find('\0') != std::string::npos || message.version() > 11) return false;
  request_.path = std::move(*path);
  if (question < target.size()) request_.query = parse_query(target.substr(question + 1));
  return true;
}

void HttpConnection::header_complete() {
  const bool valid = read_request_line_and_headers();
  const std::optional<uint64_t> length =
      parser_->value.content_length() ? std::optional<uint64_t>(*parser_->value.content_length())
                                      : std::nullopt;
  body_pending_ = parser_->value.chunked() || length.value_or(0) > 0;
  if (!valid) return refuse(Rejection::kBadRequest, HttpResponse::text(400, "malformed request"));

  const HttpHeaders& headers = request_.headers;
  if (request_.method == "GET" && headers.lists("Connection", "upgrade") &&
      headers.lists("Upgrade", "websocket") && shared_->find(request_.path, true) != nullptr) {
    return begin_upgrade();
  }

  const HttpRoute* route = shared_->find(request_.path, false);
  // Before its body: nobody may have bytes buffered that no handler will see. What the peer still
  // sends is thrown away while the connection closes (RFC 9112 section 9.6).
  if (refuse_unrouted(route)) return;
  size_t limit = RouteOptions().max_body_bytes;
  too_long_ = nullptr;
  std::shared_ptr<const HttpStreamHandler> stream_handler;
  if (const HttpRoute::Plain* plain = route->find(request_.method)) {
    stream_handler = plain->stream_handler;
    limit = plain->options.max_body_bytes;
    any_origin_ = plain->options.any_origin;
    too_long_ = plain->options.too_long;
  }
  if (length.value_or(0) > limit) return refuse_body();
  parser_->value.body_limit(limit);
  parser_->value.eager(true);
  if (body_pending_ && headers.lists("Expect", "100-continue")) {
    stream_->write(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
  }
  deadline_.set(shared_->config.body_timeout);
  if (stream_handler) return begin_streaming(stream_handler);
  state_ = State::kBody;
}

std::optional<HttpConnection::BodyPiece> HttpConnection::take_body() {
  BodyPiece piece;
  if (!parser_->value.is_done() && !input_.empty()) {
    boost::system::error_code error;
    const size_t used =
        parser_->value.put(boost::asio::buffer(input_.data(), input_.size()), error);
    input_.erase(input_.begin(), input_.begin() + static_cast<ptrdiff_t>(used));
    if (error && error != http::error::need_more) {
      if (error == http::error::body_limit) {
        refuse_body();
      } else {
        refuse(Rejection::kBadRequest, HttpResponse::text(400, "malformed body"));
      }
      return std::nullopt;
    }
    piece.data = std::exchange(parser_->value.get().body(), {});
    piece.progressed = used > 0 && !error;
  }
  piece.last = parser_->value.is_done();
  if (piece.last) {
    body_pending_ = false;
    parser_.reset();
  }
  return piece;
}

bool HttpConnection::parse_body() {
  auto piece = take_body();
  if (!piece) return false;
  if (request_.body.empty()) {
    request_.body = std::move(piece->data);
  } else {
    request_.body += piece->data;
  }
  if (!piece->last) return piece->progressed && !input_.empty();
  dispatch();
  return true;
}

void HttpConnection::refuse_body() {
  refuse(Rejection::kBodyTooLarge,
         too_long_ != nullptr ? too_long_() : HttpResponse::text(413, "body too large"));
}

void HttpConnection::dispatch() {
  state_ = State::kHandling;
  ++serial_;
  deadline_.clear();
  const HttpRoute* route = shared_->find(request_.path, false);
  if (refuse_unrouted(route)) return;  // removed while the body came
  // A route for any method does not mean its preflights: a page of another origin could not call
  // it.
  const bool preflight = any_origin_ && request_.method == "OPTIONS" &&
                         request_.header("Access-Control-Request-Method").has_value() &&
                         !route->methods.contains("OPTIONS");
  const HttpRoute::Plain* plain = route->find(request_.method);
  if (plain != nullptr && !preflight) {
    any_origin_ = plain->options.any_origin;
    const auto handler = plain->handler;
    return (*handler)(std::move(request_), HttpResponder(weak_from_this(), serial_));
  }
  HttpResponse response{.status = 204, .headers = {{"Allow", route->allowed()}}};
  if (any_origin_) {
    response.headers.add("Access-Control-Allow-Methods",
                         "OPTIONS, HEAD, GET, POST, PUT, PATCH, DELETE");
    const std::string wanted = request_.headers.combined("Access-Control-Request-Headers");
    response.headers.add("Access-Control-Allow-Headers", wanted.empty() ? "*" : wanted);
    response.headers.add("Access-Control-Max-Age", "86400");
  }
  respond(serial_, std::move(response));
}

/// False when the route takes the request, or OPTIONS is answered for it.
bool HttpConnection::refuse_unrouted(const HttpRoute* route) {
  const bool options = request_.method == "OPTIONS";
  if (route != nullptr) {
    any_origin_ = route->methods.empty() ? route->upgrade->route_options.any_origin
                                         : route->methods.begin()->second.options.any_origin;
  }
  if (route == nullptr || (route->methods.empty() && !options)) {
    refuse(Rejection::kNoRoute, HttpResponse::text(404, "not found"));
    return true;
  }
  if (options || route->find(request_.method) != nullptr) return false;
  HttpResponse response = HttpResponse::text(405, "method not allowed");
  response.headers.add("Allow", route->allowed());
  refuse(Rejection::kMethodNotAllowed, std::move(response));
  return true;
}

void HttpConnection::begin_upgrade() {
  const HttpRoute::Upgrade& route = *shared_->find(request_.path, true)->upgrade;
  any_origin_ = route.route_options.any_origin;
  const std::string key(trim(request_.header("Sec-WebSocket-Key").value_or("")));
  // RFC 6455 section 4.4. Upstream's Turms answers so as well: it leaves the version to Netty, and
  // only what it checks itself is a 400.
  if (trim(request_.header("Sec-WebSocket-Version").value_or("")) != "13") {
    HttpResponse response = HttpResponse::text(426, "WebSocket version 13 only");
    response.headers.add("Sec-WebSocket-Version", "13");
    return refuse(Rejection::kBadRequest, std::move(response));
  }
  if (!websocket::valid_key(key) || body_pending_ || http_1_0_) {
    return refuse(Rejection::kBadRequest, HttpResponse::text(400, "malformed upgrade"));
  }
  parser_.reset();
  upgrade_ = std::make_unique<PendingUpgrade>();
  upgrade_->key = key;
  upgrade_->options = route.options;
  upgrade_->remote = request_.remote;
  if (route.options.compression) {
    upgrade_->extensions =
        websocket::negotiate_deflate(request_.headers.combined("Sec-WebSocket-Extensions"));
  }
  state_ = State::kHandling;
  ++serial_;
  deadline_.clear();
  const auto handler = route.handler;
  (*handler)(std::move(request_), WebSocketUpgrade(weak_from_this(), serial_));
}

std::shared_ptr<WebSocket> HttpConnection::accept_upgrade(uint64_t serial,
                                                          const HttpHeaders& extra) {
  if (!waits_for(serial) || !upgrade_) return nullptr;
  std::string head = status_line(kSwitchingProtocols);
  append_field(head, "Upgrade", "websocket");
  append_field(head, "Connection", "Upgrade");
  append_field(head, "Sec-WebSocket-Accept", websocket::accept_value(upgrade_->key));
  if (!upgrade_->extensions.empty()) {
    append_field(head, "Sec-WebSocket-Extensions", upgrade_->extensions);
  }
  for (const auto& [name, value] : extra) append_field(head, name, value);
  head += "\r\n";
  stream_->write(as_bytes(head));
  stream_->set_remote(upgrade_->remote);
  auto socket =
      std::make_shared<WebSocketConnection>(shared_, std::move(slot_), std::move(stream_),
                                            upgrade_->options, !upgrade_->extensions.empty());
  shared_->websockets.emplace(socket.get(), socket);
  socket->start(std::move(input_), peer_ended_);
  forget();
  return socket;
}

void HttpConnection::gave_up(uint64_t serial) {
  if (!waits_for(serial)) return;
  refuse(Rejection::kHandlerGaveUp, HttpResponse::text(500, "internal error"));
}

void HttpConnection::refuse(Rejection reason, HttpResponse response) {
  shared_->reject(reason);
  write_response(std::move(response));
  finish_response();
}

void HttpConnection::write_response(HttpResponse response, std::optional<uint64_t> streamed_size) {
  const int status = std::clamp(response.status, 200, 599);
  shared_->responses[static_cast<size_t>(status / 100 - 1)]->add();
  // The rest of a body that nobody reads would be taken for the next request.
  if (body_pending_ || shared_->draining) keep_alive_ = false;
  std::string out = status_line(status) + date_header();
  for (const auto& [name, value] : response.headers) append_field(out, name, value);
  if (any_origin_ && !response.headers.has("Access-Control-Allow-Origin")) {
    append_field(out, "Access-Control-Allow-Origin", "*");
  }
  const ByteView body =
      response.shared_body.empty() ? as_bytes(response.body) : response.shared_body.view();
  // RFC 9110 section 8.6: neither has a body, nor a length.
  const bool bodiless = status == 204 || status == 304;
  if (!bodiless) {
    append_field(out, "Content-Length", std::to_string(streamed_size.value_or(body.size())));
  }
  if (!keep_alive_) {
    append_field(out, "Connection", "close");
  } else if (http_1_0_) {
    append_field(out, "Connection", "keep-alive");
  }
  out += "\r\n";
  stream_->write(as_bytes(out));
  if (bodiless || head_ || streamed_size) return;
  if (response.shared_body.empty()) {
    stream_->write(SharedBytes::of(std::move(response.body)));
  } else {
    stream_->write(response.shared_body);
  }
}

void HttpConnection::finish_response() {
  // Goes when the answer is over: a sink that was not asked gives up, which must not answer again.
  const auto sink = std::move(sink_);
  source_.reset();
  parser_.reset();
  upgrade_.reset();
  request_ = HttpRequest();
  header_bytes_ = 0;
  account_header(0);
  if (!keep_alive_) return start_closing();
  state_ = State::kIdle;
  queued_at_deadline_ = stream_->queued();
  deadline_.set(shared_->config.write_timeout);
  if (!processing_) process();
}

void HttpConnection::start_closing() {
  if (state_ == State::kClosing || state_ == State::kGone) return;
  state_ = State::kClosing;
  sink_.reset();
  source_.reset();
  parser_.reset();
  input_ = Bytes();
  queued_at_deadline_ = stream_->queued();
  deadline_.set(queued_at_deadline_ > 0 ? shared_->config.write_timeout : kLinger);
  stream_->close_after_flush();
}

void HttpConnection::deadline_reached() {
  const size_t queued = stream_->queued();
  switch (state_) {
    case State::kSending:
    case State::kIdle:
    case State::kClosing:
      if (queued == 0 && state_ == State::kSending) return;  // flushed right now
      if (queued == 0) return state_ == State::kIdle ? start_closing() : abort();
      if (queued < queued_at_deadline_) {
        queued_at_deadline_ = queued;
        return deadline_.set(shared_->config.write_timeout);
      }
      shared_->reject(Rejection::kWriteTimeout);
      return abort();
    case State::kHeader:
    case State::kBody:
    case State::kStreaming:
      keep_alive_ = false;
      if (state_ == State::kHeader) head_ = any_origin_ = http_1_0_ = false;
      return refuse(state_ == State::kHeader ? Rejection::kHeaderTimeout : Rejection::kBodyTimeout,
                    HttpResponse::text(408, "request timeout"));
    case State::kHandling:
    case State::kGone:
      return;
  }
}

}  // namespace turms::net
