// Signalling messages of LiveKit clients, binary and JSON.
#include "livekit/signal_codec.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  const ByteView input(data, size);
  for (livekit::Encoding encoding : {livekit::Encoding::kProtobuf, livekit::Encoding::kJson}) {
    const auto message = livekit::decode_client_message(encoding, input);
    if (!message) continue;
    const std::string encoded = livekit::encode_client_message(encoding, *message);
    fuzz::check(livekit::decode_client_message(encoding, as_bytes(encoded)).has_value());
  }
  return 0;
}
