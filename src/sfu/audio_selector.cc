#include "sfu/audio_selector.h"

#include <algorithm>

namespace turms::sfu {

bool AudioSelector::on_packet(TimePoint now, Microphone& microphone, uint8_t level) {
  if (count_ == 0 || microphone.always) return true;
  if (!microphone.live) {
    microphone.live = true;
    ++live_;
  }
  if (level <= kFloor) {
    microphone.level += (static_cast<float>(level) - microphone.level) * kSmoothing;
    microphone.last_loud = now;
    if (microphone.loud_packets < kAdmitPackets) ++microphone.loud_packets;
  } else {
    microphone.loud_packets = 0;
  }
  if (live_ <= count_) {
    if (!microphone.selected) admit(now, microphone);
    return true;
  }
  if (microphone.selected) {
    bool held = now - std::max(microphone.last_loud, microphone.admitted) < kHold;
    if (!held) dismiss(microphone);
    return held;
  }
  if (microphone.loud_packets < kAdmitPackets) return false;
  if (selected_.size() >= count_) {
    Microphone* place = replaceable(now, microphone);
    if (place == nullptr) return false;
    dismiss(*place);
  }
  admit(now, microphone);
  return true;
}

void AudioSelector::admit(TimePoint now, Microphone& microphone) {
  microphone.selected = true;
  microphone.admitted = now;
  selected_.push_back(&microphone);
}

void AudioSelector::dismiss(Microphone& microphone) {
  microphone.selected = false;
  std::erase(selected_, &microphone);
}

/// Who has been silent longest goes first (it may have stopped sending), then the quietest.
Microphone* AudioSelector::replaceable(TimePoint now, const Microphone& challenger) const {
  Microphone* silent = nullptr;
  Microphone* quiet = nullptr;
  for (Microphone* one : selected_) {
    if (now - std::max(one->last_loud, one->admitted) >= kHold) {
      if (silent == nullptr || one->last_loud < silent->last_loud) silent = one;
    } else if (!one->dominant && now - one->admitted >= kHold &&
               one->level - challenger.level >= kLouder) {
      if (quiet == nullptr || one->level > quiet->level) quiet = one;
    }
  }
  return silent != nullptr ? silent : quiet;
}

void AudioSelector::remove(Microphone& microphone) {
  if (microphone.selected) dismiss(microphone);
  if (microphone.live) --live_;
  bool always = microphone.always;
  microphone = {};
  microphone.always = always;
}

}  // namespace turms::sfu
