// The reference suite's scenarios with several flows: RFC 8867 sections 5.2, 5.3, 5.4, 5.5 and 5.8.
#include "sim/flows.h"

namespace turms::sim {

std::vector<FlowsPlan> flows_plans() {
  constexpr auto kbps = [](uint64_t n) { return n * 1000; };
  std::vector<FlowsPlan> plans;
  plans.push_back({.name = "B two flows on 4, 2, 3.5, 1, 2 Mbit/s",
                   .link = {{0s, kbps(4000)},
                            {25s, kbps(2000)},
                            {50s, kbps(3500)},
                            {75s, kbps(1000)},
                            {100s, kbps(2000)}},
                   .flows = {{}, {}},
                   .end = 125s,
                   .settled = 15s,
                   .bars = {0.55, 0.65, 60ms, 3s, 25s, 11, 0.01},
                   .aims = {0.8, 0.9, 120ms, 500ms, 5s, 6, 0.01}});
  plans.push_back({.name = "B two flows, one each way: 2, 1, 0.5, 2 and 2, 0.8, 2 Mbit/s",
                   .link = {{0s, kbps(2000), kbps(2000)},
                            {20s, kbps(1000), kbps(2000)},
                            {35s, kbps(1000), kbps(800)},
                            {40s, kbps(500), kbps(800)},
                            {60s, kbps(2000), kbps(800)},
                            {70s, kbps(2000), kbps(2000)}},
                   .flows = {{}, {.backwards = true}},
                   .end = 100s,
                   .settled = 100s,
                   .bars = {0.92, 0, 60ms, 1s, 6s, 5, 0.01},
                   .aims = {0.8, 0, 120ms, 500ms, 5s, 6, 0.01}});
  plans.push_back({.name = "C three flows on 3.5 Mbit/s from 0, 20 and 40 s",
                   .link = {{0s, kbps(3500)}},
                   .flows = {{}, {.joins = 20s}, {.joins = 40s}},
                   .settled = 60s,
                   .bars = {0.7, 0.6, 90ms, 3s, 20s, 12, 0.005},
                   .aims = {0.8, 0.9, 100ms, 0ms, 20s, 4, 0.005}});
  plans.push_back({.name = "C five flows on 4 Mbit/s, 10 to 150 ms away",
                   .link = {{0s, kbps(4000)}},
                   .flows = {{0s, 10ms}, {10s, 25ms}, {20s, 50ms}, {30s, 100ms}, {40s, 150ms}},
                   .settled = 60s,
                   .bars = {0.65, 0.6, 130ms, 12s, 40s, 18, 0.01},
                   .aims = {0.8, 0.8, 100ms, 0ms, 20s, 4, 0.005}});
  plans.push_back({.name = "E three flows on 3.5 Mbit/s, one pauses for 20 s",
                   .link = {{0s, kbps(3500)}},
                   .flows = {{.paused_from = 40s, .paused_to = 60s}, {}, {}},
                   .settled = 80s,
                   .bars = {0.7, 0.6, 90ms, 6s, 40s, 11, 0.005},
                   .aims = {0.85, 0.9, 150ms, 500ms, 3s, 6, 0.01}});
  return plans;
}

}  // namespace turms::sim
