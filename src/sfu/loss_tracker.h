#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/time.h"
#include "rtc/rtp/numbers.h"

namespace turms::sfu {

/// The packets of one stream that have not come although later ones have: which are still expected,
/// and which to ask for again. At most kMaxMissing; when more are missing at once the oldest are
/// given up.
class LossTracker {
 public:
  static constexpr size_t kMaxMissing = 512;
  /// A packet may merely be late: ask after this time, or when this many later ones have come.
  static constexpr Duration kFirstDelay = 10ms;
  static constexpr int kReorderTolerance = 2;
  static constexpr Duration kMinRetry = 20ms;
  static constexpr int kMaxTries = 6;
  /// Later than this nobody can use it.
  static constexpr Duration kMaxAge = 1s;
  static constexpr Duration kInitialRoundTrip = 100ms;

  /// `first` to `last` (inclusive) were jumped over.
  void on_gap(TimePoint now, int64_t first, int64_t last);
  /// A packet older than the newest has come: was it expected? Then it is no longer.
  bool take(TimePoint now, int64_t sequence);
  [[nodiscard]] bool expects(int64_t sequence) const;
  void clear() { missing_.clear(); }

  /// Appends, ascending, what to ask for now; forgets what is given up. `highest` is the newest
  /// sequence number received.
  void collect(TimePoint now, int64_t highest, std::vector<rtc::rtp::SeqNum>& lost);
  /// When collect() has something to do if no packet comes.
  [[nodiscard]] TimePoint next_due() const;
  /// Does the arrival of `highest` make something due that next_due() would only reach later?
  [[nodiscard]] bool due_by_reordering(int64_t highest) const;

  [[nodiscard]] bool empty() const { return missing_.empty(); }
  [[nodiscard]] size_t size() const { return missing_.size(); }
  /// When the oldest that is missing was noticed; unless empty().
  [[nodiscard]] TimePoint oldest() const { return missing_.front().noticed; }
  /// Between asking and getting, smoothed.
  [[nodiscard]] Duration round_trip() const { return round_trip_; }

 private:
  struct Missing {
    int64_t sequence = 0;
    TimePoint noticed;
    TimePoint asked;  // last time
    int tries = 0;
  };

  [[nodiscard]] Duration retry() const { return std::max<Duration>(kMinRetry, round_trip_); }

  std::vector<Missing> missing_;  // ascending
  Duration round_trip_ = kInitialRoundTrip;
};

}  // namespace turms::sfu
