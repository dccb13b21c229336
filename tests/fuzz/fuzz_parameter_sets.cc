// What is kept of H264, H265 and AV1 payloads for viewers who come late.
#include <algorithm>
#include <array>

#include "sfu/parameter_sets.h"
#include "tests/fuzz/check.h"

// The first byte chooses the codec; behind it each payload stands behind its length in 16 bits.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  using rtc::Codec;
  using sfu::ParameterSets;
  constexpr std::array kCodecs = {Codec::kH264, Codec::kH265, Codec::kAv1, Codec::kVp8};
  ByteReader input(ByteView(data, size));
  const Codec codec = kCodecs[input.u8() % kCodecs.size()];
  ParameterSets sets;
  while (input.remaining() > 2) {
    const size_t length = input.u16();
    const ByteView payload = input.bytes(std::min(length, input.remaining()));
    sets.read(codec, payload);
    fuzz::check(sets.count() <= ParameterSets::kMaxSets);
    // An AV1 sequence header gets one byte before it.
    if (payload.size() < ParameterSets::kMaxSize && ParameterSets::leads(codec, payload)) {
      fuzz::check(sets.count() > 0);
    }
  }
  fuzz::check(codec != Codec::kVp8 || sets.count() == 0);
  // What would be sent is what is kept already.
  const uint8_t version = sets.version();
  for (size_t i = 0; i < sets.count(); ++i) {
    const ByteView payload = sets.payload(i);
    fuzz::check(!payload.empty() && payload.size() <= ParameterSets::kMaxSize);
    sets.read(codec, payload);
    fuzz::check(sets.version() == version);
    fuzz::check(codec != Codec::kAv1 || ParameterSets::leads(codec, payload));
  }
  sets.clear();
  fuzz::check(sets.count() == 0);
  return 0;
}
