#pragma once

#include <memory>

#include "app/config.h"
#include "base/result.h"
#include "net/loop.h"
#include "net/tls_server.h"

namespace turms::app {

/// The certificates of this process' ports, read again when their files change. Lives on the
/// control thread; must outlive the ports.
class Certificates {
 public:
  /// What http.tls and livekit.turn name. kInvalidArgument with the key when a file cannot be used
  /// or one of a pair is missing.
  static Result<std::unique_ptr<Certificates>> load(net::Loop& loop, const Config& config);

  /// Null: the HTTP port speaks no TLS.
  [[nodiscard]] const net::TlsServerContext* http() const { return http_.get(); }
  /// Of TURN over TLS: its own, or that of the HTTP port.
  [[nodiscard]] const net::TlsServerContext* turn() const {
    return turn_ ? turn_.get() : http_.get();
  }

 private:
  explicit Certificates(net::Loop& loop) : timer_(loop) {}
  void look();

  std::unique_ptr<net::TlsServerContext> http_;
  std::unique_ptr<net::TlsServerContext> turn_;
  net::Timer timer_;
};

}  // namespace turms::app
