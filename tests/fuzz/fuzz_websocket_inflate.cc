// Compressed WebSocket messages: inflated within a bound, and what we deflate is read back.
#include "net/websocket_deflate.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  using namespace turms::net::websocket;
  constexpr size_t kMaxMessage = 64 * 1024;
  const ByteView input(data, size);
  (void)negotiate_deflate(as_text(input));
  Bytes message;
  if (inflate_message(input, kMaxMessage, message) == InflateOutcome::kOk) {
    fuzz::check(message.size() <= kMaxMessage);
  }
  Bytes compressed;
  deflate_message(input, compressed);
  fuzz::check(inflate_message(compressed, size, message) == InflateOutcome::kOk);
  fuzz::check(Bytes(input.begin(), input.end()) == message);
  return 0;
}
