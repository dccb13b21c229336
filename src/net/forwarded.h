#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "net/http.h"

namespace turms::net {

/// "192.0.2.0/24", "2001:db8::/32", or one address.
class Network {
 public:
  /// kInvalidArgument when it is neither, or has bits behind its prefix.
  static Result<Network> parse(std::string_view text);
  [[nodiscard]] bool contains(const Address& address) const;

 private:
  Address base_;
  int prefix_ = 0;  // bits
};

/// The proxies whose word about the client's address is believed.
class TrustedProxies {
 public:
  TrustedProxies() = default;
  explicit TrustedProxies(std::vector<Network> networks) : networks_(std::move(networks)) {}
  /// Each as Network::parse takes it.
  static Result<TrustedProxies> parse(const std::vector<std::string>& networks);

  [[nodiscard]] bool empty() const { return networks_.empty(); }
  [[nodiscard]] bool trusts(const Address& address) const;

  /// The client of a request that came from `peer`: what Forwarded (RFC 7239),
  /// or in its absence X-Forwarded-For, says behind the last trusted proxy.
  /// Read from the right, since each proxy appends whom it heard: the first
  /// address that is not a trusted proxy is the client's, and what stands left
  /// of it is only the client's word. `peer` itself when it is not trusted, or
  /// the header does not say.
  [[nodiscard]] Address client_of(const Address& peer, const HttpHeaders& headers) const;

 private:
  std::vector<Network> networks_;
};

/// The addresses of one of the headers, first to last; an entry that is no
/// address (obfuscated, "unknown", broken) is nothing. Sees the last
/// kMaxForwarded entries.
inline constexpr size_t kMaxForwarded = 32;
std::vector<std::optional<Address>> parse_forwarded(std::string_view value);
std::vector<std::optional<Address>> parse_x_forwarded_for(std::string_view value);

}  // namespace turms::net
