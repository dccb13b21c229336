#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "sfu/source_packet.h"

namespace turms::sfu {

/// The numbers by which receivers know pictures and base layers, or frames; also how far such
/// numbers are moved.
struct Numbers {
  uint16_t picture = 0;
  uint8_t tl0 = 0;
};

/// What one kind of payload needs when the numbers in it change. One constant for each kind, chosen
/// by the packet's layering.
struct Rewriter {
  /// As the publisher numbers this packet.
  Numbers (*numbers)(const SourcePacket& packet);
  /// Do receivers wait for the pictures that ids tell of, so that the ids of pictures left out have
  /// to close up?
  bool (*closes_up)(const SourcePacket& packet);
  /// Moves the numbers in `payload`, a copy of the packet's; none for payloads that hold none.
  void (*rewrite)(const SourcePacket& packet, const Numbers& by, MutableByteView payload);

  static const Rewriter& of(Layering layering);
};

inline constexpr size_t kLayerings = 4;

}  // namespace turms::sfu
