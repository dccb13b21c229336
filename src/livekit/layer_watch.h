#pragma once

#include <cstdint>

#include "base/time.h"

namespace turms::livekit {

/// Which layers of a published track are wanted and do not come. A layer that did come is missed
/// after kGone. One that never did since it was wanted is missed after kUnseen only: encoders begin
/// with the lowest and raise the others as their estimate of the path grows. Sans-IO.
class LayerWatch {
 public:
  static constexpr Duration kGone = std::chrono::milliseconds(1500);
  static constexpr Duration kUnseen = std::chrono::seconds(10);

  /// What flows, bit i: layer i.
  void set_flowing(uint8_t layers) { flowing_ = layers; }
  /// Layers that are missing now, counted from the top. `wanted`: how many are, from the lowest on.
  int missing(TimePoint now, int wanted);
  /// Nothing is expected: what is wanted next is seen for the first time.
  void reset() { *this = LayerWatch(); }

 private:
  uint8_t flowing_ = 0;
  uint8_t seen_ = 0;  // of those wanted
  int wanted_ = 0;
  TimePoint wanted_since_ = kNever;  // the topmost
  int top_ = 0;                      // layers up to the best that flows
  TimePoint top_since_;
  int top_believed_ = 0;  // the same, less only after kGone
};

}  // namespace turms::livekit
