#include "ended_meetings.h"

namespace turms::livekit_plugin {

void EndedMeetings::add(TimePoint now, int64_t meeting_id) {
  forget_expired(now);
  if (order_.size() >= max_) forget_first();
  until_[meeting_id] = now + kept_;
  order_.emplace_back(now + kept_, meeting_id);
}

bool EndedMeetings::contains(TimePoint now, int64_t meeting_id) const {
  const auto it = until_.find(meeting_id);
  return it != until_.end() && it->second > now;
}

std::vector<int64_t> EndedMeetings::next(TimePoint now, size_t count) {
  forget_expired(now);
  std::vector<int64_t> out;
  auto it = until_.upper_bound(last_);
  for (size_t n = 0; n < until_.size() && out.size() < count; ++n, ++it) {
    if (it == until_.end()) it = until_.begin();
    out.push_back(last_ = it->first);
  }
  return out;
}

void EndedMeetings::forget_first() {
  const auto [until, meeting_id] = order_.front();
  order_.pop_front();
  const auto it = until_.find(meeting_id);
  if (it != until_.end() && it->second == until) until_.erase(it);
}

void EndedMeetings::forget_expired(TimePoint now) {
  while (!order_.empty() && order_.front().first <= now) forget_first();
}

}  // namespace turms::livekit_plugin
