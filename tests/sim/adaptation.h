#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "sim/simulation.h"

namespace turms::sim {

/// What the path to one subscriber does from a time on.
struct PathStep {
  Duration at{};
  uint64_t bits_per_second = 0;
  Duration delay = 25ms;  // each way
  double loss = 0;        // both ways; 1: nothing passes
  uint64_t policer = 0;   // bits per second, with a bucket of 16 KB; 0: none
  uint64_t back = 0;      // bits per second from the subscriber; 0: no bound
  double back_loss = 0;   // instead of `loss`, where it is more
  bool hold = false;      // nothing leaves the queue to the subscriber
  // Shares lost in bursts of three, to the subscriber and from it.
  double bursts = 0;
  double back_bursts = 0;
};

/// One subscriber behind a link that changes, in a room of publishers with simulcast of 150, 500
/// and 1700 kbit/s in three temporal layers each.
struct AdaptationPlan {
  std::string name;
  std::vector<PathStep> path;
  Duration queue = 300ms;  // drop-tail
  Duration aqm{};          // what active queue management aims at; 0: none
  Duration jitter{};
  int clock_ppm = 0;       // how much faster the subscriber's clock runs
  double burst_start = 0;  // of losses to the subscriber
  int tiles = 1;           // videos, the first one large and pinned when there are several
  int largest = 2;         // layer asked for in the large tile; small ones ask for the lowest
  bool sound = true;
  /// Traffic of others on the link to the subscriber, between two times.
  uint64_t cross_traffic = 0;
  Duration cross_from{};
  Duration cross_to{};
  /// A download over TCP through the same link, between two times.
  Duration download_from{};
  Duration download_to{};
  int downloads = 1;
  /// Nothing is to be seen between these times: the videos are not asked for, and not made.
  Duration hidden_from{};
  Duration hidden_to{};
  Duration end = 60s;
  /// The capacity never rests: the seconds after a rise count too.
  bool restless = false;
  /// What 99 of 100 seeds keep to. They stand guard over what was reached; what we aim at is more.
  struct Bars {
    double utility = 0;
    Duration longest_freeze = 60s;
    Duration queue_p95 = 60ms;
    Duration recovery = 60s;
    double switches = 60;
    double download_least = 0;
    double download_most = 2;  // what waits at its end counts too
  } bars;
  /// The reference suite's bars, by which the table judges the median over the seeds.
  struct Aims {
    double utility = 0;
    Duration queue_p95 = 1s;
    Duration freeze = 60s;  // in all
    Duration recovery = 60s;
    double switches = 60;
  } aims;

  /// Names it where a test fails.
  friend void PrintTo(const AdaptationPlan& plan, std::ostream* out) { *out << plan.name; }
};

struct AdaptationFigures {
  /// Use of what was seen ÷ use of the best choice of layers at the true capacity, from 5 s on and
  /// without the 5 s after a rise.
  double utility = 0;
  Duration queue_p95{};  // on the link, without the second after a drop
  Duration pacer_p95{};  // in our queue
  Duration freeze{};     // of the large tile (webrtc-stats, totalFreezesDuration), from 2 s on
  Duration longest_freeze{};
  bool rises = false;  // the capacity, at some time; or videos are asked for again
  /// From the last time of that until the layers of the best choice are seen.
  std::optional<Duration> recovery;
  Duration first_frame{};
  double switches_per_minute = 0;  // of the large tile's layer
  double audio_lost = 0;           // share of the packets
  double lost = 0;                 // share of all packets dropped by the link
  double download = 0;             // its part of what the link could carry meanwhile
};

/// Same plan and seed, same figures.
AdaptationFigures run_adaptation(const AdaptationPlan& plan, uint64_t seed);

/// Of the reference suite and the list.
std::vector<AdaptationPlan> adaptation_plans();

}  // namespace turms::sim
