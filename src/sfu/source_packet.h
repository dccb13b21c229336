#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "rtc/parameters.h"
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
  uint8_t temporal_id = 0;
  uint8_t audio_level = 127;  // as in the extension: V bit and −dBov
  uint8_t sparse = 0;         // SparseExtension bits present
  bool marker = false;
  /// Forwarding can begin with this packet: it begins a key frame, or it is audio.
  bool can_start = false;
  bool is_vp8 = false;
  rtc::rtp::Vp8Descriptor vp8;

  /// Nothing when the payload type is not the track's or the payload is malformed. `sequence`,
  /// `encoding` are the caller's to fill in.
  static std::optional<SourcePacket> read(const rtc::rtp::PacketView& view,
                                          const PacketExtensions& extensions,
                                          const std::vector<rtc::CodecParameters>& codecs,
                                          const PayloadTypes& payload_types);

 private:
  explicit SourcePacket(const rtc::rtp::PacketView& v) : view(v) {}
};

}  // namespace turms::sfu
