#include <cstddef>
#include <cstdint>

#include "bus/messages.h"
#include "tests/fuzz/check.h"

// What another node sends. Whatever is read is written again as it was.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms::bus;
  const turms::ByteView bytes(data, size);
  if (const auto hello = decode_hello(bytes))
    turms::fuzz::check(decode_hello(encode(*hello)) == hello);
  (void)decode_presence(bytes);
  if (const auto message = decode_message(bytes)) {
    if (const auto* envelope = std::get_if<turms::im::Envelope>(&message->content)) {
      const auto again = encode(message->from, *envelope, size);
      turms::fuzz::check(again.size() == 1 && again[0].size() <= size);
    } else {
      const auto& order = std::get<turms::im::DisconnectOrder>(message->content);
      turms::fuzz::check(decode_message(encode(message->from, order)).has_value());
    }
  }
  return 0;
}
