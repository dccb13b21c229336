#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "net/http.h"
#include "net/http_server.h"

// Bodies that are too large to be held in memory: a request's is given away in pieces as it comes,
// a response's is asked for in pieces as it goes.

namespace turms::net {

class HttpConnection;

/// Takes a request's body. Destroyed when the request is answered or the client has left, whichever
/// comes first; without on_body_end() the body is incomplete.
class HttpBodySink {
 public:
  virtual ~HttpBodySink() = default;
  /// The next piece. False: no more of them until HttpExchange::resume(), and the connection is not
  /// read.
  virtual bool on_body(ByteView piece) = 0;
  virtual void on_body_end() = 0;
};

/// Gives a response's body.
class HttpBodySource {
 public:
  virtual ~HttpBodySource() = default;
  /// Of the whole body.
  [[nodiscard]] virtual uint64_t size() const = 0;
  /// Asks for the next piece, one at a time, until `size` bytes were given. `done` is called on the
  /// connection's thread, never from within this call. An empty piece: there is no more, and the
  /// connection is cut.
  virtual void read(std::function<void(SharedBytes)> done) = 0;
};

/// One request of which the body comes in pieces, and its answer. On the connection's thread.
/// Movable; dropped without an answer it sends 500.
class HttpExchange {
 public:
  HttpExchange(std::weak_ptr<HttpConnection> connection, uint64_t serial)
      : connection_(std::move(connection)), serial_(serial) {}
  HttpExchange(HttpExchange&& other) noexcept;
  HttpExchange& operator=(HttpExchange&& other) noexcept;
  ~HttpExchange();

  /// An answer before the end of the body ends the connection after it. `source`: the body, in
  /// place of the response's.
  void send(HttpResponse response, std::shared_ptr<HttpBodySource> source = nullptr);
  /// The sink takes more.
  void resume();

 private:
  std::weak_ptr<HttpConnection> connection_;
  uint64_t serial_ = 0;  // 0: answered or moved from
};

/// At the end of a request's header, whose `body` is empty. Null when nobody wants the body.
using HttpStreamHandler =
    std::function<std::shared_ptr<HttpBodySink>(HttpRequest request, HttpExchange exchange)>;

/// Every path of `server` that begins with `prefix`. A body must progress by 64 KiB in each
/// body_timeout while it is read; max_body_bytes holds as for other routes.
void route_stream(HttpServer& server, std::string method, std::string prefix,
                  HttpStreamHandler handler, RouteOptions options = {});

}  // namespace turms::net
