#pragma once

#include <cstdint>

#include "base/time.h"

namespace turms::sfu {

/// How loud one audio track is over the last windows, from the level in each packet (RFC 6464). It
/// speaks while kActivePercent of a window is louder than kActiveLevel, so a click or background
/// noise is not speech; without packets (mute) it falls silent after kExpiry.
///
/// As with LiveKit, a packet stands for the time since the one before, also where nothing was sent
/// between them (discontinuous transmission): a short sound after a pause is speech.
class AudioLevelObserver {
 public:
  static constexpr uint8_t kActiveLevel = 35;  // −dBov
  static constexpr int kActivePercent = 40;
  static constexpr Duration kWindow = 400ms;
  static constexpr Duration kExpiry = 600ms;

  /// `level` is −dBov, 0 (loudest) to 127, since the packet before, `elapsed` ago by the sender's
  /// clock. No packet stands for more than a window.
  void on_packet(TimePoint now, uint8_t level, Duration elapsed);
  /// Smoothed linear level, 0 when not speaking.
  [[nodiscard]] float level(TimePoint now) const;
  [[nodiscard]] static bool audible(uint8_t level) { return level <= kActiveLevel; }
  void silence() { *this = {}; }

 private:
  void end_window();

  Duration observed_{};
  Duration active_{};
  double active_energy_ = 0;  // level × ns over the active part
  float smoothed_ = 0;
  TimePoint last_;
  bool any_ = false;
};

}  // namespace turms::sfu
