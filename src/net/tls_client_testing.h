#pragma once

#include <memory>
#include <string>
#include <utility>

#include "net/raw_client_testing.h"
#include "net/tls_client.h"

namespace turms::net {

/// For tests: RawClient with TLS over it.
class TlsRawClient {
 public:
  TlsRawClient(Loop& loop, uint16_t port, const std::string& ca_file, const std::string& first = "")
      : loop_(loop), raw_(loop, port), tls_(*TlsClient::make_context(ca_file), "localhost") {
    raw_.send(first);
    (void)tls_.handshake();
    flush();
  }

  /// True once the handshake is done.
  [[nodiscard]] bool connect() {
    return loop_.run_until([&] { return pump() || failed || raw_.closed; }, kTestLimit) &&
           !failed && done_;
  }
  void send(std::string_view text) {
    tls_.write(as_bytes(text));
    flush();
  }
  [[nodiscard]] bool wait_for(std::string_view text) {
    return loop_.run_until([&] { return pump() && received.contains(text); }, kTestLimit);
  }
  [[nodiscard]] bool wait_for_bytes(size_t count) {
    return loop_.run_until([&] { return pump() && received.size() >= count; }, kTestLimit);
  }
  /// The connection is closed; `goodbye` tells whether TLS was closed first.
  [[nodiscard]] bool wait_for_close() {
    return loop_.run_until([&] { return (pump(), raw_.closed); }, kTestLimit);
  }
  RawClient& raw() { return raw_; }

  std::string received;
  bool failed = false;
  bool goodbye = false;

 private:
  void flush() {
    const Bytes out = tls_.take_output();
    raw_.send(as_text(out));
  }
  bool pump() {
    tls_.feed(as_bytes(std::exchange(raw_.received, {})));
    if (!done_) {
      const auto result = tls_.handshake();
      failed = failed || !result;
      done_ = result && *result;
      flush();
    }
    if (!done_ || failed) return false;
    Bytes plain;
    const auto more = tls_.read(plain);
    received += as_text(plain);
    failed = failed || !more;
    goodbye = goodbye || (more && !*more);
    return true;
  }

  Loop& loop_;
  RawClient raw_;
  TlsClient tls_;
  bool done_ = false;
};

}  // namespace turms::net
