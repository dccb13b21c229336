#include "rtc/rtp/dependency_descriptor.h"

#include <algorithm>
#include <bit>

namespace turms::rtc::rtp {

namespace {

constexpr size_t kMandatoryBits = 24;
constexpr size_t kFlagBits = 5;

/// Bits, most significant first. Beyond the end it reads zeros and is no longer ok.
class BitReader {
 public:
  explicit BitReader(ByteView data) : data_(data) {}

  uint32_t bits(size_t count) {
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) value = value << 1 | bit();
    return value;
  }
  bool flag() { return bit() != 0; }
  /// ns(n) of the AV1 specification, section 4.10.7: a value below `n` in the fewest bits.
  uint32_t below(uint32_t n) {
    if (n <= 1) return 0;
    auto width = static_cast<size_t>(std::bit_width(n));
    uint32_t shorter = (uint32_t{1} << width) - n;
    uint32_t value = bits(width - 1);
    return value < shorter ? value : (value << 1) - shorter + bits(1);
  }
  [[nodiscard]] size_t position() const { return position_; }
  [[nodiscard]] size_t size() const { return data_.size() * 8; }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  uint32_t bit() {
    if (position_ >= size()) {
      ok_ = false;
      return 0;
    }
    uint32_t value = data_[position_ / 8] >> (7 - position_ % 8) & 1;
    ++position_;
    return value;
  }

  ByteView data_;
  size_t position_ = 0;
  bool ok_ = true;
};

class BitWriter {
 public:
  explicit BitWriter(MutableByteView out) : out_(out) {}

  void bits(uint32_t value, size_t count) {
    for (size_t i = count; i-- > 0;) bit(value >> i & 1);
  }
  void copy(BitReader& from, size_t count) {
    for (size_t i = 0; i < count; ++i) bit(from.bits(1));
  }
  /// In bytes, the last one filled up with zeros; 0 when it did not fit.
  [[nodiscard]] size_t size() const { return ok_ ? (position_ + 7) / 8 : 0; }

 private:
  void bit(uint32_t value) {
    if (position_ / 8 >= out_.size()) {
      ok_ = false;
      return;
    }
    if (position_ % 8 == 0) out_[position_ / 8] = 0;
    out_[position_ / 8] |= static_cast<uint8_t>(value << (7 - position_ % 8));
    ++position_;
  }

  MutableByteView out_;
  size_t position_ = 0;
  bool ok_ = true;
};

uint64_t read_indications(BitReader& reader, size_t targets) {
  uint64_t all = 0;
  for (size_t i = 0; i < targets; ++i) all |= uint64_t{reader.bits(2)} << (2 * i);
  return all;
}

bool add_reference(FrameDependencies& frame, uint32_t difference) {
  if (frame.reference_count == kMaxFrameReferences) return false;
  frame.references[frame.reference_count++] = static_cast<uint16_t>(difference);
  return true;
}

/// template_layers(): where the templates lie, in rising order.
bool read_layers(BitReader& reader, DependencyStructure& s) {
  enum : uint8_t { kSameLayer, kNextTemporal, kNextSpatial, kEnd };
  uint8_t spatial = 0;
  uint8_t temporal = 0;
  for (uint32_t next = kSameLayer; next != kEnd;) {
    if (s.template_count == kMaxDependencyTemplates) return false;
    FrameDependencies& t = s.templates[s.template_count++];
    t = {};
    t.spatial_id = spatial;
    t.temporal_id = temporal;
    next = reader.bits(2);
    if (!reader.ok()) return false;
    if (next == kNextTemporal && ++temporal == kMaxDependencyTemporalLayers) return false;
    if (next == kNextSpatial) {
      temporal = 0;
      if (++spatial == kMaxDependencySpatialLayers) return false;
    }
  }
  s.spatial_layers = spatial + 1;
  return true;
}

bool read_references(BitReader& reader, DependencyStructure& s) {
  for (size_t i = 0; i < s.template_count; ++i) {
    while (reader.flag()) {
      if (!add_reference(s.templates[i], reader.bits(4) + 1)) return false;
    }
  }
  return reader.ok();
}

void read_chains(BitReader& reader, DependencyStructure& s) {
  s.chain_count = static_cast<uint8_t>(reader.below(s.target_count + 1U));
  if (s.chain_count == 0) return;
  for (size_t i = 0; i < s.target_count; ++i) {
    s.targets[i].chain = static_cast<uint8_t>(reader.below(s.chain_count));
  }
  for (size_t i = 0; i < s.template_count; ++i) {
    for (size_t chain = 0; chain < s.chain_count; ++chain) {
      s.templates[i].chains[chain] = static_cast<uint8_t>(reader.bits(4));
    }
  }
}

/// The layers of a target are those of the frames that are in it.
void find_layers_of_targets(DependencyStructure& s) {
  for (size_t target = 0; target < s.target_count; ++target) {
    for (size_t i = 0; i < s.template_count; ++i) {
      const FrameDependencies& t = s.templates[i];
      if (t.indication(target) == DecodeTargetIndication::kNotPresent) continue;
      auto& layers = s.targets[target];
      layers.spatial_id = std::max(layers.spatial_id, t.spatial_id);
      layers.temporal_id = std::max(layers.temporal_id, t.temporal_id);
    }
  }
}

bool read_structure(BitReader& reader, DependencyStructure& s) {
  s.first_template_id = static_cast<uint8_t>(reader.bits(6));
  s.target_count = static_cast<uint8_t>(reader.bits(5) + 1);
  s.template_count = 0;
  s.targets = {};
  if (!read_layers(reader, s)) return false;
  for (size_t i = 0; i < s.template_count; ++i) {
    s.templates[i].indications = read_indications(reader, s.target_count);
  }
  if (!read_references(reader, s)) return false;
  read_chains(reader, s);
  find_layers_of_targets(s);
  s.has_resolutions = reader.flag();
  for (size_t i = 0; s.has_resolutions && i < s.spatial_layers; ++i) {
    s.resolutions[i].width = reader.bits(16) + 1;
    s.resolutions[i].height = reader.bits(16) + 1;
  }
  return reader.ok();
}

struct Flags {
  bool structure = false;
  bool active_targets = false;
  bool indications = false;
  bool references = false;
  bool chains = false;
};

Flags read_flags(BitReader& reader) {
  Flags f;
  f.structure = reader.flag();
  f.active_targets = reader.flag();
  f.indications = reader.flag();
  f.references = reader.flag();
  f.chains = reader.flag();
  return f;
}

/// What the frame says itself in place of its template.
bool read_own(BitReader& reader, const Flags& flags, const DependencyStructure& s,
              FrameDependencies& frame) {
  if (flags.indications) frame.indications = read_indications(reader, s.target_count);
  if (flags.references) {
    frame.reference_count = 0;
    while (uint32_t nibbles = reader.bits(2)) {
      if (!add_reference(frame, reader.bits(nibbles * 4) + 1)) return false;
    }
  }
  for (size_t chain = 0; flags.chains && chain < s.chain_count; ++chain) {
    frame.chains[chain] = static_cast<uint8_t>(reader.bits(8));
  }
  return reader.ok();
}

}  // namespace

bool DependencyStructure::contains(size_t whole, size_t part) const {
  for (size_t i = 0; i < template_count; ++i) {
    if (templates[i].indication(part) != DecodeTargetIndication::kNotPresent &&
        templates[i].indication(whole) == DecodeTargetIndication::kNotPresent) {
      return false;
    }
  }
  return true;
}

std::optional<DependencyDescriptor> parse_dependency_descriptor(
    ByteView value, const DependencyStructure* structure, DependencyStructure& attached) {
  BitReader reader(value);
  DependencyDescriptor d;
  d.first_packet = reader.flag();
  d.last_packet = reader.flag();
  auto template_id = static_cast<uint8_t>(reader.bits(6));
  d.frame_number = static_cast<uint16_t>(reader.bits(16));
  Flags flags;
  if (value.size() > kMandatoryBits / 8) flags = read_flags(reader);
  if (flags.structure) {
    if (!read_structure(reader, attached)) return std::nullopt;
    structure = &attached;
    d.has_structure = true;
    d.active_targets = attached.all_targets();
  }
  d.structure_end = static_cast<uint16_t>(reader.position());
  if (!reader.ok() || structure == nullptr) return std::nullopt;
  if (flags.active_targets) {
    d.names_active_targets = true;
    d.active_targets = reader.bits(structure->target_count);
  }
  size_t index = (template_id + kMaxDependencyTemplates - structure->first_template_id) %
                 kMaxDependencyTemplates;
  if (index >= structure->template_count) return std::nullopt;
  d.frame = structure->templates[index];
  if (!read_own(reader, flags, *structure, d.frame)) return std::nullopt;
  return d;
}

size_t write_active_targets(MutableByteView out, ByteView value,
                            const DependencyDescriptor& descriptor, size_t target_count,
                            uint32_t active_targets) {
  BitReader reader(value);
  BitWriter writer(out);
  writer.copy(reader, kMandatoryBits);
  Flags flags;
  bool extended = value.size() > kMandatoryBits / 8;
  if (extended) flags = read_flags(reader);
  for (bool flag : {flags.structure, true, flags.indications, flags.references, flags.chains}) {
    writer.bits(flag ? 1 : 0, 1);
  }
  if (extended) writer.copy(reader, descriptor.structure_end - kMandatoryBits - kFlagBits);
  if (descriptor.names_active_targets) reader.bits(target_count);
  writer.bits(active_targets, target_count);
  writer.copy(reader, reader.size() - reader.position());
  return writer.size();
}

const DependencyDescriptor* DependencyReader::read(ByteView value, bool newest) {
  auto descriptor = parse_dependency_descriptor(value, structure(), attached_);
  if (!descriptor) return nullptr;
  uint16_t number = descriptor->frame_number;
  bool newer = newest || !has_structure_ || static_cast<int16_t>(number - newest_change_) > 0;
  if (descriptor->active_targets && newer) {
    bool same = has_structure_ && !descriptor->has_structure &&
                *descriptor->active_targets == active_targets_;
    if (descriptor->has_structure) {
      structure_ = attached_;
      has_structure_ = true;
    }
    newest_change_ = number;
    active_targets_ = *descriptor->active_targets;
    if (!same) ++version_;
  }
  DependencyDescriptor& slot = frames_[number % kFrames];
  slot = *descriptor;
  return &slot;
}

}  // namespace turms::rtc::rtp
