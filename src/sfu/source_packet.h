#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "rtc/parameters.h"
#include "rtc/rtp/dependency_descriptor.h"
#include "rtc/rtp/packet.h"
#include "rtc/rtp/payload.h"

namespace turms::sfu {

/// What a payload type of one published track means.
class PayloadTypes {
 public:
  struct Meaning {
    uint8_t codec = 0;  // index into the track's codecs
    bool rtx = false;
  };

  explicit PayloadTypes(const std::vector<rtc::CodecParameters>& codecs);
  [[nodiscard]] std::optional<Meaning> find(uint8_t payload_type) const {
    uint8_t entry = table_[payload_type & 0x7F];
    if (entry == 0) return std::nullopt;
    return Meaning{static_cast<uint8_t>((entry & 0x7F) - 1), (entry & 0x80) != 0};
  }

 private:
  std::array<uint8_t, 128> table_{};  // 0: none, else index + 1, with the high bit for RTX
};

/// Header extensions of one packet, by meaning: parsed once, on arrival.
struct PacketExtensions {
  std::array<ByteView, rtc::kExtensionCount> values;  // data() is null where absent

  PacketExtensions(const rtc::rtp::PacketView& packet, const rtc::ExtensionMap& ids);
  [[nodiscard]] ByteView operator[](rtc::Extension extension) const {
    return values[static_cast<size_t>(extension)];
  }
  [[nodiscard]] bool has(rtc::Extension extension) const {
    return (*this)[extension].data() != nullptr;
  }
};

/// Extensions that only some packets carry and that travel on unchanged, as bits.
enum SparseExtension : uint8_t {
  kSparseDependencyDescriptor = 1,
  kSparseVideoOrientation = 2,
  kSparsePlayoutDelay = 4,
  kSparseCaptureTime = 8,
};

/// What tells the layers inside a stream.
enum class Layering : uint8_t { kNone, kVp8, kVp9, kDependencies };

/// What a packet's payload is, by its track.
struct SourceFormat {
  std::vector<rtc::CodecParameters> codecs;
  PayloadTypes payload_types{{}};
  bool is_video = false;
  bool encrypted = false;
};

/// A published packet, read once and then written for each subscriber. Valid as long as the bytes
/// it was made from.
struct SourcePacket {
  rtc::rtp::PacketView view;
  ByteView payload;  // without padding
  /// The Opus in a RED packet, for subscribers without RED; empty otherwise.
  ByteView primary;
  int64_t sequence = 0;  // unwrapped
  uint32_t timestamp = 0;
  uint8_t encoding = 0;
  uint8_t codec = 0;          // index into the track's codecs
  uint8_t primary_codec = 0;  // of `primary`
  uint8_t spatial_id = 0;
  uint8_t temporal_id = 0;
  uint8_t audio_level = 127;  // as in the extension: V bit and −dBov
  uint8_t sparse = 0;         // SparseExtension bits present
  bool marker = false;
  /// Forwarding can begin with this packet: it begins a key frame, or it is audio.
  bool can_start = false;
  bool start_of_frame = false;
  bool end_of_frame = false;
  /// The payload is not of the form its codec has (it may be encrypted): it travels on as it is.
  bool opaque = false;
  uint8_t trailer = 0;  // bytes of LiveKit's packet trailer at the end of the payload
  Layering layering = Layering::kNone;
  rtc::rtp::Vp8Descriptor vp8;
  rtc::rtp::Vp9Descriptor vp9;
  /// The descriptor as it came, for codecs whose subscribers get it; empty for others.
  ByteView dependency_bytes;
  const rtc::rtp::DependencyDescriptor* dependencies = nullptr;
  const rtc::rtp::DependencyReader* reader = nullptr;

  [[nodiscard]] bool is_vp8() const { return layering == Layering::kVp8; }

  /// Nothing when the payload type is not the track's. `sequence` and `encoding` are the caller's
  /// to fill in, and to call read_dependencies().
  static std::optional<SourcePacket> read(const rtc::rtp::PacketView& view,
                                          const PacketExtensions& extensions,
                                          const SourceFormat& format);
  /// Takes layers and key frames from the dependency descriptor, if the packet has one that
  /// `reader` understands. `newest`: of its stream.
  void read_dependencies(const PacketExtensions& extensions, rtc::rtp::DependencyReader& reader,
                         bool newest);

 private:
  void read_audio(const SourceFormat& format, rtc::Codec of);
  void read_video(rtc::Codec of);

  explicit SourcePacket(const rtc::rtp::PacketView& v) : view(v) {}
};

}  // namespace turms::sfu
