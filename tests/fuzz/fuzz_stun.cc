// STUN messages, and what builds them.
#include <array>

#include "rtc/stun/message.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  using namespace turms::rtc;
  const ByteView input(data, size);
  const std::string_view routed = stun::local_ufrag(input);
  fuzz::check(routed.size() <= size);
  const auto message = stun::Message::parse(input);
  if (!message) return 0;
  (void)message->verify_integrity("password-of-22-letters");
  // What was understood, built again, must be understood the same way.
  std::array<uint8_t, stun::kMaxBuiltSize> buffer;
  stun::Builder builder(buffer, stun::Class::kRequest, message->transaction_id());
  if (message->priority()) builder.priority(*message->priority());
  if (message->use_candidate()) builder.use_candidate();
  if (message->mapped_address()) builder.xor_mapped_address(*message->mapped_address());
  const auto again = stun::Message::parse(builder.finish("password-of-22-letters"));
  fuzz::check(again.has_value());
  fuzz::check(again->verify_integrity("password-of-22-letters"));
  fuzz::check(again->priority() == message->priority());
  fuzz::check(again->mapped_address() == message->mapped_address());
  return 0;
}
