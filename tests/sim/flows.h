#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "base/time.h"

namespace turms::sim {

/// One subscriber of those that share a link. It watches a camera of its own, with sound.
struct Flow {
  Duration joins{};
  Duration delay = 50ms;  // each way, besides the link
  /// What it watches comes through the other direction of the link, in which the reports of the
  /// others are.
  bool backwards = false;
  /// Its picture is not asked for between these times.
  Duration paused_from{};
  Duration paused_to{};
};

/// What the shared link carries from a time on, each way.
struct SharedStep {
  Duration at{};
  uint64_t bits_per_second = 0;
  uint64_t back = 0;  // 0: no bound
};

/// Several subscribers behind one link that changes, in one room.
struct FlowsPlan {
  std::string name;
  std::vector<SharedStep> link;
  std::vector<Flow> flows;
  Duration queue = 300ms;  // drop-tail, each way
  Duration end = 120s;
  /// From here on fairness is judged: all are there and have had time to find their shares.
  Duration settled{};
  /// What 99 of 100 seeds keep to.
  struct Bars {
    double utility = 0;
    double fairness = 0;
    Duration queue_p95 = 300ms;
    Duration longest_freeze = 60s;
    Duration recovery = 60s;
    double switches = 60;
    double audio_lost = 1;
  } bars;
  /// The reference suite's bars, by which the table judges the median over the seeds.
  struct Aims {
    double utility = 0;
    double fairness = 0;
    Duration queue_p95 = 1s;
    Duration freeze = 60s;
    Duration recovery = 60s;
    double switches = 60;
    double audio_lost = 1;
  } aims;

  /// Names it where a test fails.
  friend void PrintTo(const FlowsPlan& plan, std::ostream* out) { *out << plan.name; }
};

/// Of flows in a direction, the one that is worst off counts where it is not said otherwise.
struct FlowsFigures {
  /// Use of what all saw ÷ use of the best choices at the fair shares. A flow that has more than
  /// its share does not make up for another. Without the 5 s after a share rose, joining included.
  double utility = 0;
  /// Jain's index over the bytes that flows got in ten seconds, the mean of all tens from `settled`
  /// on.
  double fairness = 1;
  Duration queue_p95{};  // of the link, without the second after a drop
  Duration freeze{};     // in all, from 2 s after joining on
  Duration longest_freeze{};
  /// The longest time from when a share rose until a second had kShared of what the best choice is
  /// worth, or until the share changed again.
  Duration recovery{};
  double switches_per_minute = 0;  // from 10 s after joining on
  double audio_lost = 0;           // share of the packets
  uint64_t trace = 0;              // equal for equal runs
};

/// With layers, what comes next to the best choice is about so much of it.
inline constexpr double kShared = 0.8;

/// Same plan and seed, same figures.
FlowsFigures run_flows(const FlowsPlan& plan, uint64_t seed);

/// Of the reference suite: RFC 8867 sections 5.2 to 5.5 and 5.8.
std::vector<FlowsPlan> flows_plans();

}  // namespace turms::sim
