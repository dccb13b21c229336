#include "net/http_client_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace turms::net {

namespace http = boost::beast::http;

namespace {

constexpr uint32_t kMaxHeaderBytes = 64 * 1024;

std::string serialize(const HttpExchange& exchange) {
  const HttpClientRequest& request = exchange.request;
  const HttpOrigin& origin = exchange.origin;
  const bool v6 = origin.host.find(':') != std::string::npos;
  std::string out = request.method + " " + exchange.target +
                    " HTTP/1.1\r\nHost: " + (v6 ? "[" + origin.host + "]" : origin.host);
  if (origin.port != (origin.tls ? 443 : 80)) out += ":" + std::to_string(origin.port);
  out += "\r\n";
  for (const auto& [name, value] : request.headers) out += name + ": " + value + "\r\n";
  if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD")) {
    out += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return out + "\r\n" + request.body;
}

}  // namespace

struct HttpClientConnection::Parser {
  http::response_parser<http::string_body> value;
};

HttpClientConnection::HttpClientConnection(Loop& loop, Owner& owner, HttpOrigin origin,
                                           const HttpClientConfig& config,
                                           std::shared_ptr<TlsClient::Context> tls_context)
    : loop_(loop),
      owner_(owner),
      origin_(std::move(origin)),
      config_(config),
      tls_context_(std::move(tls_context)),
      timer_(loop) {}

HttpClientConnection::~HttpClientConnection() {
  abort();
}

void HttpClientConnection::connect(Resolver& resolver) {
  // A peer that accepts and then is silent would hold one of the host's few connections forever:
  // the deadlines of exchanges do not reach a connection that carries none yet.
  close_after(config_.connect_timeout, "no connection in time");
  resolver.resolve(origin_.host, origin_.port,
                   [weak = weak_from_this()](Result<std::vector<Address>> addresses) {
                     const auto self = weak.lock();
                     if (!self || self->state_ == State::kClosed) return;
                     if (!addresses) return self->closed(addresses.error());
                     // Taken from the back.
                     self->addresses_.assign(addresses->rbegin(), addresses->rend());
                     self->try_next_address();
                   });
}

void HttpClientConnection::try_next_address() {
  while (!addresses_.empty()) {
    const Address address = addresses_.back();
    addresses_.pop_back();
    if (config_.allows && !config_.allows(address)) {
      last_error_ = {ErrorCode::kPermissionDenied, "an address that may not be connected to"};
      continue;
    }
    auto stream = TcpStream::connect(loop_.core(), address, this);
    if (stream) {
      stream_ = std::move(*stream);
      return;
    }
    last_error_ = stream.error();
  }
  closed(last_error_);
}

void HttpClientConnection::on_stream_connected() {
  if (!origin_.tls) return ready();
  state_ = State::kHandshaking;
  tls_ = std::make_unique<TlsClient>(tls_context_, origin_.host);
  continue_handshake();
}

void HttpClientConnection::continue_handshake() {
  const Result<bool> done = tls_->handshake();
  flush_tls();
  if (!done) return closed(done.error());
  if (*done) ready();
}

void HttpClientConnection::ready() {
  state_ = State::kIdle;
  close_after(config_.idle_timeout, "idle");
  owner_.on_connection_ready(*this);
}

void HttpClientConnection::close_after(Duration delay, const char* why) {
  timer_.start(delay, [this, why] {
    const auto self = shared_from_this();
    closed({ErrorCode::kUnavailable, why});
  });
}

void HttpClientConnection::start(std::shared_ptr<HttpExchange> exchange) {
  timer_.cancel();
  state_ = State::kBusy;
  exchange_ = std::move(exchange);
  answer_began_ = false;
  new_parser();
  send(as_bytes(serialize(*exchange_)));
}

void HttpClientConnection::new_parser() {
  parser_ = std::make_unique<Parser>();
  parser_->value.header_limit(kMaxHeaderBytes);
  parser_->value.body_limit(config_.max_response_bytes);
  parser_->value.eager(true);
  // RFC 9112 section 6.3: an answer to HEAD has no body, whatever its header says.
  if (exchange_->request.method == "HEAD") parser_->value.skip(true);
}

void HttpClientConnection::send(ByteView plain) {
  if (!tls_) return stream_->write(plain);
  tls_->write(plain);
  flush_tls();
}

void HttpClientConnection::flush_tls() {
  stream_->write(SharedBytes::of(tls_->take_output()));
}

void HttpClientConnection::on_stream_data(MutableByteView data) {
  const auto self = shared_from_this();
  bool more = true;
  if (!tls_) {
    input_.insert(input_.end(), data.begin(), data.end());
  } else {
    tls_->feed(data);
    if (state_ == State::kHandshaking) continue_handshake();
    if (state_ == State::kClosed || state_ == State::kHandshaking) return;
    const Result<bool> alive = tls_->read(input_);
    flush_tls();
    if (!alive) return closed(alive.error());
    more = *alive;
  }
  // A byte that no request asked for: nothing on this connection can be trusted.
  if (state_ == State::kIdle && !input_.empty()) {
    return closed({ErrorCode::kUnavailable, "unexpected data"});
  }
  if (state_ == State::kBusy) parse();
  if (!more && state_ != State::kClosed) ended();
}

void HttpClientConnection::parse() {
  while (state_ == State::kBusy && !input_.empty()) {
    answer_began_ = true;
    boost::system::error_code error;
    const size_t used =
        parser_->value.put(boost::asio::buffer(input_.data(), input_.size()), error);
    input_.erase(input_.begin(), input_.begin() + static_cast<ptrdiff_t>(used));
    if (error == http::error::need_more) return;
    if (error == http::error::body_limit || error == http::error::header_limit) {
      return closed({ErrorCode::kResourceExhausted, "answer too large"});
    }
    if (error) return closed({ErrorCode::kUnavailable, "malformed answer: " + error.message()});
    if (parser_->value.is_done()) {
      const int status = parser_->value.get().result_int();
      if (status == 101) return closed({ErrorCode::kUnavailable, "unexpected upgrade"});
      if (status >= 200) return response_complete();
      new_parser();
    }
  }
}

void HttpClientConnection::response_complete() {
  auto& message = parser_->value.get();
  HttpResponse response{.status = static_cast<int>(message.result_int())};
  for (const auto& field : message) {
    response.headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  response.body = std::move(message.body());
  const bool keep = parser_->value.keep_alive() && input_.empty() && stream_->open();
  parser_.reset();
  const auto self = shared_from_this();
  auto exchange = std::exchange(exchange_, nullptr);
  served_ = true;
  if (keep) {
    state_ = State::kIdle;
    input_ = Bytes();
  }
  owner_.on_response(*this, std::move(exchange), std::move(response));
  if (state_ == State::kClosed) return;
  if (!keep) return closed({ErrorCode::kUnavailable, "closed"});
  if (state_ == State::kIdle) ready();
}

void HttpClientConnection::on_stream_end() {
  const auto self = shared_from_this();
  // Over TLS only its own closing message ends an answer; a bare FIN may be an attacker's.
  if (tls_) return closed({ErrorCode::kUnavailable, "connection closed"});
  ended();
}

void HttpClientConnection::ended() {
  if (state_ == State::kBusy && answer_began_ && input_.empty()) {
    boost::system::error_code error;
    parser_->value.put_eof(error);
    if (!error && parser_->value.is_done()) return response_complete();
  }
  if (state_ != State::kClosed) closed({ErrorCode::kUnavailable, "connection closed"});
}

void HttpClientConnection::on_stream_closed() {
  const auto self = shared_from_this();
  if (state_ == State::kConnecting) {
    last_error_ = {ErrorCode::kUnavailable, "cannot connect to " + stream_->remote().to_string()};
    return try_next_address();
  }
  if (state_ != State::kClosed) closed({ErrorCode::kUnavailable, "connection lost"});
}

void HttpClientConnection::closed(Error error) {
  if (state_ == State::kClosed) return;
  const auto self = shared_from_this();
  const bool untouched = served_ && !answer_began_;
  auto exchange = std::exchange(exchange_, nullptr);
  abort();
  owner_.on_connection_closed(*this, std::move(exchange), std::move(error), untouched);
}

void HttpClientConnection::abort() {
  state_ = State::kClosed;
  timer_.cancel();
  if (stream_) stream_->abort();
}

}  // namespace turms::net
