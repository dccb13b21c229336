#include "net/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace turms::net {

namespace {

using Outcome = ProxyHeader::Outcome;

constexpr std::array<uint8_t, 12> kSignature = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D,
                                                0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};
constexpr size_t kFixedPart = 16;
constexpr std::string_view kVersion1 = "PROXY ";
constexpr size_t kMaxLine = 107;

constexpr ProxyHeader kNeedMore{};
constexpr ProxyHeader kAbsent{.outcome = Outcome::kAbsent};
constexpr ProxyHeader kInvalid{.outcome = Outcome::kInvalid};

bool may_begin_with(ByteView start, ByteView expected) {
  const size_t size = std::min(start.size(), expected.size());
  return std::equal(start.begin(), start.begin() + static_cast<ptrdiff_t>(size), expected.begin());
}

std::string_view next_word(std::string_view& text) {
  const size_t space = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, space);
  text.remove_prefix(std::min(space + 1, text.size()));
  return word;
}

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return port;
}

/// "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"
ProxyHeader parse_line(ByteView start) {
  const std::string_view text = as_text(start.first(std::min(start.size(), kMaxLine)));
  const size_t end = text.find("\r\n");
  if (end == std::string_view::npos) return start.size() < kMaxLine ? kNeedMore : kInvalid;
  ProxyHeader header{.outcome = Outcome::kComplete, .size = end + 2};
  std::string_view line = text.substr(kVersion1.size(), end - kVersion1.size());
  const std::string_view family = next_word(line);
  if (family == "UNKNOWN") return header;
  if (family != "TCP4" && family != "TCP6") return kInvalid;
  const std::string_view source = next_word(line);
  const std::string_view destination = next_word(line);
  const auto source_port = parse_port(next_word(line));
  const auto destination_port = parse_port(next_word(line));
  if (!source_port || !destination_port || !line.empty()) return kInvalid;
  const auto from = Address::parse(source, *source_port);
  // Its value is of no use here, but a header with a broken one is no header.
  if (!from || !Address::parse(destination, *destination_port)) return kInvalid;
  // As written: an IPv4-mapped address is one of TCP6.
  if ((family == "TCP6") != (source.find(':') != std::string_view::npos)) return kInvalid;
  header.source = *from;
  return header;
}

ProxyHeader parse_binary(ByteView start) {
  if (start.size() < kFixedPart) return kNeedMore;
  const uint8_t version_and_command = start[12];
  const uint8_t family_and_protocol = start[13];
  const size_t length = load_be16(&start[14]);
  const uint8_t command = version_and_command & 0x0F;
  if (version_and_command >> 4 != 2 || command > 1 || kFixedPart + length > kMaxProxyHeader) {
    return kInvalid;
  }
  if (start.size() < kFixedPart + length) return kNeedMore;
  ProxyHeader header{.outcome = Outcome::kComplete, .size = kFixedPart + length};
  if (command == 0) return header;  // LOCAL
  const ByteView addresses = start.subspan(kFixedPart, length);
  switch (family_and_protocol >> 4) {
    case 1: {
      if (addresses.size() < 12) return kInvalid;
      std::array<uint8_t, 4> ip;
      std::copy_n(addresses.begin(), 4, ip.begin());
      header.source = Address::v4(ip, load_be16(&addresses[8]));
      return header;
    }
    case 2: {
      if (addresses.size() < 36) return kInvalid;
      std::array<uint8_t, 16> ip;
      std::copy_n(addresses.begin(), 16, ip.begin());
      header.source = Address::v6(ip, load_be16(&addresses[32]));
      return header;
    }
    default:  // unspecified, a local socket
      return header;
  }
}

}  // namespace

ProxyHeader parse_proxy_header(ByteView start) {
  if (start.empty()) return kNeedMore;
  if (may_begin_with(start, kSignature)) {
    return start.size() < kSignature.size() ? kNeedMore : parse_binary(start);
  }
  if (may_begin_with(start, as_bytes(kVersion1))) {
    return start.size() < kVersion1.size() ? kNeedMore : parse_line(start);
  }
  return kAbsent;
}

}  // namespace turms::net
