#include "livekit/connection_quality.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace turms::livekit {
namespace {

constexpr double kBest = 100;
constexpr double kPoor = 40;  // and below
constexpr double kLost = 20;
// Below it would take minutes to climb back.
constexpr double kWorst = 30;

// Points per per cent of loss: two per cent cost a picture its excellence, two and a half a voice.
constexpr double kVideoLossWeight = 10;
constexpr double kAudioLossWeight = 8;

double milliseconds(Duration duration) {
  return static_cast<double>(to_us(duration)) / 1000.0;
}

// Points for each layer that is missing: one makes an excellent connection good, two make it poor.
constexpr double kLayerWeight = 35;
// A path that carries 37 per cent of what is wanted is good, one that carries 5 poor.
constexpr double kRateWeight = 20;
// Fewer packets say nothing of loss between two looks.
constexpr uint64_t kEnough = 30;

uint64_t since(uint64_t before, uint64_t now) {
  return now - std::min(before, now);
}

// Delay hurts more once people start to talk over each other.
double for_delay(double delay) {
  return delay > 160 ? (delay - 120) / 10 : delay / 40;
}

double window_score(const StreamReport& before, const StreamReport& now) {
  const uint64_t packets = since(before.packets, now.packets);
  const uint64_t lost = since(before.packets_lost, now.packets_lost);
  // A jitter buffer holds about twice the jitter.
  const double delay =
      milliseconds(now.round_trip) / 2 + milliseconds(now.jitter) * 2 + milliseconds(now.queue);
  const double ratio = static_cast<double>(lost) / static_cast<double>(packets + lost);
  const double for_loss = ratio * 100 * (now.video ? kVideoLossWeight : kAudioLossWeight);
  return std::max(0.0, kBest - for_delay(delay) - for_loss);
}

double layer_score(double missing) {
  return std::max(0.0, kBest - kLayerWeight * missing);
}

double network_score(const PathReport& path) {
  double rate = kBest;
  if (path.wanted_bps > path.allocated_bps) {
    const double allocated = static_cast<double>(std::max<uint64_t>(path.allocated_bps, 1));
    rate -= kRateWeight * std::log(static_cast<double>(path.wanted_bps) / allocated);
  }
  const double network =
      kBest - for_delay(milliseconds(path.queue)) - path.loss * 100 * kVideoLossWeight;
  return std::max(0.0, std::min(rate, network));
}

// It falls quickly and recovers slowly.
double moved(double score, double target) {
  const double weight = target < score ? 0.8 : 0.4;
  return std::max(kWorst, score + weight * (target - score));
}

ConnectionQuality level_of(double score) {
  if (score > 80) return ConnectionQuality::kExcellent;
  if (score > kPoor) return ConnectionQuality::kGood;
  if (score > kLost) return ConnectionQuality::kPoor;
  return ConnectionQuality::kLost;
}

// Quality is not in the order of its numbers.
int rank(ConnectionQuality quality) {
  return quality == ConnectionQuality::kLost ? -1 : static_cast<int>(quality);
}

// The score after one more look that finds `target`.
void look_at(double& score, int& worse, double target) {
  const double next = moved(score, target);
  const bool falls = rank(level_of(next)) < rank(level_of(score));
  worse = falls ? worse + 1 : 0;
  if (worse < ConnectionScore::kWorse) return;
  worse = 0;
  score = next;
}

}  // namespace

bool ConnectionScore::close_window(const std::function<bool(uint64_t)>& must_flow) {
  for (auto& [id, stream] : streams_) {
    if (stream.now.packets > stream.before.packets) {
      stream.score = moved(stream.score, std::min(window_score(stream.before, stream.now),
                                                  layer_score(stream.missing_layers)));
    } else {
      stream.score = stream.now.packets > 0 && must_flow(id) ? kPoor : kBest;
    }
    stream.before = stream.earlier = stream.last = stream.now;
  }
  path_.score = moved(path_.score, path_target());
  const bool told_before = std::exchange(told_, true);
  return tell() || !told_before;
}

bool ConnectionScore::look() {
  for (auto& [id, stream] : streams_) {
    const StreamReport from = std::exchange(stream.earlier, stream.last);
    stream.last = stream.now;
    const uint64_t lost = since(from.packets_lost, stream.now.packets_lost);
    if (since(from.packets, stream.now.packets) + lost >= kEnough) {
      look_at(stream.score, stream.worse, window_score(from, stream.now));
    }
    // That is known for a while already.
    const double layers = layer_score(stream.missing_layers);
    if (level_of(layers) != ConnectionQuality::kExcellent) {
      stream.score = std::min(stream.score, std::max(kWorst, layers));
    }
  }
  look_at(path_.score, path_.worse, path_target());
  return told_ && rank(level()) < rank(last_) && tell();
}

// Of all received video together: one small tile of many that is not at its best is nothing that
// anybody minds.
double ConnectionScore::path_target() {
  constexpr int kStale = 3;
  constexpr double kPausedLayers = 2;
  if (++path_.age > kStale) path_.now = {};
  double below = 0;
  int count = 0;
  for (const auto& [id, stream] : streams_) {
    const bool flows = stream.now.video && stream.now.packets > stream.counted;
    if (!flows && !stream.paused) continue;
    ++count;
    below += stream.paused ? kPausedLayers : stream.now.layers_below;
  }
  for (auto& [id, stream] : streams_) stream.counted = stream.now.packets;
  return std::min(network_score(path_.now), layer_score(count == 0 ? 0 : below / count));
}

bool ConnectionScore::tell() {
  return std::exchange(last_, level()) != last_;
}

double ConnectionScore::score() const {
  if (silent_) return kLost;
  double worst = path_.score;
  for (const auto& [id, stream] : streams_) worst = std::min(worst, stream.score);
  return worst;
}

ConnectionQuality ConnectionScore::level() const {
  return level_of(score());
}

float ConnectionScore::mos() const {
  // ITU-T G.107 annex B, from the rating to the mean opinion score.
  const double r = score();
  return static_cast<float>(1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}

}  // namespace turms::livekit
