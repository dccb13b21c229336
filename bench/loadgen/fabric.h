#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "rtc/transport_address.h"

namespace turms::loadgen {

/// Long-term credentials of a TURN server.
struct RelayCredentials {
  std::string username;
  std::string password;
};

/// The network of the clients: many endpoints, and one descriptor to wait for.
class Fabric {
 public:
  struct Datagram {
    size_t endpoint = 0;
    rtc::TransportAddress source;
    MutableByteView data;
  };

  virtual ~Fabric() = default;

  [[nodiscard]] virtual int fd() const = 0;
  [[nodiscard]] virtual rtc::TransportAddress address(size_t endpoint) const = 0;
  /// By which protocol it reaches the server.
  [[nodiscard]] virtual rtc::Protocol protocol() const = 0;
  /// The credentials that the server gave the client of `endpoint`, or empty ones; before anything
  /// was sent from there. A network that needs no relay does nothing.
  virtual Status use_relay(size_t /*endpoint*/, const RelayCredentials& /*credentials*/) {
    return {};
  }
  /// What is there, or a part of it; valid until the next call. Empty: nothing there.
  virtual std::span<Datagram> receive() = 0;
  /// Queues; flush() sends.
  virtual void send(size_t endpoint, const rtc::TransportAddress& to, ByteView data) = 0;
  virtual void flush() = 0;
  /// Datagrams that the kernel dropped since this program did not read them in time.
  [[nodiscard]] virtual uint64_t dropped() const { return 0; }
};

}  // namespace turms::loadgen
