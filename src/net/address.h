#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace turms::net {

/// An IP address and a port: 20 bytes, compared and hashed by value. An IPv4-mapped IPv6 address is
/// the IPv4 address it stands for, so that one peer has one value whatever socket it came through.
class Address {
 public:
  /// 0.0.0.0:0.
  Address() = default;

  /// `ip` without brackets; kInvalidArgument when it is no address (names are not resolved).
  static Result<Address> parse(std::string_view ip, uint16_t port);
  /// "192.0.2.1:80" or "[2001:db8::1]:80".
  static Result<Address> parse(std::string_view ip_and_port);
  static Address v4(std::array<uint8_t, 4> ip, uint16_t port);
  static Address v6(const std::array<uint8_t, 16>& ip, uint16_t port);
  /// Any other family gives 0.0.0.0:0.
  static Address from_sockaddr(const sockaddr* address);

  /// Returns the length. `as_v6`: an IPv4 address in mapped form, for a dual-stack socket.
  socklen_t to_sockaddr(sockaddr_storage& out, bool as_v6 = false) const;

  [[nodiscard]] bool is_v4() const { return v4_; }
  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] Address with_port(uint16_t port) const {
    Address other = *this;
    other.port_ = port;
    return other;
  }
  /// Network order: 4 significant bytes for IPv4, 16 for IPv6.
  [[nodiscard]] const std::array<uint8_t, 16>& ip_bytes() const { return ip_; }
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_unspecified() const { return ip_ == std::array<uint8_t, 16>{}; }

  /// Without port and brackets.
  [[nodiscard]] std::string ip() const;
  [[nodiscard]] std::string to_string() const;

  auto operator<=>(const Address&) const = default;

  [[nodiscard]] size_t hash() const {
    uint64_t high;
    uint64_t low;
    std::memcpy(&high, ip_.data(), 8);
    std::memcpy(&low, ip_.data() + 8, 8);
    uint64_t h = (high ^ (static_cast<uint64_t>(port_) << 32)) * 0x9E3779B97F4A7C15ull;
    h ^= h >> 32;
    h = (h ^ low) * 0xD6E8FEB86659FD93ull;
    return h ^ (h >> 32);
  }

 private:
  std::array<uint8_t, 16> ip_{};
  uint16_t port_ = 0;
  bool v4_ = true;
};

}  // namespace turms::net

template <>
struct std::hash<turms::net::Address> {
  size_t operator()(const turms::net::Address& address) const noexcept { return address.hash(); }
};
