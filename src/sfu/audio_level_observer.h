#pragma once

#include <cstdint>

#include "base/time.h"

namespace turms::sfu {

/// How loud one audio track is over the last windows, from the level in each packet (RFC 6464). It
/// speaks while at least kActivePercent of a window is louder than kActiveLevel, so a click or
/// background noise is not speech; without packets (discontinuous transmission, mute) it falls
/// silent after kExpiry.
class AudioLevelObserver {
 public:
  static constexpr uint8_t kActiveLevel = 35;  // −dBov
  static constexpr int kActivePercent = 40;
  static constexpr Duration kWindow = 400ms;
  static constexpr Duration kExpiry = 600ms;

  /// `level` is −dBov, 0 (loudest) to 127; the packet's sound lasts `duration`, after `silence` of
  /// which nothing was sent.
  void on_packet(TimePoint now, uint8_t level, Duration duration, Duration silence);
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
