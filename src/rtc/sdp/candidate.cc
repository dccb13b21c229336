#include <fmt/core.h>

#include <algorithm>

#include "rtc/sdp/description.h"
#include "rtc/sdp/text.h"

namespace turms::rtc::sdp {

namespace {

std::unexpected<Error> bad(std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("candidate: {}", what));
}

}  // namespace

Result<Candidate> parse_candidate(std::string_view line) {
  if (line.starts_with("a=")) line.remove_prefix(2);
  if (line.starts_with("candidate:")) line.remove_prefix(10);
  Candidate c;
  std::string_view foundation = text::take_word(line);
  if (foundation.empty() || foundation.size() > 32) return bad("no foundation");
  c.foundation = foundation;
  auto component = text::number<uint16_t>(text::take_word(line));
  if (!component || *component < 1 || *component > 256) return bad("component is not 1..256");
  c.component = *component;
  std::string_view protocol = text::take_word(line);
  if (protocol.empty()) return bad("no transport");
  c.protocol.clear();
  std::transform(protocol.begin(), protocol.end(), std::back_inserter(c.protocol), text::lower);
  auto priority = text::number<uint32_t>(text::take_word(line));
  if (!priority) return bad("priority is not a number");
  c.priority = *priority;
  std::string_view address = text::take_word(line);
  if (!text::is_token(address) || address.size() > 253) return bad("no address");
  c.address = address;
  auto port = text::number<uint16_t>(text::take_word(line));
  if (!port) return bad("port is not 0..65535");
  c.port = *port;
  if (text::take_word(line) != "typ") return bad("no \"typ\"");
  std::string_view type = text::take_word(line);
  if (type != "host" && type != "srflx" && type != "prflx" && type != "relay") {
    return bad("unknown type");
  }
  c.type = type;
  // raddr, rport, generation, ufrag, network-cost: pairs we have no use for.
  while (!line.empty()) {
    std::string_view key = text::take_word(line);
    std::string_view value = text::take_word(line);
    if (key == "tcptype") c.tcp_type = value;
  }
  return c;
}

std::string to_string(const Candidate& c) {
  std::string out = fmt::format("candidate:{} {} {} {} {} {} typ {}", c.foundation, c.component,
                                c.protocol, c.priority, c.address, c.port, c.type);
  if (c.type != "host") out += " raddr 0.0.0.0 rport 0";
  if (!c.tcp_type.empty()) out += " tcptype " + c.tcp_type;
  return out;
}

Candidate host_candidate(std::string address, uint16_t port, uint16_t preference) {
  constexpr uint32_t kHostTypePreference = 126;
  Candidate c;
  // Another for each address: those of one foundation are checked one after the other.
  c.foundation = std::to_string(UINT16_MAX - preference + 1);
  c.priority = kHostTypePreference << 24 | static_cast<uint32_t>(preference) << 8 | (256 - 1);
  c.address = std::move(address);
  c.port = port;
  return c;
}

Candidate tcp_candidate(std::string address, uint16_t port, uint16_t rank) {
  // RFC 6544 section 4.2: passive is the middle one of three directions.
  constexpr uint32_t kTcpTypePreference = 90;
  constexpr uint32_t kPassive = 4;
  constexpr uint32_t kOthers = (1 << 13) - 1;
  const uint32_t preference = kPassive << 13 | (kOthers - rank);
  Candidate c;
  c.foundation = std::to_string(rank + 1);
  c.protocol = "tcp";
  c.priority = kTcpTypePreference << 24 | preference << 8 | (256 - 1);
  c.address = std::move(address);
  c.port = port;
  c.tcp_type = "passive";
  return c;
}

}  // namespace turms::rtc::sdp
