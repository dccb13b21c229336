#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"

/// Dependency descriptor (AV1 RTP payload specification, appendix A): the header extension that
/// tells, whatever the codec and even when the payload is encrypted, which layer a frame is in,
/// which frames it needs, and what a receiver of fewer layers may do without.
namespace turms::rtc::rtp {

inline constexpr size_t kMaxDecodeTargets = 32;
inline constexpr size_t kMaxDependencyTemplates = 64;
inline constexpr size_t kMaxDependencySpatialLayers = 4;
inline constexpr size_t kMaxDependencyTemporalLayers = 8;
/// Frames that one refers to; a descriptor with more is malformed. AV1 has 7.
inline constexpr size_t kMaxFrameReferences = 8;

/// What a frame is to a decode target (a set of layers that a receiver may choose).
enum class DecodeTargetIndication : uint8_t {
  kNotPresent = 0,
  kDiscardable = 1,  // of it, and no other frame of it needs this one
  kSwitch = 2,       // once this frame can be decoded, so can all later ones of the target
  kRequired = 3,
};

/// Layer and dependencies of a frame, or of the frames that name a template.
struct FrameDependencies {
  uint8_t spatial_id = 0;
  uint8_t temporal_id = 0;
  uint8_t reference_count = 0;
  /// Differences of frame numbers, 1..4096.
  std::array<uint16_t, kMaxFrameReferences> references{};
  uint64_t indications = 0;  // two bits for each decode target, target 0 lowest
  /// For each chain the difference to its latest frame before; 0: the chain begins here.
  std::array<uint8_t, kMaxDecodeTargets> chains{};

  [[nodiscard]] DecodeTargetIndication indication(size_t target) const {
    return static_cast<DecodeTargetIndication>(indications >> (2 * target) & 3);
  }
};

/// What the descriptors of a sequence refer to; a key frame brings it.
struct DependencyStructure {
  struct Target {
    uint8_t spatial_id = 0;  // highest layers it has
    uint8_t temporal_id = 0;
    uint8_t chain = 0;  // that protects it, when there are chains
  };
  struct Resolution {
    uint32_t width = 0;
    uint32_t height = 0;
  };

  uint8_t first_template_id = 0;
  uint8_t template_count = 0;
  uint8_t target_count = 0;
  uint8_t chain_count = 0;
  uint8_t spatial_layers = 1;
  bool has_resolutions = false;
  std::array<Resolution, kMaxDependencySpatialLayers> resolutions{};
  std::array<Target, kMaxDecodeTargets> targets{};
  std::array<FrameDependencies, kMaxDependencyTemplates> templates{};

  [[nodiscard]] uint32_t all_targets() const {
    return target_count == 32 ? UINT32_MAX : (uint32_t{1} << target_count) - 1;
  }
  /// Is every frame of target `part` also one of target `whole`?
  [[nodiscard]] bool contains(size_t whole, size_t part) const;
};

struct DependencyDescriptor {
  bool first_packet = false;  // of the frame
  bool last_packet = false;
  uint16_t frame_number = 0;
  bool has_structure = false;
  /// Decode targets whose layers are being sent, from this frame on. With a structure and without
  /// being named: all.
  std::optional<uint32_t> active_targets;
  FrameDependencies frame;

  // Where in bits: what rewriting needs.
  uint16_t structure_end = 0;  // of the structure, or of the flags before it
  bool names_active_targets = false;
};

/// Reads a descriptor. `structure` is the one in force, null when there is none; one that the
/// descriptor brings is written to `attached` and applies to the descriptor itself. Nothing when
/// malformed, or when a structure is needed and missing.
std::optional<DependencyDescriptor> parse_dependency_descriptor(
    ByteView value, const DependencyStructure* structure, DependencyStructure& attached);

/// Copies the descriptor `value` (parsed as `descriptor`, with `target_count` decode targets) to
/// `out` with another set of active decode targets. Size in bytes, 0 when it does not fit.
size_t write_active_targets(MutableByteView out, ByteView value,
                            const DependencyDescriptor& descriptor, size_t target_count,
                            uint32_t active_targets);

/// Overwrites the frame number of a descriptor of at least 3 bytes.
inline void set_frame_number(MutableByteView value, uint16_t number) {
  store_be16(&value[1], number);
}

/// The descriptors of one stream as they come: keeps the structure and the active targets, and the
/// latest kFrames frames.
class DependencyReader {
 public:
  static constexpr size_t kFrames = 64;

  /// `newest`: of the newest packet of the stream so far; a late one changes the structure only
  /// when its frame is newer than the one that brought it. Null when malformed or not understood
  /// without a structure that has not come. Valid until kFrames later frames were read.
  const DependencyDescriptor* read(ByteView value, bool newest);
  /// The next key frame brings everything anew.
  void reset() {
    has_structure_ = false;
    ++version_;
  }

  /// Null before the first one.
  [[nodiscard]] const DependencyStructure* structure() const {
    return has_structure_ ? &structure_ : nullptr;
  }
  [[nodiscard]] uint32_t active_targets() const { return active_targets_; }
  /// Changes whenever structure or active targets do.
  [[nodiscard]] uint32_t version() const { return version_; }

 private:
  bool has_structure_ = false;
  uint32_t active_targets_ = 0;
  uint32_t version_ = 0;
  uint16_t newest_change_ = 0;  // frame that brought the structure or the active targets
  DependencyStructure structure_;
  DependencyStructure attached_;
  std::array<DependencyDescriptor, kFrames> frames_{};
};

}  // namespace turms::rtc::rtp
