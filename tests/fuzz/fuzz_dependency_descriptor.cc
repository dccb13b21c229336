// Dependency descriptors, as a sequence: each changes what the next ones mean.
#include <algorithm>
#include <array>

#include "rtc/rtp/dependency_descriptor.h"
#include "tests/fuzz/check.h"

// The input is a sequence of descriptors, each behind a byte of length; its high bit says that the
// packet is late.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  using namespace turms::rtc::rtp;
  DependencyReader reader;
  ByteReader input(ByteView(data, size));
  while (input.remaining() > 1) {
    const uint8_t head = input.u8();
    const ByteView value = input.bytes(std::min<size_t>(head & 0x7F, input.remaining()));
    const DependencyDescriptor* read = reader.read(value, (head & 0x80) == 0);
    if (read == nullptr) continue;
    const DependencyDescriptor d = *read;
    fuzz::check(reader.structure() != nullptr);
    fuzz::check(d.frame.reference_count <= kMaxFrameReferences);
    fuzz::check(d.frame.spatial_id < kMaxDependencySpatialLayers);
    // Written with other active targets it reads the same otherwise.
    DependencyStructure own;
    const DependencyStructure in_force = *reader.structure();
    const auto parsed = parse_dependency_descriptor(value, &in_force, own);
    if (!parsed) continue;
    const DependencyStructure& s = parsed->has_structure ? own : in_force;
    std::array<uint8_t, 160> out{};
    const size_t written = write_active_targets(out, value, *parsed, s.target_count, 1);
    fuzz::check(written != 0);
    DependencyStructure again;
    const auto copy = parse_dependency_descriptor(ByteView(out).first(written), &in_force, again);
    fuzz::check(copy.has_value() && copy->active_targets == 1U);
    fuzz::check(copy->frame.indications == parsed->frame.indications);
    fuzz::check(copy->frame.references == parsed->frame.references);
    for (size_t a = 0; a < s.target_count; ++a) fuzz::check(s.contains(a, a));
  }
  return 0;
}
