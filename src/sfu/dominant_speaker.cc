#include "sfu/dominant_speaker.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace turms::sfu {

namespace {

// Volfin and Cohen, with the constants that are usual in conferencing servers.
constexpr int kSubbands = 13;
constexpr uint8_t kBandWidth = 10;  // dB in one of them
/// As loud as this, what never pauses is still speech (or music): −35 dBov.
constexpr uint8_t kLoudestNoise = 92;
constexpr uint8_t kLoudBand = 7;  // above: speech
constexpr int kLoudSteps = 4;     // of a medium's five, above: speech
constexpr double kImmediateRatio = 3;
constexpr double kMediumRatio = 2;
constexpr double kLongRatio = 0;

// The floor is free when so few of the newest 160 ms were loud, and taken by who was loud for
// so many of the newest 200 ms: a cough is shorter.
constexpr size_t kFreeSteps = 8;
constexpr int kFreeLoud = 1;
constexpr size_t kTakingSteps = 10;
constexpr int kTakingLoud = 7;

/// The logarithm of the likelihood of speech against silence when 0, 1, … `n` parts are active.
template <int n>
std::array<double, n + 1> log_scores(double lambda) {
  std::array<double, n + 1> table{};
  for (int v = 0; v <= n; ++v) {
    double binomial = std::lgamma(n + 1) - std::lgamma(v + 1) - std::lgamma(n - v + 1);
    double value = binomial + n * std::log(0.5) - std::log(lambda) + lambda * v;
    table[static_cast<size_t>(v)] = std::log(std::max(value, 1e-10));
  }
  return table;
}

}  // namespace

void DominantSpeaker::push(State& state, uint8_t value) {
  state.head = (state.head + kSteps - 1) % kSteps;
  state.steps[state.head] = value;
}

/// Where no packet came (mute, discontinuous transmission) it was silent.
void DominantSpeaker::advance(State& state, TimePoint now) {
  if (now - state.until > kStep * kSteps) {
    state.steps.fill(0);
    state.until = now;
  }
  while (now - state.until > kSlack) {
    push(state, 0);
    state.until += kStep;
  }
}

void DominantSpeaker::on_packet(TimePoint now, TrackId track, uint8_t level) {
  auto [it, added] = speakers_.try_emplace(track);
  State& state = it->second;
  if (added) state.until = state.noise_since = now;
  advance(state, now);
  auto loudness = static_cast<uint8_t>(127 - std::min<uint8_t>(level, 127));
  if (now - state.noise_since >= kNoiseWindow) {
    state.noise = state.noise_next;
    state.noise_next = 127;
    state.noise_since = now;
  }
  if (loudness > 0) {
    state.noise_next = std::min(state.noise_next, loudness);
    state.noise = std::min(state.noise, loudness);
  }
  bool noise = state.noise > 0 && state.noise < kLoudestNoise && loudness < state.noise + kSubbands;
  auto band = static_cast<uint8_t>(noise ? 0 : loudness / kBandWidth);
  push(state, band);
  state.until += kStep;
  if (band > kLoudBand) state.last_loud = now;
}

void DominantSpeaker::remove(TrackId track) {
  speakers_.erase(track);
  if (dominant_ == track) dominant_.reset();
}

int DominantSpeaker::loud_steps(const State& state, size_t count) {
  int loud = 0;
  for (size_t i = 0; i < count; ++i) {
    loud += state.steps[(state.head + i) % kSteps] > kLoudBand ? 1 : 0;
  }
  return loud;
}

DominantSpeaker::Scores DominantSpeaker::scores(const State& state) {
  static const auto immediate = log_scores<kSubbands>(0.78);
  static const auto medium = log_scores<static_cast<int>(kMediumSteps)>(24);
  static const auto lasting = log_scores<static_cast<int>(kLongMediums)>(47);
  size_t loud_mediums = 0;
  size_t first = 0;
  for (size_t m = 0; m < kLongMediums; ++m) {
    size_t loud = 0;
    for (size_t i = 0; i < kMediumSteps; ++i) {
      loud += state.steps[(state.head + m * kMediumSteps + i) % kSteps] > kLoudBand ? 1 : 0;
    }
    if (m == 0) first = loud;
    loud_mediums += loud > kLoudSteps ? 1 : 0;
  }
  return {immediate[state.steps[state.head]], medium[first], lasting[loud_mediums]};
}

bool DominantSpeaker::update(TimePoint now) {
  auto held = dominant_ ? speakers_.find(*dominant_) : speakers_.end();
  std::optional<Scores> to_beat;
  bool free = true;
  if (held != speakers_.end()) {
    advance(held->second, now);
    to_beat = scores(held->second);
    free = loud_steps(held->second, kFreeSteps) <= kFreeLoud;
  }
  std::optional<TrackId> best;
  double best_score = 0;
  for (auto& [track, state] : speakers_) {
    if (dominant_ == track || now - state.last_loud > kStep * kSteps) continue;
    advance(state, now);
    Scores s = scores(state);
    bool wins = free && loud_steps(state, kTakingSteps) >= kTakingLoud;
    if (to_beat && !wins) {
      wins = s.immediate - to_beat->immediate > kImmediateRatio &&
             s.medium - to_beat->medium > kMediumRatio && s.lasting - to_beat->lasting > kLongRatio;
    }
    if (!wins) continue;
    // Among several, who has spoken most of the last second.
    double score = s.lasting + s.medium;
    if (!best || score > best_score || (score == best_score && track < *best)) {
      best = track;
      best_score = score;
    }
  }
  if (!best) return false;
  dominant_ = best;
  return true;
}

}  // namespace turms::sfu
