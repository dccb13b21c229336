#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"

namespace turms::sfu {

/// What one subscription decided about its outgoing sequence numbers: which source packet each
/// stands for, and how it is rewritten. With the packet from its source's history that is all that
/// is needed to write it: when its turn comes, again, or late. A ring that grows with the rate up
/// to kMaxEntries.
class SentPackets {
 public:
  static constexpr size_t kFirstEntries = 64;
  static constexpr size_t kMaxEntries = 2048;
  static constexpr uint32_t kMaxAgeMs = 1500;

  enum class State : uint8_t {
    kNone,
    kExpected,  // kept free for a packet that has not come yet
    kQueued,    // decided on, and not yet written
    kSent,
    kFilled,        // an empty packet was sent in its place
    kParameterSet,  // one was sent, `source_sequence` is its number among those of the stream
  };

  struct Entry {
    uint16_t out_sequence = 0;
    uint16_t source_sequence = 0;
    uint32_t timestamp_offset = 0;
    /// Of picture ids, or of the frame numbers of descriptors. Of sound, which has neither: the
    /// transport-wide sequence number it left with.
    uint16_t number_offset = 0;
    uint8_t tl0_offset = 0;
    uint8_t encoding : 2 = 0;
    uint8_t epoch : 2 = 0;  // of the source stream, low bits
    uint8_t resends : 2 = 0;
    uint8_t marker : 1 = 0;  // as sent
    uint8_t red : 1 = 0;     // sound that left as RED
    State state : 4 = State::kNone;
    uint32_t time_ms : 28 = 0;  // last sent, or kept

    [[nodiscard]] uint32_t age_ms(uint32_t now_ms) const { return (now_ms - time_ms) & kTimeMask; }
  };
  static constexpr uint32_t kTimeMask = 0x0FFF'FFFF;

  /// The entry of an outgoing number, for the caller to fill in place (a copy from the stack would
  /// wait for the stores that made it). Allocates only while the rate is growing.
  Entry& claim(uint16_t out_sequence, uint32_t now_ms) {
    if (!entries_.empty()) [[likely]] {
      Entry& slot = entries_[out_sequence & (entries_.size() - 1)];
      if (slot.age_ms(now_ms) >= kMaxAgeMs || slot.state == State::kNone) [[likely]]
        return slot;
    }
    return make_room(out_sequence, now_ms);
  }
  void add(const Entry& entry) { claim(entry.out_sequence, entry.time_ms) = entry; }
  /// Fetches the place of a number into the cache ahead of claim().
  void prefetch(uint16_t out_sequence) const {
    if (!entries_.empty()) {
      // A frame takes several.
      for (size_t i = 0; i <= 2 * kEntriesPerLine; i += kEntriesPerLine) {
        __builtin_prefetch(&entries_[(out_sequence + i) & (entries_.size() - 1)], 1);
      }
    }
  }
  /// Forgets all.
  void clear();
  /// nullptr when it was never used or is forgotten.
  Entry* find(uint16_t out_sequence);
  /// The place kept for a source packet, searched from `first_candidate` up to before `end` (out
  /// sequence numbers): where it would be, had nothing been left out since.
  Entry* find_expected(uint16_t source_sequence, uint8_t encoding, uint8_t epoch,
                       uint16_t first_candidate, uint16_t end);

 private:
  static constexpr size_t kEntriesPerLine = 4;

  Entry& make_room(uint16_t out_sequence, uint32_t now_ms);
  void grow();

  std::vector<Entry> entries_;  // by out sequence, a power of two
};
static_assert(sizeof(SentPackets::Entry) == 16);

}  // namespace turms::sfu
