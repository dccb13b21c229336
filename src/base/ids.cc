#include "base/ids.h"

#include <algorithm>

#include "base/check.h"

namespace turms {
namespace {
constexpr int kNodeBits = 10;
constexpr int kSequenceBits = 12;
}  // namespace

IdGenerator::IdGenerator(int node) : node_(node) {
  TURMS_CHECK(node >= 0 && node <= kMaxNode);
}

int64_t IdGenerator::next(WallTime now) {
  const int64_t ms = std::max(now.unix_ms - kEpochMs, last_ms_);
  if (ms == last_ms_) {
    ++sequence_;
  } else {
    sequence_ = 0;
  }
  last_ms_ = ms;
  if (sequence_ == int64_t{1} << kSequenceBits) {
    ++last_ms_;
    sequence_ = 0;
  }
  return last_ms_ << (kNodeBits + kSequenceBits) | node_ << kSequenceBits | sequence_;
}

void IdGenerator::advance_past(int64_t id) {
  const int64_t ms = (id >> (kNodeBits + kSequenceBits)) + 1;
  if (ms > last_ms_) {
    // The next id is the first of its millisecond, whether the clock is there already or not.
    last_ms_ = ms;
    sequence_ = -1;
  }
}

int64_t IdGenerator::first_at(WallTime time) {
  constexpr int64_t kLast = (int64_t{1} << 41) - 1;
  return std::clamp<int64_t>(time.unix_ms - kEpochMs, 0, kLast) << (kNodeBits + kSequenceBits);
}

WallTime IdGenerator::time_of(int64_t id) {
  return {(id >> (kNodeBits + kSequenceBits)) + kEpochMs};
}

}  // namespace turms
