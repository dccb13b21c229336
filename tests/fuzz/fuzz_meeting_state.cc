// States of meetings as they are stored; what is read is written again the same, and lives on.
#include "im/meeting/codec.h"
#include "im/meeting/machine.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  const auto state = im::meeting::decode_state(ByteView(data, size));
  if (!state) return 0;
  const auto again = im::meeting::decode_state(im::meeting::encode(*state));
  fuzz::check(again && *again == *state);
  const im::meeting::Rules rules;
  (void)im::meeting::next_deadline(*state, rules);
  (void)im::meeting::advance(*state, im::meeting::Tick{}, WallTime{1'800'000'000'000}, rules);
  return 0;
}
