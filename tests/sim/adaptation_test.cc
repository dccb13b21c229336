// Video that follows a path: the figures of each scenario, printed, and what must hold of them.
#include "sim/adaptation.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sim/seeds.h"

namespace turms::sim {
namespace {

std::string milliseconds(Duration d) {
  return fmt::format("{}", to_ms(d));
}

class Adaptation : public testing::TestWithParam<AdaptationPlan> {};

TEST_P(Adaptation, Figures) {
  for (uint64_t seed : seeds(3)) {
    SCOPED_TRACE(replay_hint(seed));
    const AdaptationFigures f = run_adaptation(GetParam(), seed);
    fmt::print(
        "{:34} {:5.2f} queue {:>4} pacer {:>4} freeze {:>5} longest {:>5} recovery {:>5} "
        "first {:>4} switches {:4.1f} sound {:6.2f}% lost {:5.2f}%\n",
        GetParam().name, f.utility, milliseconds(f.queue_p95), milliseconds(f.pacer_p95),
        milliseconds(f.freeze), milliseconds(f.longest_freeze),
        f.recovery ? milliseconds(*f.recovery) : "-", milliseconds(f.first_frame),
        f.switches_per_minute, f.audio_lost * 100, f.lost * 100);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Adaptation, testing::ValuesIn(adaptation_plans()),
                         [](const auto& plan) {
                           std::string name = plan.param.name;
                           std::erase_if(name, [](char c) { return !std::isalnum(c); });
                           return name;
                         });

}  // namespace
}  // namespace turms::sim
