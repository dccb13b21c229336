#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "base/time.h"
#include "sfu/parameters.h"

namespace turms::sfu {

/// Who of a room holds the floor (Volfin and Cohen, "Dominant speaker identification for multipoint
/// videoconferencing", 2013): speech is scored over 20 ms, 100 ms and 1 s, and a challenger takes
/// over from somebody who goes on speaking only when it beats that one over all three, so that a
/// cough or a short answer does not. Where the dominant one has fallen silent the floor is free: it
/// goes to whoever speaks for longer than a cough, without waiting for the second to pass. Nobody
/// is dominant until somebody has spoken; silence takes it from nobody.
///
/// Sound that is never quieter than it is now, nor loud, is noise.
///
/// Bound: one state of about 100 bytes for each track with levels; the owner bounds the tracks.
class DominantSpeaker {
 public:
  /// How often update() is to be called: a change shows after at most that plus 160 ms, plus
  /// kSlack where the one before stopped sending.
  static constexpr Duration kInterval = 80ms;

  /// `level` is −dBov, 0 (loudest) to 127 (RFC 6464), of one packet.
  void on_packet(TimePoint now, TrackId track, uint8_t level);
  void remove(TrackId track);
  /// Compares all who spoke within the last second. True when the dominant one changed.
  bool update(TimePoint now);
  [[nodiscard]] std::optional<TrackId> dominant() const { return dominant_; }

 private:
  static constexpr Duration kStep = 20ms;
  static constexpr Duration kSlack = 40ms;  // packets jitter
  static constexpr Duration kNoiseWindow = 15s;
  static constexpr size_t kSteps = 50;
  static constexpr size_t kMediumSteps = 5;
  static constexpr size_t kLongMediums = kSteps / kMediumSteps;

  /// Logarithms.
  struct Scores {
    double immediate = 0;
    double medium = 0;
    double lasting = 0;
  };
  struct State {
    std::array<uint8_t, kSteps> steps{};  // newest first from `head`
    size_t head = 0;
    TimePoint until;  // what the steps reach to
    TimePoint last_loud;
    uint8_t noise = 127;
    uint8_t noise_next = 127;
    TimePoint noise_since;
  };

  static void advance(State& state, TimePoint now);
  static void push(State& state, uint8_t value);
  static Scores scores(const State& state);
  /// Loud ones among the newest `count` steps.
  static int loud_steps(const State& state, size_t count);

  std::unordered_map<TrackId, State> speakers_;
  std::optional<TrackId> dominant_;
};

}  // namespace turms::sfu
