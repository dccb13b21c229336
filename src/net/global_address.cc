#include "net/global_address.h"

#include <algorithm>
#include <cstdint>
#include <span>

namespace turms::net {
namespace {

struct Block4 {
  uint32_t base;
  int bits;
};
constexpr Block4 kSpecial4[] = {
    {0x00000000, 8},   // this network
    {0x0a000000, 8},   // private
    {0x64400000, 10},  // shared (RFC 6598)
    {0x7f000000, 8},   // loopback
    {0xa9fe0000, 16},  // link-local
    {0xac100000, 12},  // private
    {0xc0000000, 24},  // protocol assignments
    {0xc0000200, 24},  // documentation
    {0xc0586300, 24},  // 6to4 relays, deprecated
    {0xc0a80000, 16},  // private
    {0xc6120000, 15},  // benchmarking
    {0xc6336400, 24},  // documentation
    {0xcb007100, 24},  // documentation
    {0xe0000000, 4},   // multicast
    {0xf0000000, 4},   // reserved, broadcast
};

uint32_t word(std::span<const uint8_t> bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

bool is_global4(uint32_t ip) {
  return std::ranges::none_of(
      kSpecial4, [ip](const Block4& block) { return (ip ^ block.base) >> (32 - block.bits) == 0; });
}

}  // namespace

bool is_global(const Address& address) {
  const std::span<const uint8_t> ip(address.ip_bytes());
  if (address.is_v4()) return is_global4(word(ip));
  const uint32_t first = word(ip);
  // 64:ff9b::/96, what a NAT64 makes of an IPv4 address.
  if (first == 0x0064ff9b && word(ip.subspan(4)) == 0 && word(ip.subspan(8)) == 0) {
    return is_global4(word(ip.subspan(12)));
  }
  if (first >> 16 == 0x2002) return is_global4(word(ip.subspan(2)));  // 6to4
  if (first >> 29 != 1) return false;                                 // outside of 2000::/3
  if (first >> 9 == 0x20010000 >> 9) return false;  // 2001::/23: Teredo and others
  if (first == 0x20010db8) return false;            // documentation
  return first >> 12 != 0x3fff0000 >> 12;           // documentation
}

}  // namespace turms::net
