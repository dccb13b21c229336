// The reference suite's scenarios and the issue's, with one room behind each.
#include "sim/adaptation.h"

#include <algorithm>

#include "base/random.h"

namespace turms::sim {

namespace {

/// A mobile network as a moving train has it: a rate for each second, which wanders between 0.6 and
/// 9 Mbit/s, with a second of almost nothing now and then.
std::vector<PathStep> wandering(int seconds) {
  std::vector<PathStep> path;
  Rng rng(7);
  double mbps = 5;
  for (int i = 0; i < seconds; ++i) {
    mbps = std::clamp(mbps * (0.75 + 0.5 * rng.unit()), 0.6, 9.0);
    const double now = rng.chance(0.04) ? 0.2 : mbps;
    path.push_back({std::chrono::seconds(i), static_cast<uint64_t>(now * 1e6), 35ms});
  }
  return path;
}

/// A radio that stands still for 100 to 300 ms each two to five seconds.
std::vector<PathStep> spikes(Duration length, uint64_t bits_per_second) {
  std::vector<PathStep> path = {{0s, bits_per_second}};
  Rng rng(11);
  const auto between = [&](Duration least, Duration most) {
    return least + Duration(rng.below(static_cast<uint64_t>((most - least).count())));
  };
  for (Duration at = between(2s, 5s); at < length; at += between(2s, 5s)) {
    path.push_back({.at = at, .bits_per_second = bits_per_second, .hold = true});
    at += between(100ms, 300ms);
    path.push_back({.at = at, .bits_per_second = bits_per_second});
  }
  return path;
}

}  // namespace

std::vector<AdaptationPlan> adaptation_plans() {
  constexpr auto kbps = [](uint64_t n) { return n * 1000; };
  std::vector<AdaptationPlan> plans;
  const auto add = [&](AdaptationPlan plan) { plans.push_back(std::move(plan)); };
  add({.name = "steady 4 Mbit/s",
       .path = {{0s, kbps(4000)}},
       .bars = {0.99, 100ms, 60ms, 60s, 2},
       .aims = {0.95, 50ms, 0ms, 60s, 0}});
  add({.name = "A 1, 2.5, 0.6, 1 Mbit/s",
       .path = {{0s, kbps(1000), 50ms},
                {40s, kbps(2500), 50ms},
                {60s, kbps(600), 50ms},
                {80s, kbps(1000), 50ms}},
       .end = 100s,
       .bars = {0.75, 2000ms, 60ms, 1500ms, 6},
       .aims = {0.85, 100ms, 500ms, 5s, 4}});
  add({.name = "B 4, 2, 3.5, 1, 2 Mbit/s",
       .path = {{0s, kbps(4000), 50ms},
                {25s, kbps(2000), 50ms},
                {50s, kbps(3500), 50ms},
                {75s, kbps(1000), 50ms},
                {100s, kbps(2000), 50ms}},
       .end = 125s,
       .bars = {0.6, 2000ms, 60ms, 4500ms, 5},
       .aims = {0.8, 120ms, 500ms, 5s, 6}});
  add({.name = "drop 4 to 0.7, back to 4 Mbit/s",
       .path = {{0s, kbps(4000)}, {20s, kbps(700)}, {40s, kbps(4000)}},
       .bars = {0.85, 600ms, 60ms, 5500ms, 6},
       .aims = {0.9, 30ms, 500ms, 5s, 3}});
  add({.name = "F join at 0.5 Mbit/s",
       .path = {{0s, kbps(500)}},
       .end = 20s,
       .bars = {0.6, 2000ms, 60ms, 60s, 2},
       .aims = {0.9, 100ms, 500ms, 60s, 12}});
  add({.name = "F join at 3 Mbit/s",
       .path = {{0s, kbps(3000)}},
       .end = 20s,
       .bars = {0.9, 500ms, 60ms, 60s, 2},
       .aims = {0.95, 100ms, 0ms, 60s, 12}});
  add({.name = "F join at 30 Mbit/s",
       .path = {{0s, kbps(30'000)}},
       .end = 20s,
       .bars = {0.99, 100ms, 60ms, 60s, 2},
       .aims = {0.95, 100ms, 0ms, 60s, 12}});
  add({.name = "G 5 to 0.25, back to 5 Mbit/s",
       .path = {{0s, kbps(5000)}, {15s, kbps(250)}, {45s, kbps(5000)}},
       .bars = {0.65, 2800ms, 60ms, 5s, 11},
       .aims = {0.8, 150ms, 1s, 5s, 6}});
  add({.name = "300 kbit/s with sound",
       .path = {{0s, kbps(300)}},
       .bars = {0.85, 1600ms, 60ms, 60s, 2},
       .aims = {0.9, 30ms, 500ms, 60s, 2}});
  add({.name = "delay step 10 to 80 ms",
       .path = {{0s, kbps(4000), 10ms}, {20s, kbps(4000), 80ms}},
       .bars = {0.9, 100ms, 60ms, 60s, 2},
       .aims = {0.9, 60ms, 300ms, 60s, 2}});
  add({.name = "delay step 50 to 250 ms",
       .path = {{0s, kbps(4000), 25ms}, {20s, kbps(4000), 125ms}},
       .bars = {0.9, 400ms, 60ms, 60s, 2},
       .aims = {0.9, 60ms, 300ms, 60s, 2}});
  add({.name = "I loss 2 %",
       .path = {{0s, kbps(4000), 25ms, 0.02}},
       .bars = {0.9, 600ms, 60ms, 60s, 2},
       .aims = {0.95, 60ms, 500ms, 60s, 1}});
  add({.name = "I loss 5 %, 100 ms round trip",
       .path = {{0s, kbps(4000), 50ms, 0.05}},
       .bars = {0.4, 1300ms, 60ms, 60s, 2},
       .aims = {0.85, 60ms, 500ms, 60s, 1}});
  add({.name = "I loss 10 %",
       .path = {{0s, kbps(4000), 25ms, 0.1}},
       .bars = {0.05, 8s, 60ms, 60s, 9},
       .aims = {0.5, 60ms, 500ms, 60s, 4}});
  add({.name = "loss 20 %", .path = {{0s, kbps(4000), 25ms, 0.2}}, .bars = {0, 60s, 60ms, 60s, 7}});
  add({.name = "J bursts of three, 20 % for 5 s",
       .path = {{0s, kbps(4000)},
                {.at = 20s, .bits_per_second = kbps(4000), .bursts = 0.2},
                {25s, kbps(4000)}},
       .bars = {0.75, 4s, 60ms, 60s, 9},
       .aims = {0.8, 80ms, 1s, 3s, 4}});
  add({.name = "J loss 20 % for 5 s",
       .path = {{0s, kbps(4000)}, {20s, kbps(4000), 25ms, 0.2}, {25s, kbps(4000)}},
       .bars = {0.5, 8s, 60ms, 60s, 6},
       .aims = {0.8, 80ms, 1s, 3s, 4}});
  add({.name = "cross traffic 1 of 2.5 Mbit/s",
       .path = {{0s, kbps(2500)}},
       .cross_traffic = kbps(1000),
       .cross_from = 20s,
       .cross_to = 40s,
       .bars = {0.6, 1200ms, 60ms, 1500ms, 2},
       .aims = {0.8, 120ms, 500ms, 5s, 6}});
  add({.name = "D download over TCP, 4 Mbit/s",
       .path = {{0s, kbps(4000)}},
       .download_from = 15s,
       .download_to = 45s,
       .bars = {0.5, 3s, 400ms, 60s, 16, 0.4, 0.9},
       .aims = {0.6, 300ms, 1s, 60s, 4}});
  for (const Duration queue : {Duration(300ms), Duration(1s)}) {
    add({.name = queue < 1s ? "D download over TCP, 2 Mbit/s, queue of 300 ms"
                            : "D download over TCP, 2 Mbit/s, queue of 1 s",
         .path = {{0s, kbps(2000), 50ms}},
         .queue = queue,
         .download_from = 15s,
         .download_to = 75s,
         .end = 90s,
         .bars = {0, 60s, 1200ms, 60s, 12, 0.4},
         .aims = {0.6, queue, 1s, 60s, 4}});
  }
  add({.name = "E ten short downloads, 4 Mbit/s",
       .path = {{0s, kbps(4000)}},
       .download_from = 15s,
       .download_to = 45s,
       .downloads = 10,
       .bars = {0.2, 10s, 400ms, 60s, 16, 0.8},
       .aims = {0.7, 150ms, 500ms, 60s, 6}});
  add({.name = "H square 1.5/2.5 Mbit/s",
       .path = {{0s, kbps(2500)},
                {15s, kbps(1500)},
                {20s, kbps(2500)},
                {25s, kbps(1500)},
                {30s, kbps(2500)},
                {35s, kbps(1500)},
                {40s, kbps(2500)},
                {45s, kbps(1500)},
                {50s, kbps(2500)}},
       .bars = {0.75, 1s, 60ms, 2500ms, 13},
       .aims = {0.75, 120ms, 300ms, 60s, 6}});
  add({.name = "L mobile network, 0.6 to 9 Mbit/s",
       .path = wandering(60),
       .restless = true,
       .bars = {0.4, 4s, 2s, 1500ms, 13},
       .aims = {0.7, 150ms, 2s, 60s, 8}});
  add({.name = "M bloat 1 s, 2 Mbit/s",
       .path = {{0s, kbps(2000)}},
       .queue = 1s,
       .bars = {0.95, 500ms, 60ms, 60s, 2},
       .aims = {0.85, 120ms, 0ms, 60s, 2}});
  add({.name = "N shallow queue, 1 Mbit/s",
       .path = {{0s, kbps(1000)}},
       .queue = 30ms,
       .bars = {0.85, 2800ms, 60ms, 60s, 6},
       .aims = {0.6, 60ms, 1s, 60s, 4}});
  add({.name = "O policer 1 Mbit/s on 5",
       .path = {{0s, kbps(5000), 25ms, 0, kbps(1000)}},
       .bars = {0.4, 4s, 60ms, 60s, 11},
       .aims = {0.75, 60ms, 1s, 60s, 2}});
  add({.name = "O policer 256 kbit/s on 5 Mbit/s",
       .path = {{0s, kbps(5000), 25ms, 0, kbps(256)}},
       .bars = {0, 60s, 60ms, 60s, 9},
       .aims = {0.75, 60ms, 1s, 60s, 2}});
  add({.name = "P outage of 3 s",
       .path = {{0s, kbps(4000)}, {20s, kbps(4000), 25ms, 1}, {23s, kbps(4000)}},
       .bars = {0.6, 5s, 60ms, 3s, 2},
       .aims = {0.8, 60ms, 4s, 2s, 4}});
  add({.name = "K Wi-Fi that stands still for 100 to 300 ms",
       .path = spikes(60s, kbps(4000)),
       .bars = {0.9, 500ms, 90ms, 60s, 2},
       .aims = {0.8, 300ms, 500ms, 60s, 2}});
  add({.name = "K Wi-Fi jitter 60 ms, bursts",
       .path = {{0s, kbps(4000)}},
       .jitter = 60ms,
       .burst_start = 0.002,
       .bars = {0.4, 800ms, 60ms, 60s, 4},
       .aims = {0.8, 120ms, 500ms, 60s, 2}});
  add({.name = "R way back of 64 kbit/s",
       .path = {{0s, kbps(2500), 25ms, 0, 0, kbps(64)}},
       .bars = {0.8, 1s, 120ms, 60s, 2},
       .aims = {0.8, 120ms, 500ms, 60s, 4}});
  add({.name = "R way back of 0.8 Mbit/s at 35 to 70 s",
       .path = {{0s, kbps(2000)}, {35s, kbps(2000), 25ms, 0, 0, kbps(800)}, {70s, kbps(2000)}},
       .end = 90s,
       .bars = {0.8, 1s, 120ms, 60s, 2},
       .aims = {0.8, 120ms, 500ms, 60s, 4}});
  add({.name = "R 20 % of the reports lost",
       .path = {{0s, kbps(2500), 25ms, 0, 0, 0, 0.2}},
       .bars = {0.8, 1s, 120ms, 60s, 2},
       .aims = {0.8, 120ms, 500ms, 60s, 4}});
  add({.name = "R 20 % of the reports lost in bursts of three",
       .path = {{.at = 0s, .bits_per_second = kbps(2500), .back_bursts = 0.2}},
       .bars = {0.6, 500ms, 60ms, 60s, 2},
       .aims = {0.8, 120ms, 500ms, 60s, 4}});
  add({.name = "S nothing shown for 10 min, 3 Mbit/s",
       .path = {{0s, kbps(3000)}},
       .hidden_from = 20s,
       .hidden_to = 620s,
       .end = 640s,
       .bars = {0.85, 500ms, 60ms, 1s, 2},
       .aims = {0.95, 50ms, 0ms, 1s, 0}});
  for (const int ppm : {200, -200}) {
    add({.name = ppm > 0 ? "S clock 200 ppm fast, 5 min" : "S clock 200 ppm slow, 5 min",
         .path = {{0s, kbps(3000)}},
         .clock_ppm = ppm,
         .end = 300s,
         .bars = {0.95, 500ms, 60ms, 60s, 2},
         .aims = {0.95, 50ms, 0ms, 60s, 0}});
  }
  add({.name = "U managed queue of 10 ms, 2 Mbit/s",
       .path = {{0s, kbps(2000)}},
       .aqm = 10ms,
       .bars = {0.9, 1500ms, 60ms, 60s, 6},
       .aims = {0.85, 20ms, 0ms, 60s, 4}});
  add({.name = "U managed queue of 10 ms, 4 to 1 to 4 Mbit/s",
       .path = {{0s, kbps(4000)}, {20s, kbps(1000)}, {40s, kbps(4000)}},
       .aqm = 10ms,
       .bars = {0.5, 2s, 60ms, 5500ms, 6},
       .aims = {0.85, 20ms, 500ms, 5s, 4}});
  add({.name = "50 tiles on 6 Mbit/s",
       .path = {{0s, kbps(6000)}},
       .tiles = 50,
       .end = 40s,
       .bars = {0.85, 100ms, 180ms, 60s, 2},
       .aims = {0.9, 60ms, 0ms, 60s, 2}});
  add({.name = "9 tiles on 2.5 Mbit/s",
       .path = {{0s, kbps(2500)}},
       .tiles = 9,
       .bars = {0.95, 500ms, 60ms, 60s, 2},
       .aims = {0.9, 60ms, 500ms, 60s, 2}});
  return plans;
}

}  // namespace turms::sim
