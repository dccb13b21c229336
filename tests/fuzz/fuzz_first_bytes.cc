// What a connection to a shared port begins with: the PROXY header, the
// protocol's first message, and the headers that name a client behind a proxy.
#include "net/forwarded.h"
#include "net/proxy_protocol.h"
#include "net/stream_classifier.h"
#include "tests/fuzz/check.h"

using namespace turms;
using namespace turms::net;

namespace {

/// Byte by byte as in one piece: whatever is known of a beginning stays true of
/// all.
void check_prefixes(ByteView input) {
  const FirstBytes all = classify_first_bytes(input);
  const ProxyHeader header = parse_proxy_header(input);
  for (size_t size = 0; size < input.size() && size < 256; ++size) {
    const FirstBytes part = classify_first_bytes(input.first(size));
    fuzz::check(part == FirstBytes::kNeedMore || part == all);
    const ProxyHeader part_header = parse_proxy_header(input.first(size));
    fuzz::check(part_header.outcome == ProxyHeader::Outcome::kNeedMore ||
                part_header.outcome == header.outcome);
  }
  if (all == FirstBytes::kNeedMore) fuzz::check(input.size() < kMaxFirstMessage + 2);
  if (header.outcome == ProxyHeader::Outcome::kNeedMore) {
    fuzz::check(input.size() < kMaxProxyHeader);
  }
  if (header.outcome == ProxyHeader::Outcome::kComplete) {
    fuzz::check(header.size > 0 && header.size <= input.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView input(data, size);
  check_prefixes(input);
  const std::string_view text = as_text(input);
  fuzz::check(parse_forwarded(text).size() <= kMaxForwarded);
  fuzz::check(parse_x_forwarded_for(text).size() <= kMaxForwarded);
  if (const auto network = Network::parse(text)) {
    (void)network->contains(Address::v4({192, 0, 2, 1}, 0));
  }
  return 0;
}
