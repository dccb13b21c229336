#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace turms::sfu {

/// Tries with padding whether a path carries more, before a picture depends on it. A probe of some
/// milliseconds measures the bottleneck, not what others leave of it, and a policer lets it
/// through; here all that a better layer needs is sent for more than a second. When a queue grows
/// or something is lost it ends at once, and the next one waits for longer.
///
/// Where others share the path, who would have little of it tries soon again and bears a queue for
/// longer: then those who have much give way. Who would have much does not press.
///
/// Knows no packets and no clock: figures and time go in, the rate to fill up to and proofs come
/// out.
class RiseTrial {
 public:
  static constexpr Duration kRamp = 500ms;  // from what is sent to all of it
  static constexpr Duration kHold = 1s;     // in which all of it gets through
  /// What comes back tells of what was sent a round trip ago; more is not waited for.
  static constexpr Duration kMaxTrip = 500ms;
  /// Before a trial begins the path has been quiet for so long.
  static constexpr Duration kQuiet = 1s;
  /// The first one begins within that, for others may have lost the same at the same time.
  static constexpr Duration kSpread = 3s;
  /// Later where nobody else is known of: it may be a policer.
  static constexpr Duration kAlone = 15s;
  static constexpr Duration kFirstRetry = 2s;
  static constexpr Duration kMaxRetry = 60s;
  static constexpr Duration kMaxRetryInCrowd = 16s;
  /// What is given up sooner than that after a trial was in vain too.
  static constexpr Duration kLasts = 10s;
  /// A trial for less of the path than that need not fear the queue of others.
  static constexpr double kSmallPart = 0.35;
  static constexpr Duration kQueue = 30ms;
  static constexpr Duration kQueueOfSmall = 40ms;

  struct Seen {
    /// What is sent, and the least that would be with a better layer; 0: none is to be tried.
    uint64_t allocated_bps = 0;
    uint64_t step_bps = 0;
    uint64_t wanted_bps = 0;
    uint64_t acknowledged_bps = 0;  // the mean of about a second
    uint64_t crowd_bps = 0;  // what the path carries for all, where others share it; 0: nobody does
    Duration queue{};        // on the path
    Duration rtt{};
    double loss = 0;         // share of packets, of about a second
    double recent_loss = 0;  // the same, of a few messages
    bool overusing = false;
  };

  /// Trials of different paths do not keep step: `seed` spreads them.
  explicit RiseTrial(uint64_t seed) : random_(seed * 2 + 1) {}

  /// Call about as often as feedback comes.
  void update(TimePoint now, const Seen& seen);
  /// Fill up to that with padding; 0: no trial.
  [[nodiscard]] uint64_t rate_bps() const { return rate_; }
  [[nodiscard]] bool running() const { return aim_ != 0; }
  /// What the last trial has shown to get through, and when.
  struct Proof {
    uint64_t bps = 0;
    TimePoint at{};
    bool operator==(const Proof&) const = default;
  };
  [[nodiscard]] const std::optional<Proof>& proof() const { return proof_; }

 private:
  void note_quiet(TimePoint now, const Seen& seen);
  void judge_last(TimePoint now, const Seen& seen);
  [[nodiscard]] bool due(TimePoint now, const Seen& seen);
  void start(TimePoint now, const Seen& seen);
  void watch(TimePoint now, const Seen& seen);
  void stop() { aim_ = rate_ = 0; }
  void succeed(TimePoint now, const Seen& seen);
  void fail(TimePoint now);
  [[nodiscard]] Duration spread(Duration most);

  uint64_t random_;
  // The trial that runs, or was last.
  uint64_t from_ = 0;
  uint64_t aim_ = 0;  // 0: none runs
  uint64_t rate_ = 0;
  TimePoint since_{};
  double loss_before_ = 0;
  bool in_crowd_ = false;
  bool small_ = false;    // for a small part of what a crowd shares
  double patience_ = 1;   // factor of what is waited for after it
  bool careful_ = false;  // the last one failed: no more than the next step

  std::optional<TimePoint> quiet_since_;
  bool doubted_ = false;  // there was something to try at the last call
  TimePoint next_at_{};
  Duration retry_ = kFirstRetry;
  std::optional<Proof> proof_;
  bool has_to_last_ = false;  // what was taken on the proof
  uint64_t taken_ = 0;
};

}  // namespace turms::sfu
