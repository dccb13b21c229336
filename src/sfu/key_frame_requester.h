#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"

namespace turms::sfu {

/// When to ask a publisher for a key frame of one layer. However many subscribers want one, the
/// publisher hears one request, repeated until a key frame begins, and no sooner than
/// kMinInterval after the last key frame.
class KeyFrameRequester {
 public:
  static constexpr Duration kMinInterval = 500ms;
  static constexpr Duration kMinRetry = 200ms;
  static constexpr Duration kMaxRetry = 1s;

  /// Somebody needs one. Afterwards look at due().
  void want(TimePoint now) {
    if (wanted_) return;
    wanted_ = true;
    retry_ = Duration{};
    due_ = last_key_frame_ ? std::max(now, *last_key_frame_ + kMinInterval) : now;
  }
  /// A key frame begins.
  void on_key_frame(TimePoint now) {
    last_key_frame_ = now;
    wanted_ = false;
    due_ = kNever;
  }
  /// The request was sent.
  void on_sent(TimePoint now, Duration round_trip) {
    retry_ = std::clamp<Duration>(std::max(retry_ * 2, 2 * round_trip), kMinRetry, kMaxRetry);
    due_ = now + retry_;
  }
  /// The stream is silent: asking is pointless until wake().
  void sleep() { due_ = kNever; }
  void wake(TimePoint now) {
    if (wanted_ && due_ == kNever) due_ = now;
  }
  /// Another stream has taken the place of this one: what was known of it is void.
  void reset() { *this = {}; }

  [[nodiscard]] bool wanted() const { return wanted_; }
  [[nodiscard]] TimePoint due() const { return due_; }

 private:
  bool wanted_ = false;
  TimePoint due_ = kNever;
  std::optional<TimePoint> last_key_frame_;
  Duration retry_{};
};

}  // namespace turms::sfu
