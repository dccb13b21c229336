// Several subscribers behind one link: the figures of each scenario, printed, and what must hold of
// them.
#include "sim/flows.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/figures.h"
#include "sim/seeds.h"
#include "sim/simulation.h"
#include "sim/table.h"

namespace turms::sim {
namespace {

class Flows : public testing::TestWithParam<FlowsPlan> {};

std::string missed(const FlowsFigures& f, const FlowsPlan::Bars& bars) {
  Missed missed;
  missed.at_least("utility", f.utility, bars.utility);
  missed.at_least("fairness", f.fairness, bars.fairness);
  missed.at_most("queue", f.queue_p95, bars.queue_p95);
  missed.at_most("frozen for", f.longest_freeze, bars.longest_freeze);
  missed.at_most("to the share", f.recovery, bars.recovery);
  missed.at_most("switches a minute", f.switches_per_minute, bars.switches);
  missed.at_most("sound lost", f.audio_lost, bars.audio_lost);
  return missed.text();
}

/// A row of a table in Markdown: medians over the seeds and the worst of them.
TEST_P(Flows, Figures) {
  const FlowsPlan& plan = GetParam();
  Column<double> utility{{}, false};
  Column<double> fairness{{}, false};
  Column<double> switches;
  Column<double> sound;
  Column<Duration> queue;
  Column<Duration> freeze;
  Column<Duration> recovery;
  const std::vector<uint64_t> all = seeds(50);
  std::vector<std::string> unlucky;
  for (const uint64_t seed : all) {
    const FlowsFigures f = run_flows(plan, seed);
    utility.values.push_back(f.utility);
    fairness.values.push_back(f.fairness);
    queue.values.push_back(f.queue_p95);
    freeze.values.push_back(f.freeze);
    recovery.values.push_back(f.recovery);
    switches.values.push_back(f.switches_per_minute);
    sound.values.push_back(f.audio_lost * 100);
    if (std::string what = missed(f, plan.bars); !what.empty()) {
      unlucky.push_back(what + replay_hint(seed));
    }
  }
  EXPECT_LE(unlucky.size(), all.size() / 100) << fmt::format("{}", fmt::join(unlucky, "\n"));
  fmt::print("| {} | {} | {} | {} | {} | {} | {} | {} |\n", plan.name,
             utility.cell(plan.aims.utility), fairness.cell(plan.aims.fairness),
             queue.cell(plan.aims.queue_p95), freeze.cell(plan.aims.freeze),
             recovery.cell(plan.aims.recovery), switches.cell(plan.aims.switches),
             sound.cell(plan.aims.audio_lost * 100));
}

/// Comes before the rows.
TEST(FlowsTable, Head) {
  fmt::print(
      "| scenario (median / worst of the seeds) | utility ÷ best at the fair shares | Jain's index "
      "| queue p95, ms | frozen, ms | to the share, ms | switches a minute | sound lost, % |\n"
      "|---|---|---|---|---|---|---|---|\n");
}

TEST(FlowsTrace, SameSeedSameEvents) {
  FlowsPlan plan = flows_plans().front();
  plan.end = 10s;
  const FlowsFigures first = run_flows(plan, 1);
  EXPECT_EQ(first.trace, run_flows(plan, 1).trace);
  EXPECT_NE(first.trace, run_flows(plan, 2).trace);
}

TEST(FairShares, NobodyHasMoreThanWantedAndTheOthersShareTheRest) {
  const auto shares = [](uint64_t capacity, const std::vector<uint64_t>& wanted) {
    return fair_shares(capacity, wanted);
  };
  EXPECT_EQ(shares(900, {1000, 1000, 1000}), (std::vector<uint64_t>{300, 300, 300}));
  EXPECT_EQ(shares(900, {1000, 100, 1000}), (std::vector<uint64_t>{400, 100, 400}));
  EXPECT_EQ(shares(900, {1000, 100, 200}), (std::vector<uint64_t>{600, 100, 200}));
  EXPECT_EQ(shares(900, {100, 200}), (std::vector<uint64_t>{100, 200}));
  EXPECT_EQ(shares(900, {}), std::vector<uint64_t>{});
}

TEST(FairShares, IndexTellsEqualFromUnequal) {
  EXPECT_DOUBLE_EQ(fairness_of({500, 500, 500}), 1);
  EXPECT_DOUBLE_EQ(fairness_of({500, 0, 0, 0}), 0.25);
  EXPECT_DOUBLE_EQ(fairness_of({100, 300}), 0.8);
}

TEST(SharedLinks, OneQueueHoldsBackAllFlowsAndEachGetsItsOwn) {
  Simulation simulation(1);
  LinkConfig config;
  config.bits_per_second = 1'000'000;
  config.delay = {};
  SharedLink link(simulation, config);
  std::vector<std::pair<int, TimePoint>> out;
  const auto first = link.join([&](const Datagram&) { out.emplace_back(1, simulation.now()); });
  const auto second = link.join([&](const Datagram&) { out.emplace_back(2, simulation.now()); });
  const TimePoint start = simulation.now();
  // 1250 bytes with headers: ten milliseconds each.
  first({.client_port = 1, .bytes = Bytes(1222)});
  second({.client_port = 1, .bytes = Bytes(1222)});
  first({.client_port = 1, .bytes = Bytes(1222)});
  EXPECT_EQ(link.link().queue_delay(), 30ms);
  simulation.run_until(start + 1s);
  using Out = std::pair<int, TimePoint>;
  EXPECT_EQ(out, (std::vector<Out>{{1, start + 10ms}, {2, start + 20ms}, {1, start + 30ms}}));
  EXPECT_EQ(link.carried(), (std::vector<uint64_t>{2444, 1222}));
}

INSTANTIATE_TEST_SUITE_P(All, Flows, testing::ValuesIn(flows_plans()), [](const auto& plan) {
  std::string name = plan.param.name;
  std::erase_if(name, [](char c) { return !std::isalnum(c); });
  return name;
});

}  // namespace
}  // namespace turms::sim
