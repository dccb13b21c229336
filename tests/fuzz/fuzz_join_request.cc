// Join requests in the URL: base64, protobuf, gzip, protobuf again.
#include "base/encoding.h"
#include "livekit/join_request.h"
#include "net/gzip.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  const ByteView input(data, size);
  // Once as it stands in a URL, once from behind the base64, which a fuzzer would break.
  for (const std::string& text : {std::string(as_text(input)), base64url(input)}) {
    const auto request = livekit::decode_join_request(text);
    if (!request) continue;
    const auto again = livekit::decode_join_request(livekit::encode_join_request(*request));
    fuzz::check(again.has_value());
    fuzz::check(again->messages.size() == request->messages.size());
  }
  constexpr size_t kLimit = 100'000;
  Bytes unpacked;
  if (net::gunzip(input, kLimit, unpacked) == net::GunzipOutcome::kOk) {
    fuzz::check(unpacked.size() <= kLimit);
  }
  return 0;
}
