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

WallTime IdGenerator::time_of(int64_t id) {
  return {(id >> (kNodeBits + kSequenceBits)) + kEpochMs};
}

}  // namespace turms
