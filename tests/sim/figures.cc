#include "sim/figures.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sfu/bandwidth_allocator.h"
#include "sim/world.h"

namespace turms::sim {

namespace {

/// Of a layer, up to each temporal one, in the pattern 0 2 1 2.
constexpr std::array<double, 3> kShares = {0.25, 0.5, 1};
/// Headers of RTP, UDP and IP take about a twentieth.
constexpr double kHeaders = 1.05;

}  // namespace

double utility_of(int layer, double frames_per_second) {
  if (layer < 0 || frames_per_second <= 0) return 0;
  double share = std::min(frames_per_second / kFramesPerSecond, 1.0);
  return std::sqrt(static_cast<double>(kLayerPixels[static_cast<size_t>(layer)])) *
         std::pow(share, 0.737);
}

std::vector<sfu::LayerDecision> best_layers(const Wish& wish, uint64_t capacity) {
  std::vector<sfu::LayerDemand> demands;
  for (int i = 0; i < wish.tiles; ++i) {
    sfu::LayerDemand d;
    d.subscription = sfu::SubscriptionId(static_cast<uint64_t>(i) + 1);
    d.layer_count = 3;
    d.temporal_count = 3;
    d.active_layers = 7;
    d.stage = i == 0;
    d.request.max_spatial = i == 0 ? wish.largest : 0;
    d.request.tile_pixels = kLayerPixels[i == 0 ? static_cast<size_t>(wish.largest) : 0];
    for (size_t s = 0; s < 3; ++s) {
      d.pixels[s] = kLayerPixels[s];
      for (size_t t = 0; t < 3; ++t) {
        d.bits_per_second[s][t] =
            static_cast<uint32_t>(static_cast<double>(kLayerRates[s]) * kShares[t] * kHeaders);
      }
    }
    demands.push_back(d);
  }
  sfu::BandwidthAllocator oracle;
  const auto usable = static_cast<uint64_t>(static_cast<double>(capacity) * kUsable);
  auto out = oracle.allocate(TimePoint(1s), demands,
                             {.target_bps = usable, .audio_bps = wish.sound ? kSoundRate : 0});
  return {out.begin(), out.end()};
}

uint64_t wanted_capacity(const Wish& wish) {
  double rate = wish.sound ? static_cast<double>(kSoundRate) : 0;
  for (int i = 0; i < wish.tiles; ++i) {
    const auto layer = i == 0 ? static_cast<size_t>(wish.largest) : 0;
    rate += static_cast<double>(kLayerRates[layer]) * kHeaders;
  }
  constexpr uint64_t kRounding = 1000;
  return static_cast<uint64_t>(rate / kUsable / sfu::BandwidthAllocator::kFill) + kRounding;
}

std::vector<uint64_t> fair_shares(uint64_t capacity, const std::vector<uint64_t>& wanted) {
  std::vector<size_t> modest_first(wanted.size());
  std::iota(modest_first.begin(), modest_first.end(), size_t{0});
  std::ranges::stable_sort(modest_first, {}, [&](size_t i) { return wanted[i]; });
  std::vector<uint64_t> shares(wanted.size());
  size_t others = wanted.size();
  for (const size_t i : modest_first) {
    shares[i] = std::min(wanted[i], capacity / others--);
    capacity -= shares[i];
  }
  return shares;
}

double fairness_of(const std::vector<uint64_t>& rates) {
  double sum = 0;
  double squares = 0;
  for (const uint64_t rate : rates) {
    sum += static_cast<double>(rate);
    squares += static_cast<double>(rate) * static_cast<double>(rate);
  }
  return squares > 0 ? sum * sum / (static_cast<double>(rates.size()) * squares) : 1;
}

double utility_of(const std::vector<sfu::LayerDecision>& decisions) {
  double sum = 0;
  for (const auto& d : decisions) {
    if (d.spatial < 0) continue;
    double fps = kFramesPerSecond * kShares[static_cast<size_t>(std::min(d.temporal, 2))];
    sum += utility_of(d.spatial, fps);
  }
  return sum;
}

Duration percentile(std::vector<Duration> values, double share) {
  if (values.empty()) return {};
  auto nth =
      values.begin() + static_cast<ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

std::vector<Second> seconds_of(const ModelReceiver& receiver, TimePoint start, Duration length) {
  auto count = static_cast<size_t>(length / 1s);
  std::vector<Second> out(count);
  std::vector<std::array<int, 3>> layers(count);
  for (const auto& d : receiver.decoded()) {
    auto index = static_cast<size_t>((d.time - start) / 1s);
    if (d.time < start || index >= count) continue;
    ++out[index].frames;
    ++layers[index][d.truth.layer];
  }
  for (size_t i = 0; i < count; ++i) {
    if (out[i].frames == 0) continue;
    out[i].layer =
        static_cast<int>(std::max_element(layers[i].begin(), layers[i].end()) - layers[i].begin());
  }
  return out;
}

/// W3C webrtc-stats: a gap between shown frames of more than max(3δ, δ + 150 ms) is a freeze.
///
/// Browsers show a frame as late after its capture as frames came lately: what is lost and sent
/// again comes in time after it happened once. Here the delay is that of the latest frame of all,
/// and falls by kLess a second.
Freezes freezes_of(const ModelReceiver& receiver, TimePoint from, const Hidden& hidden) {
  constexpr double kLess = 0.03;
  constexpr Duration kMostDelay = 500ms;
  Freezes freezes;
  double mean = 1e9 / kFramesPerSecond;
  TimePoint last{};
  TimePoint last_decoded{};
  std::optional<Duration> delay;  // against the capture clock, whose zero is unknown
  Duration least = Duration::max();
  for (const auto& d : receiver.decoded()) {
    if (last_decoded < hidden.to && d.time >= hidden.to) last = {};  // the picture begins anew
    const TimePoint captured{std::chrono::microseconds(d.truth.captured_us)};
    const Duration late = d.time - captured;
    least = std::min(least, late);
    TimePoint shown = d.time;
    if (delay) {
      const Duration passed = d.time - last_decoded;
      *delay -= Duration(static_cast<int64_t>(kLess * static_cast<double>(passed.count())));
      shown = std::max(shown, captured + *delay);
    }
    delay = std::max(delay.value_or(late), std::min(late, least + kMostDelay));
    last_decoded = d.time;
    shown = std::max(shown, last);
    if (last != TimePoint{}) {
      auto gap = static_cast<double>((shown - last).count());
      if (shown >= from && gap > std::max(3 * mean, mean + 150e6)) {
        freezes.total += shown - last;
        freezes.longest = std::max<Duration>(freezes.longest, shown - last);
      } else {
        mean += (gap - mean) / 30;
      }
    }
    last = shown;
  }
  return freezes;
}

double switches_per_minute(const ModelReceiver& receiver, TimePoint from, TimePoint to) {
  int switches = 0;
  int layer = -1;
  for (const auto& d : receiver.decoded()) {
    if (d.time >= from && d.time < to && d.truth.layer != layer) ++switches;
    layer = d.truth.layer;
  }
  return switches * 60.0 / static_cast<double>(std::max<int64_t>((to - from) / 1s, 1));
}

double lost_share(const std::vector<uint16_t>& sequences) {
  if (sequences.size() < 2) return 0;
  std::vector<uint16_t> sorted(sequences);
  auto expected = static_cast<double>(static_cast<uint16_t>(sorted.back() - sorted.front())) + 1;
  std::sort(sorted.begin(), sorted.end());
  auto unique = static_cast<double>(std::unique(sorted.begin(), sorted.end()) - sorted.begin());
  return std::max(0.0, 1 - unique / expected);
}

}  // namespace turms::sim
