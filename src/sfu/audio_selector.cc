#include "sfu/audio_selector.h"

#include <algorithm>

namespace turms::sfu {

bool AudioSelector::on_packet(TimePoint now, Microphone& microphone, uint8_t level) {
  if (count_ == 0) return true;
  if (level <= kFloor) {
    microphone.level += (static_cast<float>(level) - microphone.level) * kSmoothing;
    microphone.last_loud = now;
    if (microphone.loud_packets < kAdmitPackets) ++microphone.loud_packets;
  } else {
    microphone.loud_packets = 0;
  }
  if (microphone.selected || microphone.pinned) return true;
  if (selected_.size() < count_) {
    admit(now, microphone);
    return true;
  }
  if (microphone.loud_packets < kAdmitPackets) return false;
  size_t place = replaceable(now, microphone);
  if (place == selected_.size()) return false;
  selected_[place]->selected = false;
  selected_.erase(selected_.begin() + static_cast<ptrdiff_t>(place));
  admit(now, microphone);
  return true;
}

void AudioSelector::admit(TimePoint now, Microphone& microphone) {
  microphone.selected = true;
  microphone.admitted = now;
  selected_.push_back(&microphone);
}

/// selected_.size(): none. Who has been silent longest goes first, then the quietest.
size_t AudioSelector::replaceable(TimePoint now, const Microphone& challenger) const {
  size_t silent = selected_.size();
  size_t quiet = selected_.size();
  for (size_t i = 0; i < selected_.size(); ++i) {
    const Microphone& one = *selected_[i];
    if (now - one.last_loud >= kHold) {
      if (silent == selected_.size() || one.last_loud < selected_[silent]->last_loud) silent = i;
    } else if (now - one.admitted >= kHold && one.level - challenger.level >= kLouder) {
      if (quiet == selected_.size() || one.level > selected_[quiet]->level) quiet = i;
    }
  }
  return silent != selected_.size() ? silent : quiet;
}

void AudioSelector::remove(Microphone& microphone) {
  std::erase(selected_, &microphone);
  bool pinned = microphone.pinned;
  microphone = {};
  microphone.pinned = pinned;
}

}  // namespace turms::sfu
