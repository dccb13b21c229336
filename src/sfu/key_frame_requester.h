#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"

namespace turms::sfu {

/// When to ask a publisher for a key frame of one layer. However many subscribers want one, the
/// publisher hears one request, repeated until a key frame begins or kMaxTries were in vain (it may
/// be that key frames of this stream cannot be told), and no sooner than kMinInterval after the
/// last key frame.
class KeyFrameRequester {
 public:
  static constexpr Duration kMinInterval = 500ms;
  static constexpr Duration kMinRetry = 200ms;
  static constexpr Duration kMaxRetry = 1s;
  static constexpr int kMaxTries = 10;

  /// Somebody needs one. Afterwards look at due().
  void want(TimePoint now) {
    if (wanted_) return;
    wanted_ = true;
    retry_ = Duration{};
    due_ = now;
    if (last_key_frame_) due_ = std::max(due_, *last_key_frame_ + kMinInterval);
    // Whoever asks after all tries were in vain is heard, but not more often than before.
    if (tries_ >= kMaxTries) due_ = std::max(due_, last_sent_ + kMaxRetry);
  }
  /// A key frame begins.
  void on_key_frame(TimePoint now) {
    last_key_frame_ = now;
    tries_ = 0;
    wanted_ = false;
    due_ = kNever;
  }
  /// The request was sent.
  void on_sent(TimePoint now, Duration round_trip) {
    retry_ = std::clamp<Duration>(std::max(retry_ * 2, 2 * round_trip), kMinRetry, kMaxRetry);
    due_ = now + retry_;
    last_sent_ = now;
    if (++tries_ < kMaxTries) return;
    wanted_ = false;
    due_ = kNever;
  }
  /// Requests since the last key frame.
  [[nodiscard]] int tries() const { return tries_; }
  /// The stream is silent: asking is pointless until wake().
  void sleep() { due_ = kNever; }
  void wake(TimePoint now) {
    if (wanted_ && due_ == kNever) due_ = now;
  }
  /// Another stream has taken the place of this one: what was known of it is void.
  void reset() { *this = {}; }

  /// When the last one began.
  [[nodiscard]] const std::optional<TimePoint>& last_key_frame() const { return last_key_frame_; }
  [[nodiscard]] bool wanted() const { return wanted_; }
  [[nodiscard]] TimePoint due() const { return due_; }

 private:
  bool wanted_ = false;
  TimePoint due_ = kNever;
  std::optional<TimePoint> last_key_frame_;
  Duration retry_{};
  TimePoint last_sent_;
  int tries_ = 0;
};

}  // namespace turms::sfu
