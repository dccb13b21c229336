#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "rtc/sctp/wire.h"

namespace turms::rtc::sctp {

/// Which TSNs have arrived: the cumulative one, and the ranges beyond it for SACK (RFC 9260
/// section 3.3.4).
///
/// Bounds: kMaxRanges ranges and TSNs up to kMaxAhead beyond the cumulative one; what would need
/// more is refused, as if lost. kMaxDuplicates are told per SACK.
class ReceiveTracker {
 public:
  static constexpr size_t kMaxRanges = 128;
  static constexpr uint64_t kMaxAhead = 0xFFFF;
  static constexpr size_t kMaxDuplicates = 20;

  /// `first` is the TSN that the remote side starts with.
  explicit ReceiveTracker(uint32_t first) : cumulative_(kLineStart + first - 1) {}

  [[nodiscard]] uint64_t line(uint32_t tsn) const { return unwrap(cumulative_, tsn); }

  enum class Verdict : uint8_t { kNew, kDuplicate, kTooFar };
  /// What add() would say.
  [[nodiscard]] Verdict check(uint64_t tsn) const;
  Verdict add(uint64_t tsn);
  /// The remote side gave up on everything up to `tsn`. False when that is nothing new.
  bool skip_to(uint64_t tsn);

  [[nodiscard]] uint64_t cumulative() const { return cumulative_; }
  [[nodiscard]] uint64_t highest() const {
    return ranges_.empty() ? cumulative_ : ranges_.back().last;
  }
  [[nodiscard]] bool has_gaps() const { return !ranges_.empty(); }
  [[nodiscard]] bool has_duplicates() const { return !duplicates_.empty(); }

  /// Appends a SACK of at most `room` bytes and forgets the duplicates it tells. `room` is at least
  /// 16.
  void write_sack(uint32_t window, size_t room, Bytes& out);

 private:
  void absorb();

  uint64_t cumulative_;
  std::vector<TsnRange> ranges_;  // ascending, apart by at least one
  std::vector<uint32_t> duplicates_;
};

}  // namespace turms::rtc::sctp
