#include "livekit/connection_quality.h"

#include <algorithm>

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

double window_score(uint64_t packets, uint64_t lost, const StreamReport& report) {
  // A jitter buffer holds about twice the jitter. Delay hurts more once people start to talk over
  // each other.
  const double delay = milliseconds(report.round_trip) / 2 + milliseconds(report.jitter) * 2;
  const double for_delay = delay > 160 ? (delay - 120) / 10 : delay / 40;
  const double ratio = static_cast<double>(lost) / static_cast<double>(packets + lost);
  const double for_loss = ratio * 100 * (report.video ? kVideoLossWeight : kAudioLossWeight);
  return std::max(0.0, kBest - for_delay - for_loss);
}

}  // namespace

bool ConnectionScore::close_window(const std::function<bool(uint64_t)>& must_flow) {
  const auto since = [](uint64_t before, uint64_t now) { return now - std::min(before, now); };
  for (auto& [id, stream] : streams_) {
    const uint64_t packets = since(stream.before.packets, stream.now.packets);
    const uint64_t lost = since(stream.before.packets_lost, stream.now.packets_lost);
    stream.before = stream.now;
    if (packets == 0) {
      stream.score = stream.now.packets > 0 && must_flow(id) ? kPoor : kBest;
      continue;
    }
    const double target = window_score(packets, lost, stream.now);
    const double weight = target < stream.score ? 0.8 : 0.4;
    stream.score = std::max(kWorst, stream.score + weight * (target - stream.score));
  }
  const ConnectionQuality now = level();
  if (told_ && now == last_) return false;
  told_ = true;
  last_ = now;
  return true;
}

double ConnectionScore::score() const {
  if (silent_) return kLost;
  double worst = kBest;
  for (const auto& [id, stream] : streams_) worst = std::min(worst, stream.score);
  return worst;
}

ConnectionQuality ConnectionScore::level() const {
  const double now = score();
  if (now > 80) return ConnectionQuality::kExcellent;
  if (now > kPoor) return ConnectionQuality::kGood;
  if (now > kLost) return ConnectionQuality::kPoor;
  return ConnectionQuality::kLost;
}

float ConnectionScore::mos() const {
  // ITU-T G.107 annex B, from the rating to the mean opinion score.
  const double r = score();
  return static_cast<float>(1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}

}  // namespace turms::livekit
