#include "sfu/audio_level_observer.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace turms::sfu {

namespace {

constexpr float kSmoothing = 0.6F;  // weight of the newest window

/// −dBov to linear.
float linear(uint8_t level) {
  static const std::array<float, 128> table = [] {
    std::array<float, 128> t{};
    for (size_t i = 0; i < t.size(); ++i) t[i] = std::pow(10.0F, -static_cast<float>(i) / 20.0F);
    return t;
  }();
  return table[std::min<size_t>(level, 127)];
}

}  // namespace

void AudioLevelObserver::on_packet(TimePoint now, uint8_t level, Duration elapsed) {
  if (any_ && now - last_ > kExpiry) silence();
  any_ = true;
  last_ = now;
  elapsed = std::clamp<Duration>(elapsed, 1ms, kWindow);
  observed_ += elapsed;
  double energy = static_cast<double>(linear(level)) * static_cast<double>(elapsed.count());
  if (audible(level)) {
    active_ += elapsed;
    active_energy_ += energy;
  }
  follow_run(audible(level), energy, elapsed);
  if (observed_ >= kWindow) end_window();
}

void AudioLevelObserver::follow_run(bool loud, double energy, Duration elapsed) {
  quiet_ = loud ? Duration{} : quiet_ + elapsed;
  if (quiet_ > kDip) {
    run_ = {};
    run_energy_ = 0;
    run_packets_ = 0;
  }
  if (!loud) return;
  run_ += elapsed;
  run_energy_ += energy;
  if (run_packets_ < kSurePackets) ++run_packets_;
}

void AudioLevelObserver::end_window() {
  float window = 0;
  if (active_ * 100 >= kWindow * kActivePercent) {
    // Averaged over the whole window: who speaks all the time is louder than who does now and then.
    window = static_cast<float>(active_energy_ / static_cast<double>(observed_.count()));
  }
  smoothed_ += (window - smoothed_) * kSmoothing;
  // One silent window does not end loud speech, but the tail of the average is not speech.
  if (window == 0 && smoothed_ < linear(kActiveLevel)) smoothed_ = 0;
  observed_ = active_ = Duration{};
  active_energy_ = 0;
}

float AudioLevelObserver::level(TimePoint now) const {
  if (!any_ || now - last_ > kExpiry) return 0;
  const bool sure = run_packets_ >= kSurePackets && run_ * 100 >= kWindow * kActivePercent;
  if (smoothed_ > 0 || !sure) return smoothed_;
  return static_cast<float>(run_energy_ / static_cast<double>(run_.count()));
}

}  // namespace turms::sfu
