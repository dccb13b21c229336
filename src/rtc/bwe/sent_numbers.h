#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "rtc/parameters.h"

namespace turms::rtc::bwe {

/// Under which transport sequence a packet was sent, by stream and RTP number: what feedback by RFC
/// 8888 speaks of.
///
/// Bound: kSlots packets of 8 bytes. A newer packet takes the place of an older one; what was
/// displaced is unknown.
class SentNumbers {
 public:
  static constexpr size_t kSlots = 32'768;

  SentNumbers() : slots_(kSlots) {}

  void on_sent(Ssrc ssrc, uint16_t number, uint16_t transport_sequence) {
    slots_[place(ssrc, number)] = {ssrc, number, transport_sequence};
  }
  /// It was sent once more as it is: which of both arrived nobody can tell.
  void forget(Ssrc ssrc, uint16_t number) {
    Slot& slot = slots_[place(ssrc, number)];
    if (slot.ssrc == ssrc && slot.number == number) slot = {};
  }
  [[nodiscard]] std::optional<uint16_t> find(Ssrc ssrc, uint16_t number) const {
    const Slot& slot = slots_[place(ssrc, number)];
    if (slot.ssrc != ssrc || slot.number != number || ssrc == Ssrc()) return std::nullopt;
    return slot.transport_sequence;
  }

 private:
  struct Slot {
    Ssrc ssrc;
    uint16_t number = 0;
    uint16_t transport_sequence = 0;
  };
  static_assert(sizeof(Slot) == 8);

  /// Numbers of a stream lie side by side, streams apart from each other.
  static size_t place(Ssrc ssrc, uint16_t number) {
    return ((ssrc.value * 0x9E3779B1U >> 16) + number) % kSlots;
  }

  std::vector<Slot> slots_;
};

}  // namespace turms::rtc::bwe
