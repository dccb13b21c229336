#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "net/address.h"

namespace turms::net {

/// The header that a load balancer puts in front of a connection (HAProxy's
/// PROXY protocol, versions 1 and 2): whom it speaks for.
struct ProxyHeader {
  enum class Outcome : uint8_t {
    kNeedMore,
    kAbsent,   // something else begins here
    kInvalid,  // it begins like one, and is broken
    kComplete,
  };
  Outcome outcome = Outcome::kNeedMore;
  size_t size = 0;  // bytes to skip
  /// Nothing when the proxy speaks for itself (LOCAL, a health check) or does
  /// not know (UNKNOWN, no IP): the connection's own address counts.
  std::optional<Address> source;
};

/// A header of version 2 with more than this (addresses and extensions) is
/// kInvalid; one of version 1 has at most 107 bytes.
inline constexpr size_t kMaxProxyHeader = 4096;

/// `start`: all received so far.
ProxyHeader parse_proxy_header(ByteView start);

}  // namespace turms::net
