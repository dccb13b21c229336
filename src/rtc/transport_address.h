#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>

#include "base/bytes.h"

namespace turms::rtc {

/// How datagrams reach an address.
enum class Protocol : uint8_t {
  kUdp,
  kTcp,      // framed on a stream (RFC 4571)
  kRelayed,  // through a TURN allocation of this process
};
const char* to_string(Protocol protocol);

/// An IP address and a port as plain bytes, and the protocol spoken there. The network layer has
/// its own type; rtc may not see it, so the worker converts. An IPv4-mapped IPv6 address is another
/// address than the IPv4 one: convert before it gets here.
struct TransportAddress {
  enum class Family : uint8_t { kNone, kIpv4, kIpv6 };

  std::array<uint8_t, 16> ip{};  // network order; IPv4 uses the first four, the rest is zero
  uint16_t port = 0;
  Family family = Family::kNone;
  Protocol protocol = Protocol::kUdp;
  /// Of TCP and relayed: which stream or allocation, in the numbers of whoever owns them. Two
  /// streams from one address, through a proxy for instance, are two paths. 0 for UDP.
  uint32_t channel = 0;

  static TransportAddress ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port) {
    TransportAddress address;
    address.ip = {a, b, c, d};
    address.port = port;
    address.family = Family::kIpv4;
    return address;
  }
  static TransportAddress ipv6(const std::array<uint8_t, 16>& ip, uint16_t port) {
    TransportAddress address;
    address.ip = ip;
    address.port = port;
    address.family = Family::kIpv6;
    return address;
  }

  [[nodiscard]] bool empty() const { return family == Family::kNone; }
  [[nodiscard]] ByteView ip_bytes() const {
    return ByteView(ip).first(family == Family::kIpv6 ? 16 : family == Family::kIpv4 ? 4 : 0);
  }
  /// Compared for each datagram.
  bool operator==(const TransportAddress& other) const {
    std::array<uint64_t, 2> a;
    std::array<uint64_t, 2> b;
    std::memcpy(a.data(), ip.data(), ip.size());
    std::memcpy(b.data(), other.ip.data(), ip.size());
    return a[0] == b[0] && a[1] == b[1] && port == other.port && family == other.family &&
           protocol == other.protocol && channel == other.channel;
  }
};

/// Where a datagram came in and from whom. `local` may stay empty where there is one socket: it
/// only tells paths apart and is handed back with what is to be sent.
struct Path {
  TransportAddress local;
  TransportAddress remote;
  bool operator==(const Path&) const = default;
};

/// "192.0.2.1:3478", "[2001:db8::1]:3478" without zero compression, "tcp:192.0.2.1:3478"; for logs
/// and test messages.
std::string to_string(const TransportAddress& address);

}  // namespace turms::rtc

template <>
struct std::hash<turms::rtc::TransportAddress> {
  size_t operator()(const turms::rtc::TransportAddress& a) const noexcept {
    uint64_t high = 0;
    uint64_t low = 0;
    std::memcpy(&high, a.ip.data(), 8);
    std::memcpy(&low, a.ip.data() + 8, 8);
    const uint64_t rest = (static_cast<uint64_t>(a.port) << 40) ^ a.channel;
    uint64_t h = (high ^ rest) * 0x9E3779B97F4A7C15ull;
    h = (h ^ (h >> 29) ^ low) * 0xBF58476D1CE4E5B9ull;
    return static_cast<size_t>(h ^ (h >> 32));
  }
};
