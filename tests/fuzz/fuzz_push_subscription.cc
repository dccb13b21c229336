// Any text as a push subscription: what is taken has an endpoint that begins with its origin, in
// printable ASCII, within the bounds.
#include <string_view>

#include "subscription.h"
#include "tests/fuzz/check.h"

using turms::push::Subscription;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto read = turms::push::read_subscription({reinterpret_cast<const char*>(data), size});
  if (!read) return 0;
  turms::fuzz::check(read->endpoint.size() <= Subscription::kMaxEndpointBytes);
  turms::fuzz::check(read->origin.starts_with("http") && read->endpoint.starts_with(read->origin));
  turms::fuzz::check(read->origin.find('@') == std::string::npos);
  for (const char c : read->endpoint) turms::fuzz::check(c > ' ' && c < 0x7f);
  turms::fuzz::check(read->public_key[0] == 4);
  return 0;
}
