#pragma once

#include <algorithm>

#include "base/time.h"

namespace turms::sfu {

/// Whether a layer that failed may be used again. One that its publisher's uplink does not carry
/// comes in pieces: forwarding it whenever something of it arrives would change the picture several
/// times a second, each time for a key frame. So it has to come steadily for kProof first, for
/// twice as long each time it fails within kSoon of its return, kMaxProof at most. A layer that was
/// away for kAway begins anew: it was switched off, by its publisher or for want of anybody who
/// watches it.
class LayerTrust {
 public:
  static constexpr Duration kProof = 1s;
  static constexpr Duration kMaxProof = 8s;
  static constexpr Duration kSoon = 10s;
  static constexpr Duration kAway = 2s;

  /// It stopped while others went on, comes too slowly, or with holes.
  void on_failed(TimePoint now) {
    const bool soon = returned_at_ != kNever && now - returned_at_ < kSoon;
    proof_ = soon ? std::min<Duration>(proof_ * 2, kMaxProof) : kProof;
    failed_ = true;
    steady_since_ = kNever;
  }
  /// A frame of it while it is not used, `gap` after the one before; `slow`: too much for one that
  /// comes steadily.
  void on_frame(TimePoint now, Duration gap, bool slow) {
    if (!failed_) return;
    if (gap >= kAway) return forget();
    if (steady_since_ == kNever || slow) steady_since_ = now;
    if (now - steady_since_ < proof_) return;
    failed_ = false;
    returned_at_ = now;
  }
  void forget() { *this = LayerTrust(); }
  [[nodiscard]] bool trusted() const { return !failed_; }

 private:
  bool failed_ = false;
  Duration proof_ = kProof;
  TimePoint steady_since_ = kNever;
  TimePoint returned_at_ = kNever;
};

}  // namespace turms::sfu
