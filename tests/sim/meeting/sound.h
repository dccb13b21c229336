#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "rtc/rtp/packet.h"
#include "sim/synthetic_media.h"

namespace turms::sim {

/// Payload types that a section negotiated for sound; `red` 0: none.
struct SoundTypes {
  uint8_t opus = 0;
  uint8_t red = 0;
};

/// What a receiver of sound finds in a packet.
struct Sound {
  /// Sound that an earlier packet had already (RFC 2198).
  struct Earlier {
    Truth truth;
    uint32_t ticks_before = 0;
  };

  Truth truth;
  std::vector<Earlier> earlier;
  /// A frame of silence that the server makes when a track is muted; nothing else is set then.
  bool silence = false;

  /// None for what neither a client nor the server makes, down to each byte of its framing.
  static std::optional<Sound> read(const SoundTypes& types, const rtc::rtp::PacketView& packet);
  /// Does what was heard before come from the same track, and from when it says?
  [[nodiscard]] bool coherent() const;
};

/// The frames of silence of one track, by sequence number.
class SilenceRuns {
 public:
  /// As many as follow each other once this one is there.
  size_t add(uint16_t sequence);

 private:
  std::set<uint16_t> sequences_;
};

}  // namespace turms::sim
