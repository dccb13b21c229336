#include "rtc/transport_address.h"

#include <fmt/format.h>

namespace turms::rtc {

const char* to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::kUdp:
      return "udp";
    case Protocol::kTcp:
      return "tcp";
    case Protocol::kRelayed:
      return "relayed";
  }
  return "";
}

std::string to_string(const TransportAddress& address) {
  const auto& ip = address.ip;
  if (address.protocol != Protocol::kUdp) {
    TransportAddress plain = address;
    plain.protocol = Protocol::kUdp;
    return fmt::format("{}:{}", to_string(address.protocol), to_string(plain));
  }
  switch (address.family) {
    case TransportAddress::Family::kNone:
      return "none";
    case TransportAddress::Family::kIpv4:
      return fmt::format("{}.{}.{}.{}:{}", ip[0], ip[1], ip[2], ip[3], address.port);
    case TransportAddress::Family::kIpv6:
      break;
  }
  std::string text = "[";
  for (size_t i = 0; i < 16; i += 2) {
    text += fmt::format("{}{:x}", i == 0 ? "" : ":", load_be16(&ip[i]));
  }
  return text + fmt::format("]:{}", address.port);
}

}  // namespace turms::rtc
