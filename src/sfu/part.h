#pragma once

#include <cstdint>
#include <unordered_map>

#include "sfu/part_message.h"

namespace turms::sfu {

/// Another part of this room. Owned by the room.
struct Part {
  Part(PartId id_in, PartSink& sink_in) : id(id_in), sink(sink_in) {}

  /// False: there was no room for it.
  bool send(const PartMessage& message) {
    const size_t size = PartMessage::kHeaderSize + message.payload.size();
    MutableByteView out = sink.reserve(size);
    if (out.empty()) return false;
    message.write(out.data());
    sink.commit();
    written = true;
    return true;
  }
  void publish() {
    if (!written) return;
    written = false;
    sink.publish();
  }

  /// Wants of tracks that have not been added here yet; further ones are not kept.
  static constexpr size_t kMaxEarlyWants = 4096;

  PartId id;
  PartSink& sink;
  bool written = false;
  std::unordered_map<TrackId, uint8_t> early_wants;
  TransportId floor_told;
};

/// A track of this part as another part has it.
struct Share {
  Part* part = nullptr;
  uint8_t wants = 0;       // PartMessage::kWant
  uint8_t state_told = 0;  // PartMessage::kState
  // Bit i: of encoding i ...
  uint8_t fresh = 0;          // kBegin has to come before its next packet
  uint8_t cut = 0;            // did not fit: nothing until its next key frame
  uint8_t discontinuity = 0;  // its next packet begins decoding anew
  bool resumes = false;       // sound: its next packet goes on after what was left out
};

}  // namespace turms::sfu
