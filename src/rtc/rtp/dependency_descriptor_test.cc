#include "rtc/rtp/dependency_descriptor.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "rtc/rtp/dependency_testing.h"

namespace turms::rtc::rtp {
namespace {

using testing_support::BitSink;
using testing_support::l2t2_key;
using testing_support::structure_descriptor;

using enum DecodeTargetIndication;

TEST(DependencyDescriptor, ReadsAStructureAndWhatRefersToIt) {
  DependencyReader reader;
  EXPECT_EQ(reader.read(Bytes{0xC0, 0, 1}, true), nullptr);  // there is no structure yet
  const Bytes key = structure_descriptor(l2t2_key(), 0, 7);
  const DependencyDescriptor* d = reader.read(key, true);
  ASSERT_NE(d, nullptr);
  EXPECT_TRUE(d->first_packet);
  EXPECT_TRUE(d->has_structure);
  EXPECT_EQ(d->frame_number, 7);
  EXPECT_EQ(d->frame.reference_count, 0);
  const DependencyStructure& s = *reader.structure();
  EXPECT_EQ(s.target_count, 4);
  EXPECT_EQ(s.chain_count, 2);
  EXPECT_EQ(s.spatial_layers, 2);
  EXPECT_EQ(reader.active_targets(), 0xFU);
  EXPECT_EQ(s.targets[3].spatial_id, 1);
  EXPECT_EQ(s.targets[3].temporal_id, 1);
  EXPECT_EQ(s.targets[3].chain, 1);
  EXPECT_EQ(s.targets[0].temporal_id, 0);
  ASSERT_TRUE(s.has_resolutions);
  EXPECT_EQ(s.resolutions[1].width, 640U);
  EXPECT_EQ(s.resolutions[1].height, 360U);
  // Frame 9, the template of layer S0 T0 between key frames.
  const DependencyDescriptor* delta = reader.read(Bytes{0x80 | 1, 0, 9}, true);
  ASSERT_NE(delta, nullptr);
  EXPECT_FALSE(delta->last_packet);
  EXPECT_EQ(delta->frame.spatial_id, 0);
  EXPECT_EQ(delta->frame.reference_count, 1);
  EXPECT_EQ(delta->frame.references[0], 4);
  EXPECT_EQ(delta->frame.indication(0), kSwitch);
  EXPECT_EQ(delta->frame.indication(2), kNotPresent);
  EXPECT_EQ(delta->frame.chains[0], 4);
}

TEST(DependencyDescriptor, KeySvcTargetsAreNotPartsOfEachOther) {
  DependencyReader reader;
  reader.read(structure_descriptor(l2t2_key(), 0, 1), true);
  const DependencyStructure& s = *reader.structure();
  EXPECT_TRUE(s.contains(1, 0));  // S0 T1 has all of S0 T0
  EXPECT_FALSE(s.contains(0, 1));
  EXPECT_TRUE(s.contains(3, 2));
  EXPECT_FALSE(s.contains(3, 1));  // S1 goes on without S0
}

TEST(DependencyDescriptor, ReadsWhatAFrameSaysItself) {
  DependencyReader reader;
  reader.read(structure_descriptor(l2t2_key(), 0, 1), true);
  BitSink bits;
  bits.put(0b11, 2).put(1, 6).put(5, 16);  // mandatory fields
  bits.put(0b01111, 5);                    // active targets and all of its own
  bits.put(0b0011, 4);                     // active: targets 0 and 1
  bits.put(0b10'01'00'11, 8);              // indications
  bits.put(1, 2).put(2, 4);                // 3 frames back
  bits.put(3, 2).put(299, 12).put(0, 2);   // 300 frames back
  bits.put(17, 8).put(0, 8);               // chains
  const DependencyDescriptor* d = reader.read(bits.bytes(), true);
  ASSERT_NE(d, nullptr);
  EXPECT_EQ(d->frame.indication(0), kSwitch);
  EXPECT_EQ(d->frame.indication(1), kDiscardable);
  EXPECT_EQ(d->frame.indication(3), kRequired);
  ASSERT_EQ(d->frame.reference_count, 2);
  EXPECT_EQ(d->frame.references[0], 3);
  EXPECT_EQ(d->frame.references[1], 300);
  EXPECT_EQ(d->frame.chains[0], 17);
  EXPECT_EQ(reader.active_targets(), 3U);
}

TEST(DependencyDescriptor, ALateOneDoesNotChangeWhatIsActive) {
  DependencyReader reader;
  reader.read(structure_descriptor(l2t2_key(), 0, 1), true);
  auto naming = [](uint16_t frame, uint32_t active) {
    BitSink bits;
    bits.put(0b11, 2).put(1, 6).put(frame, 16).put(0b01000, 5).put(active, 4);
    return bits.bytes();
  };
  reader.read(naming(9, 0b0011), true);
  EXPECT_EQ(reader.active_targets(), 0b0011U);
  uint32_t version = reader.version();
  reader.read(naming(8, 0b1111), false);
  EXPECT_EQ(reader.active_targets(), 0b0011U);
  EXPECT_EQ(reader.version(), version);
  reader.read(naming(10, 0b1111), true);
  EXPECT_NE(reader.version(), version);
}

TEST(DependencyDescriptor, RefusesWhatIsMalformed) {
  DependencyReader reader;
  const Bytes key = structure_descriptor(l2t2_key(), 0, 1);
  for (size_t size = 0; size < key.size(); ++size) {
    EXPECT_EQ(reader.read(ByteView(key).first(size), true), nullptr) << size;
  }
  ASSERT_NE(reader.read(key, true), nullptr);
  EXPECT_EQ(reader.read(Bytes{0x80 | 40, 0, 2}, true), nullptr);  // no such template
  BitSink many;
  many.put(0b11, 2).put(1, 6).put(5, 16).put(0b00010, 5);
  for (size_t i = 0; i <= kMaxFrameReferences; ++i) many.put(1, 2).put(0, 4);
  many.put(0, 2);
  EXPECT_EQ(reader.read(many.bytes(), true), nullptr);
}

TEST(DependencyDescriptor, ActiveTargetsCanBeWrittenIntoAny) {
  std::array<uint8_t, 256> out{};
  DependencyStructure attached;
  const Bytes key = structure_descriptor(l2t2_key(), 0, 1);
  auto d = parse_dependency_descriptor(key, nullptr, attached);
  ASSERT_TRUE(d);
  size_t size = write_active_targets(out, key, *d, 4, 0b0011);
  DependencyStructure again;
  auto copy = parse_dependency_descriptor(ByteView(out).first(size), nullptr, again);
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->active_targets, 0b0011U);
  EXPECT_EQ(again.template_count, attached.template_count);
  EXPECT_EQ(again.resolutions[1].width, 640U);
  EXPECT_EQ(copy->frame.indications, d->frame.indications);
  // Into one of three bytes, and into what was written before.
  const Bytes small = {0xC0 | 2, 0, 5};
  auto delta = parse_dependency_descriptor(small, &attached, again);
  ASSERT_TRUE(delta);
  size = write_active_targets(out, small, *delta, 4, 0b0101);
  ASSERT_EQ(size, 5U);
  copy = parse_dependency_descriptor(ByteView(out).first(size), &attached, again);
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->active_targets, 0b0101U);
  EXPECT_EQ(copy->frame.references[0], delta->frame.references[0]);
  const Bytes written(out.begin(), out.begin() + 5);
  size = write_active_targets(out, written, *copy, 4, 0b0001);
  copy = parse_dependency_descriptor(ByteView(out).first(size), &attached, again);
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->active_targets, 0b0001U);
  EXPECT_EQ(write_active_targets(MutableByteView(out).first(4), small, *delta, 4, 1), 0U);
}

TEST(DependencyDescriptor, SurvivesNoise) {
  Rng rng(7);
  DependencyReader reader;
  reader.read(structure_descriptor(l2t2_key(), 0, 1), true);
  for (int i = 0; i < 20'000; ++i) {
    Bytes noise(1 + rng.below(40));
    rng.fill(noise);
    const DependencyDescriptor* d = reader.read(noise, rng.below(2) == 0);
    if (d == nullptr) continue;
    EXPECT_LE(d->frame.reference_count, kMaxFrameReferences);
  }
}

}  // namespace
}  // namespace turms::rtc::rtp
