#include "rtc/sctp/receive_tracker.h"

#include <algorithm>

namespace turms::rtc::sctp {
namespace {

/// The first range that ends at or behind `tsn`.
template <class Ranges>
auto find(Ranges& ranges, uint64_t tsn) {
  return std::lower_bound(ranges.begin(), ranges.end(), tsn,
                          [](const TsnRange& range, uint64_t value) { return range.last < value; });
}

}  // namespace

ReceiveTracker::Verdict ReceiveTracker::check(uint64_t tsn) const {
  if (tsn <= cumulative_) return Verdict::kDuplicate;
  if (tsn - cumulative_ > kMaxAhead) return Verdict::kTooFar;
  const auto at = find(ranges_, tsn);
  if (at != ranges_.end() && at->first <= tsn) return Verdict::kDuplicate;
  if (ranges_.size() < kMaxRanges || tsn == cumulative_ + 1) return Verdict::kNew;
  const bool extends = (at != ranges_.end() && at->first == tsn + 1) ||
                       (at != ranges_.begin() && std::prev(at)->last + 1 == tsn);
  return extends ? Verdict::kNew : Verdict::kTooFar;
}

ReceiveTracker::Verdict ReceiveTracker::add(uint64_t tsn) {
  const Verdict verdict = check(tsn);
  if (verdict == Verdict::kDuplicate && duplicates_.size() < kMaxDuplicates) {
    duplicates_.push_back(static_cast<uint32_t>(tsn));
  }
  if (verdict != Verdict::kNew) return verdict;
  if (tsn == cumulative_ + 1) {
    cumulative_ = tsn;
    absorb();
    return verdict;
  }
  const auto at = find(ranges_, tsn);
  const bool joins_next = at != ranges_.end() && at->first == tsn + 1;
  const bool joins_previous = at != ranges_.begin() && std::prev(at)->last + 1 == tsn;
  if (joins_next && joins_previous) {
    at->first = std::prev(at)->first;
    ranges_.erase(std::prev(at));
  } else if (joins_next) {
    at->first = tsn;
  } else if (joins_previous) {
    std::prev(at)->last = tsn;
  } else {
    ranges_.insert(at, {tsn, tsn});
  }
  return verdict;
}

bool ReceiveTracker::skip_to(uint64_t tsn) {
  if (tsn <= cumulative_) return false;
  cumulative_ = tsn;
  absorb();
  return true;
}

void ReceiveTracker::absorb() {
  auto end = ranges_.begin();
  while (end != ranges_.end() && end->first <= cumulative_ + 1) {
    cumulative_ = std::max(cumulative_, end->last);
    ++end;
  }
  ranges_.erase(ranges_.begin(), end);
}

void ReceiveTracker::write_sack(uint32_t window, size_t room, Bytes& out) {
  const size_t entries = (room - 16) / 4;
  const size_t gaps = std::min(ranges_.size(), entries);
  const size_t duplicates = std::min(duplicates_.size(), entries - gaps);
  ChunkWriter chunk(out);
  chunk.begin(ChunkType::kSack);
  chunk.u32(static_cast<uint32_t>(cumulative_));
  chunk.u32(window);
  chunk.u16(static_cast<uint16_t>(gaps));
  chunk.u16(static_cast<uint16_t>(duplicates));
  for (size_t i = 0; i < gaps; ++i) {
    chunk.u16(static_cast<uint16_t>(ranges_[i].first - cumulative_));
    chunk.u16(static_cast<uint16_t>(ranges_[i].last - cumulative_));
  }
  for (size_t i = 0; i < duplicates; ++i) chunk.u32(duplicates_[i]);
  chunk.end();
  duplicates_.clear();
}

}  // namespace turms::rtc::sctp
