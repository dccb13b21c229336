#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/http_client.h"
#include "net/resolver.h"
#include "net/tcp_stream.h"
#include "net/tls_client.h"

namespace turms::net {

/// Where connections of a pool lead.
struct HttpOrigin {
  bool tls = false;
  std::string host;  // without brackets
  uint16_t port = 80;
  bool operator<(const HttpOrigin& other) const {
    return std::tie(tls, host, port) < std::tie(other.tls, other.host, other.port);
  }
};

/// One request from the call to its handler.
struct HttpExchange {
  HttpExchange(Loop& loop, HttpClientRequest r, HttpClient::Handler h)
      : request(std::move(r)), handler(std::move(h)), deadline(loop) {}

  HttpClientRequest request;
  HttpOrigin origin;
  std::string target;
  HttpClient::Handler handler;
  Timer deadline;
  bool retried = false;
};

/// One connection of the client's pool: carries one exchange at a time.
class HttpClientConnection final : public TcpStream::Owner,
                                   public std::enable_shared_from_this<HttpClientConnection> {
 public:
  /// The pool. Calls may come from within start().
  class Owner {
   public:
    /// Connected, or its exchange is over: it may take another.
    virtual void on_connection_ready(HttpClientConnection&) = 0;
    virtual void on_response(HttpClientConnection&, std::shared_ptr<HttpExchange>,
                             HttpResponse) = 0;
    /// The last call. `exchange` may be null; `untouched`: no byte of an answer came and the
    /// connection had served before, so the peer had probably closed it already.
    virtual void on_connection_closed(HttpClientConnection&, std::shared_ptr<HttpExchange>, Error,
                                      bool untouched) = 0;

   protected:
    ~Owner() = default;
  };

  HttpClientConnection(Loop& loop, Owner& owner, HttpOrigin origin, const HttpClientConfig& config,
                       std::shared_ptr<TlsClient::Context> tls_context);
  ~HttpClientConnection();

  void connect(Resolver& resolver);
  [[nodiscard]] bool idle() const { return state_ == State::kIdle; }
  [[nodiscard]] const HttpOrigin& origin() const { return origin_; }
  [[nodiscard]] const std::shared_ptr<HttpExchange>& exchange() const { return exchange_; }

  void start(std::shared_ptr<HttpExchange> exchange);
  /// Closes at once, no further calls to the owner.
  void abort();

  void on_stream_connected() override;
  void on_stream_data(MutableByteView data) override;
  void on_stream_end() override;
  void on_stream_closed() override;

 private:
  enum class State { kConnecting, kHandshaking, kIdle, kBusy, kClosed };
  struct Parser;

  void try_next_address();
  void continue_handshake();
  void ready();
  void close_after(Duration delay, const char* why);
  void send(ByteView plain);
  void flush_tls();
  void new_parser();
  void parse();
  void response_complete();
  void ended();
  void closed(Error error);

  Loop& loop_;
  Owner& owner_;
  HttpOrigin origin_;
  const HttpClientConfig& config_;
  std::shared_ptr<TlsClient::Context> tls_context_;
  std::unique_ptr<TlsClient> tls_;
  std::shared_ptr<TcpStream> stream_;
  State state_ = State::kConnecting;
  std::vector<Address> addresses_;
  Error last_error_{ErrorCode::kUnavailable, "no address"};
  std::shared_ptr<HttpExchange> exchange_;
  std::unique_ptr<Parser> parser_;
  Bytes input_;
  bool answer_began_ = false;
  bool served_ = false;
  Timer timer_;  // until it is ready, then while it is idle
};

}  // namespace turms::net
