#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "net/address.h"
#include "net/http.h"
#include "net/loop.h"

namespace turms::net {

struct HttpClientConfig {
  /// Open connections to one scheme, host and port; further requests wait, in order.
  size_t max_connections_per_host = 8;
  /// Requests under way or waiting; more fail with kResourceExhausted.
  size_t max_requests = 4096;
  /// To resolve the name, connect and shake hands; then the connection closes and the request it
  /// was opened for fails with kUnavailable.
  Duration connect_timeout = 10s;
  Duration idle_timeout = 30s;
  size_t max_response_bytes = 10 * 1024 * 1024;
  /// Which addresses may be connected to, asked of each after its name was resolved; null: all.
  std::function<bool(const Address&)> allows = {};
  /// PEM file of the authorities trusted in place of the system's; empty: the system's.
  std::string ca_file;
};

struct HttpClientRequest {
  std::string method = "GET";
  std::string url;  // http:// or https://
  /// Host, Content-Length and Connection are written by the client.
  HttpHeaders headers;
  std::string body;
  /// From the call to the last byte of the answer.
  Duration timeout = 10s;
};

/// HTTP/1.1 client with kept connections, on its loop's thread. Certificates and host names are
/// verified. Does not follow redirects. An idempotent request whose kept connection turns out to be
/// closed before any byte of an answer is sent again once on a new one.
class HttpClient {
 public:
  /// kInvalidArgument: no such URL. kPermissionDenied: no address that may be connected to.
  /// kUnavailable: cannot resolve, connect, verify, or the
  /// connection broke. kDeadlineExceeded. kResourceExhausted: answer too large. kCancelled: client
  /// destroyed.
  using Handler = std::function<void(Result<HttpResponse>)>;

  static std::unique_ptr<HttpClient> create(Loop& loop, HttpClientConfig config = {});
  virtual ~HttpClient() = default;

  /// The handler runs exactly once, never from within this call.
  virtual void request(HttpClientRequest request, Handler handler) = 0;
  /// Moves from `request`, which must be a named object: GCC 12 destroys a braced temporary inside
  /// a co_await expression twice.
  Task<Result<HttpResponse>> fetch(HttpClientRequest& request);
};

}  // namespace turms::net
