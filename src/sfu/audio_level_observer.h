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
  /// Of sound that has gone on for the active part of a window, in so many packets at least, the
  /// end of the window need not be waited for. Pauses up to kDip are part of it.
  static constexpr uint8_t kSurePackets = 3;
  static constexpr Duration kDip = 40ms;

  /// `level` is −dBov, 0 (loudest) to 127, since the packet before, `elapsed` ago by the sender's
  /// clock. No packet stands for more than a window.
  void on_packet(TimePoint now, uint8_t level, Duration elapsed);
  /// Smoothed linear level, 0 when not speaking. Who begins to speak is heard as soon as there is
  /// speech enough for a window, before the window ends.
  [[nodiscard]] float level(TimePoint now) const;
  [[nodiscard]] static bool audible(uint8_t level) { return level <= kActiveLevel; }
  void silence() { *this = {}; }

 private:
  void follow_run(bool loud, double energy, Duration elapsed);
  void end_window();

  Duration observed_{};
  Duration active_{};
  double active_energy_ = 0;  // level × ns over the active part
  // The sound that goes on now, whatever windows it is in.
  Duration run_{};
  double run_energy_ = 0;
  Duration quiet_{};  // since its newest audible packet
  uint8_t run_packets_ = 0;
  float smoothed_ = 0;
  TimePoint last_;
  bool any_ = false;
};

}  // namespace turms::sfu
