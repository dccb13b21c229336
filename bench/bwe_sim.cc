// Send-side estimation over a virtual link: figures per scenario, fixed seeds.
//   bwe_sim [name] [--trace]
#include <fmt/core.h>

#include <string>

#include "rtc/bwe/simulation_testing.h"

int main(int argc, char** argv) {
  using namespace turms;
  using namespace turms::rtc::bwe;
  const std::string only = argc > 1 ? argv[1] : "";
  const bool trace = argc > 2;
  fmt::print("{:<18}{:>7}{:>9}{:>8}{:>8}  {}\n", "scenario", "util %", "q95 ms", "loss %", "probes",
             "estimate kbit/s at 1, 2, 5, 10, 20, 30, 35, 45, 60, 65, 70, 80 s");
  for (const LinkScenario& scenario : link_scenarios()) {
    if (!only.empty() && scenario.name.find(only) == std::string::npos) continue;
    LinkSimulation simulation(scenario.plan);
    const auto& samples = simulation.run();
    const LinkFigures figures = figures_of(simulation, samples);
    std::string course;
    for (const int at : {1, 2, 5, 10, 20, 30, 35, 45, 60, 65, 70, 80}) {
      for (const LinkSample& sample : samples) {
        if (sample.at < at * Duration(1s)) continue;
        course += fmt::format("{} ", sample.estimate.bps() / 1000);
        break;
      }
    }
    fmt::print("{:<18}{:>7.1f}{:>9}{:>8.2f}{:>8}  {}\n", scenario.name, figures.utilisation * 100,
               to_ms(figures.queue_p95), figures.lost * 100, figures.probes, course);
    if (!trace) continue;
    for (const LinkSample& sample : samples) {
      fmt::print("  {:>7.1f} s  est {:>6}  got {:>6}  cap {:>6}  queue {:>5} ms  lost {:.2f}\n",
                 as_seconds(sample.at), sample.estimate.bps() / 1000, sample.delivered.bps() / 1000,
                 sample.capacity.bps() / 1000, to_ms(sample.queue), sample.lost);
    }
  }
  return 0;
}
