#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>

namespace turms::net {

namespace {

constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

Result<Address> Address::parse(std::string_view ip, uint16_t port) {
  const std::string text(ip);
  // inet_pton reads up to the first NUL, whatever follows.
  if (ip.find('\0') != ip.npos) {
    return fail(ErrorCode::kInvalidArgument, "not an IP address: " + text);
  }
  in_addr four{};
  if (inet_pton(AF_INET, text.c_str(), &four) == 1) {
    std::array<uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &four, 4);
    return v4(bytes, port);
  }
  in6_addr six{};
  if (inet_pton(AF_INET6, text.c_str(), &six) == 1) {
    std::array<uint8_t, 16> bytes;
    std::memcpy(bytes.data(), &six, 16);
    return v6(bytes, port);
  }
  return fail(ErrorCode::kInvalidArgument, "not an IP address: " + text);
}

Result<Address> Address::parse(std::string_view ip_and_port) {
  const size_t colon = ip_and_port.rfind(':');
  const auto bad = [&] {
    return fail(ErrorCode::kInvalidArgument,
                "not an IP address and port: " + std::string(ip_and_port));
  };
  if (colon == std::string_view::npos) return bad();
  std::string_view ip = ip_and_port.substr(0, colon);
  const std::string_view digits = ip_and_port.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return bad();
  const bool bracketed = ip.size() >= 2 && ip.front() == '[' && ip.back() == ']';
  if (bracketed) ip = ip.substr(1, ip.size() - 2);
  if (bracketed != (ip.find(':') != std::string_view::npos)) return bad();
  return parse(ip, port);
}

Address Address::v4(std::array<uint8_t, 4> ip, uint16_t port) {
  Address address;
  std::memcpy(address.ip_.data(), ip.data(), 4);
  address.port_ = port;
  return address;
}

Address Address::v6(const std::array<uint8_t, 16>& ip, uint16_t port) {
  if (std::memcmp(ip.data(), kMappedPrefix, sizeof kMappedPrefix) == 0) {
    return v4({ip[12], ip[13], ip[14], ip[15]}, port);
  }
  Address address;
  address.ip_ = ip;
  address.port_ = port;
  address.v4_ = false;
  return address;
}

Address Address::from_sockaddr(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, address, sizeof in);
    std::array<uint8_t, 4> ip;
    std::memcpy(ip.data(), &in.sin_addr, 4);
    return v4(ip, ntohs(in.sin_port));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 in;
    std::memcpy(&in, address, sizeof in);
    std::array<uint8_t, 16> ip;
    std::memcpy(ip.data(), &in.sin6_addr, 16);
    return v6(ip, ntohs(in.sin6_port));
  }
  return {};
}

socklen_t Address::to_sockaddr(sockaddr_storage& out, bool as_v6) const {
  if (v4_ && !as_v6) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port_);
    std::memcpy(&in.sin_addr, ip_.data(), 4);
    std::memcpy(&out, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port_);
  if (v4_) {
    std::memcpy(in.sin6_addr.s6_addr, kMappedPrefix, 12);
    std::memcpy(in.sin6_addr.s6_addr + 12, ip_.data(), 4);
  } else {
    std::memcpy(in.sin6_addr.s6_addr, ip_.data(), 16);
  }
  std::memcpy(&out, &in, sizeof in);
  return sizeof in;
}

bool Address::is_loopback() const {
  if (v4_) return ip_[0] == 127;
  std::array<uint8_t, 16> one{};
  one[15] = 1;
  return ip_ == one;
}

std::string Address::ip() const {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(v4_ ? AF_INET : AF_INET6, ip_.data(), text, sizeof text);
  return text;
}

std::string Address::to_string() const {
  const std::string port = std::to_string(port_);
  return v4_ ? ip() + ":" + port : "[" + ip() + "]:" + port;
}

}  // namespace turms::net
