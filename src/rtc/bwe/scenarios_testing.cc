#include "base/check.h"
#include "rtc/bwe/simulation_testing.h"

namespace turms::rtc::bwe {

namespace {

LinkPlan steady(Bitrate capacity, Bitrate wanted, Duration end = 60s) {
  LinkPlan plan;
  plan.capacity = {{0s, capacity}};
  plan.wanted = {{0s, wanted}};
  plan.end = end;
  return plan;
}

LinkPlan steps(std::vector<Step<Bitrate>> capacity, Bitrate wanted, Duration end) {
  LinkPlan plan;
  plan.capacity = std::move(capacity);
  plan.wanted = {{0s, wanted}};
  plan.end = end;
  return plan;
}

LinkPlan square() {
  std::vector<Step<Bitrate>> capacity;
  for (int i = 0; i < 12; ++i) {
    capacity.push_back({i * Duration(5s), Bitrate::kbps(i % 2 == 0 ? 1500 : 2500)});
  }
  return steps(capacity, Bitrate::kbps(4000), 60s);
}

LinkPlan lossy(double loss) {
  LinkPlan plan = steady(Bitrate::kbps(5000), Bitrate::kbps(2000));
  plan.loss = loss;
  return plan;
}

LinkPlan policed(int64_t kbps) {
  LinkPlan plan = steady(Bitrate::kbps(5000), Bitrate::kbps(2500));
  plan.policer = Bitrate::kbps(kbps);
  return plan;
}

}  // namespace

std::vector<LinkScenario> link_scenarios() {
  using std::vector;
  const auto kbps = [](int64_t n) { return Bitrate::kbps(n); };
  vector<LinkScenario> all;
  all.push_back({"A rfc8867",
                 steps({{0s, kbps(1000)}, {40s, kbps(2500)}, {60s, kbps(600)}, {80s, kbps(1000)}},
                       kbps(4000), 100s)});
  all.push_back({"F join 0.5", steady(kbps(500), kbps(2500), 20s)});
  all.push_back({"F join 3", steady(kbps(3000), kbps(2500), 20s)});
  all.push_back({"F join 30", steady(kbps(30'000), kbps(2500), 20s)});
  all.push_back(
      {"G drop", steps({{0s, kbps(5000)}, {30s, kbps(250)}, {60s, kbps(5000)}}, kbps(4000), 90s)});
  all.push_back({"G 4-0.7-4",
                 steps({{0s, kbps(4000)}, {30s, kbps(700)}, {60s, kbps(4000)}}, kbps(3500), 90s)});
  all.push_back({"H square", square()});
  all.push_back({"I loss 2", lossy(0.02)});
  all.push_back({"I loss 5", lossy(0.05)});
  all.push_back({"I loss 10", lossy(0.10)});
  LinkPlan bloat = steady(kbps(2000), kbps(4000));
  bloat.queue = 1000ms;
  all.push_back({"M bloat", bloat});
  LinkPlan shallow = steady(kbps(1000), kbps(2500));
  shallow.queue_packets = 3;
  all.push_back({"N shallow", shallow});
  all.push_back({"O policer 0.25", policed(256)});
  all.push_back({"O policer 1", policed(1000)});
  LinkPlan owd = steady(kbps(2000), kbps(4000), 90s);
  owd.delay = {{0s, 10ms}, {40s, 80ms}};
  all.push_back({"Q delay step", owd});
  LinkPlan back = steps({{0s, kbps(2000)}, {30s, kbps(1000)}}, kbps(4000), 60s);
  back.feedback_loss = 0.2;
  all.push_back({"R feedback loss", back});
  for (const double ppm : {200.0, -200.0}) {
    LinkPlan skew = steady(kbps(2000), kbps(4000), 600s);
    skew.skew_ppm = ppm;
    all.push_back({ppm > 0 ? "S skew +" : "S skew -", skew});
  }
  LinkPlan idle = steady(kbps(3000), kbps(2000), 640s);
  idle.wanted = {{0s, kbps(2000)}, {10s, kbps(0)}, {610s, kbps(2000)}};
  all.push_back({"S idle", idle});
  return all;
}

LinkPlan link_plan(const std::string& name) {
  for (const LinkScenario& scenario : link_scenarios()) {
    if (scenario.name == name) return scenario.plan;
  }
  TURMS_CHECK(false && "no such scenario");
}

}  // namespace turms::rtc::bwe
