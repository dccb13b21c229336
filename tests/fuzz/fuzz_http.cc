// What comes in the text of an HTTP request and is ours to read: queries, escapes, addresses in
// headers.
#include "base/bytes.h"
#include "net/address.h"
#include "net/http.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  const std::string_view input = as_text(ByteView(data, size));
  size_t decoded = 0;
  for (const auto& [name, value] : net::parse_query(input)) decoded += name.size() + value.size();
  fuzz::check(decoded <= size);
  if (const auto text = net::percent_decode(input, true)) fuzz::check(text->size() <= size);
  if (const auto address = net::Address::parse(input)) {
    const auto again = net::Address::parse(address->to_string());
    fuzz::check(again.has_value() && *again == *address);
    fuzz::check(input.find('\0') == input.npos);
  }
  if (const auto address = net::Address::parse(input, 80)) {
    fuzz::check(input.find('\0') == input.npos);
    const auto again = net::Address::parse(address->ip(), 80);
    fuzz::check(again.has_value() && *again == *address);
  }
  return 0;
}
