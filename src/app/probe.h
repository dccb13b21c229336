#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "net/address.h"
#include "net/tls_client.h"

namespace turms::app {

/// A client of one port that waits, for `turms doctor`: each step fails with the words that say how
/// far it came. Every step takes at most kStepTimeout.
class Probe {
 public:
  static constexpr int kStepTimeoutMs = 3000;

  /// `host`: a name or an address.
  static Result<Probe> tcp(const std::string& host, uint16_t port);
  static Result<Probe> udp(const std::string& host, uint16_t port);
  Probe(Probe&& other) noexcept;
  Probe& operator=(Probe&&) = delete;
  ~Probe();

  /// Shakes hands as `name`, trusting the system's authorities.
  Status start_tls(const std::string& name);
  Status send(ByteView data);
  /// What comes until there are `at_least` bytes; an error when the peer closes or stays silent
  /// before.
  Result<Bytes> receive(size_t at_least);
  /// That the peer closes, whatever it says before.
  Status expect_close();

 private:
  explicit Probe(int fd) : fd_(fd) {}
  Result<Bytes> read_some();
  Status write_all(ByteView data);

  int fd_ = -1;
  std::unique_ptr<net::TlsClient> tls_;
};

}  // namespace turms::app
