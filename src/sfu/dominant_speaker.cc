#include "sfu/dominant_speaker.h"

#include <algorithm>
#include <cmath>

namespace turms::sfu {

namespace {

// Volfin and Cohen, with the constants that are usual in conferencing servers.
constexpr int kSubbands = 13;
constexpr uint8_t kBandWidth = 10;  // dB in one of them
constexpr uint8_t kLoudBand = 7;    // above: speech
constexpr int kLoudSteps = 4;       // of a medium's five, above: speech
constexpr double kImmediateRatio = 3;
constexpr double kMediumRatio = 2;
constexpr double kLongRatio = 0;

/// Likelihood of speech against silence when `v` of `n` parts are active; never 0.
double score(int v, int n, double lambda) {
  double binomial = std::lgamma(n + 1) - std::lgamma(v + 1) - std::lgamma(n - v + 1);
  double value = binomial + n * std::log(0.5) - std::log(lambda) + lambda * v;
  return std::max(value, 1e-10);
}

}  // namespace

void DominantSpeaker::push(State& state, uint8_t value) {
  state.head = (state.head + kSteps - 1) % kSteps;
  state.steps[state.head] = value;
}

/// Where no packet came (mute, discontinuous transmission) it was silent.
void DominantSpeaker::advance(State& state, TimePoint now) {
  constexpr Duration kSlack = 40ms;  // packets jitter
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
  bool noise = state.noise > 0 && state.noise < 60 && loudness < state.noise + kSubbands;
  push(state, noise ? 0 : loudness / kBandWidth);
  state.until += kStep;
}

void DominantSpeaker::remove(TrackId track) {
  speakers_.erase(track);
  if (dominant_ == track) dominant_.reset();
}

DominantSpeaker::Scores DominantSpeaker::scores(const State& state) {
  auto step = [&](size_t back) { return state.steps[(state.head + back) % kSteps]; };
  int lasting = 0;
  int first = 0;
  for (size_t medium = 0; medium < kLongMediums; ++medium) {
    int loud = 0;
    for (size_t i = 0; i < kMediumSteps; ++i) {
      loud += step(medium * kMediumSteps + i) > kLoudBand ? 1 : 0;
    }
    if (medium == 0) first = loud;
    lasting += loud > kLoudSteps ? 1 : 0;
  }
  return {score(step(0), kSubbands, 0.78), score(first, kMediumSteps, 24),
          score(lasting, kLongMediums, 47), lasting};
}

bool DominantSpeaker::update(TimePoint now) {
  auto held = dominant_ ? speakers_.find(*dominant_) : speakers_.end();
  std::optional<Scores> to_beat;
  if (held != speakers_.end()) {
    advance(held->second, now);
    to_beat = scores(held->second);
  }
  std::optional<TrackId> best;
  double best_ratio = 0;
  for (auto& [track, state] : speakers_) {
    if (dominant_ == track || now - state.until > kStep * kSteps) continue;
    advance(state, now);
    Scores s = scores(state);
    if (s.mediums == 0) continue;
    double ratio = std::log(s.medium);
    if (to_beat) {
      ratio -= std::log(to_beat->medium);
      bool wins = std::log(s.immediate / to_beat->immediate) > kImmediateRatio &&
                  ratio > kMediumRatio && std::log(s.lasting / to_beat->lasting) > kLongRatio;
      if (!wins) continue;
    }
    if (!best || ratio > best_ratio || (ratio == best_ratio && track < *best)) {
      best = track;
      best_ratio = ratio;
    }
  }
  if (!best) return false;
  dominant_ = best;
  return true;
}

}  // namespace turms::sfu
