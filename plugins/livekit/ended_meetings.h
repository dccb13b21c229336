#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "base/time.h"

namespace turms::livekit_plugin {

/// Meetings that are over, for as long as a token from before may be used: LiveKit makes a room
/// anew for whoever comes with one. Bound: at `max`, the one that ended first is forgotten.
class EndedMeetings {
 public:
  static constexpr size_t kMax = 100'000;

  explicit EndedMeetings(Duration kept, size_t max = kMax) : kept_(kept), max_(max) {}

  /// Again: kept from now on.
  void add(TimePoint now, int64_t meeting_id);
  void remove(int64_t meeting_id) { until_.erase(meeting_id); }
  [[nodiscard]] bool contains(TimePoint now, int64_t meeting_id) const;
  /// Up to `count` of them, on from where the last call stopped.
  std::vector<int64_t> next(TimePoint now, size_t count);
  [[nodiscard]] size_t size() const { return until_.size(); }

 private:
  void forget_first();
  void forget_expired(TimePoint now);

  const Duration kept_;
  const size_t max_;
  std::map<int64_t, TimePoint> until_;
  /// First to expire first; stale where until_ says otherwise.
  std::deque<std::pair<TimePoint, int64_t>> order_;
  int64_t last_ = 0;
};

}  // namespace turms::livekit_plugin
