#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace turms::sfu {

enum class PacketKind : uint8_t { kRtp, kRtcp };

/// Where the plain packets of one transport go. The owner of the transport implements it (a media
/// worker, the simulator); the room writes each packet once, straight into the buffer it will be
/// encrypted and sent from. Called on the room's thread, only from inside a call into the room.
///
/// A burst of packets of one track to one transport has equal header sizes, so that equal source
/// packets stay equal and can share one segmented datagram.
class TransportSink {
 public:
  virtual ~TransportSink() = default;

  /// Room for one packet of at most `size` bytes (≤ kMaxPacketSize); what encryption adds behind it
  /// is the implementer's business. Empty: cannot be sent now, the packet is dropped and counted.
  virtual MutableByteView reserve(size_t size) = 0;

  /// The first `size` bytes of the last reservation are a packet. A reservation without a commit is
  /// void.
  virtual void commit(size_t size, PacketKind kind) = 0;
};

/// Largest plain packet a room writes.
inline constexpr size_t kMaxPacketSize = 1500;

}  // namespace turms::sfu
