#include "rtc/bwe/path_delay.h"

#include <algorithm>

namespace turms::rtc::bwe {

namespace {

constexpr Duration kSteady = 8ms;       // between messages
constexpr Duration kStepInterval = 2s;  // between two: a slow link makes gaps like that always
constexpr Duration kHoldLifetime = 1s;

}  // namespace

void PathDelay::hold(TimePoint now) {
  if (!held_at_ || now - *held_at_ > kHoldLifetime) held_since_ = now;
  held_at_ = now;
}

void PathDelay::on_feedback(TimePoint now, PacketResults received) {
  if (received.empty()) return;
  Duration least = Duration::max();
  for (const PacketResult& packet : received)
    least = std::min(least, packet.received - packet.sent);
  look_for_step(now, received);
  const bool held = held_at_ && now - *held_at_ <= kHoldLifetime && now - *held_since_ < kMaxHold;
  if (!generation_since_ || (now - *generation_since_ >= kGeneration && !held)) {
    const bool stale = generation_since_ && now - *generation_since_ >= 2 * kGeneration;
    least_before_ = stale ? Duration::max() : least_;
    least_ = Duration::max();
    generation_since_ = now;
  }
  if (stepping()) follow_step(least);
  least_ = std::min(least_, least);
  queue_ = least - std::min(least_, least_before_);
  if (queue_ > kClean) {
    clean_since_.reset();
  } else if (!clean_since_) {
    clean_since_ = now;
  }
}

void PathDelay::look_for_step(TimePoint now, PacketResults received) {
  for (const PacketResult& packet : received) {
    const Duration delay = packet.received - packet.sent;
    const Duration gap = newest_ ? delay - *newest_ : Duration::zero();
    // The first of several packets that were held up; none of the burst behind it.
    if (gap >= kStep && (!step_at_ || now - *step_at_ >= kStepInterval)) {
      step_ = gap;
      step_at_ = now;
      stepped_from_ = *newest_;
      level_.reset();
      steady_ = 0;
    }
    newest_ = delay;
  }
}

void PathDelay::follow_step(Duration least) {
  const bool risen = least - stepped_from_ >= step_ / 2;
  if (!level_) {
    // The message that it came with begins before it, as a rule.
    if (++steady_ > 1 && !risen) step_ = Duration::zero();
    if (!risen) return;
    steady_ = 0;
  } else if (!risen || std::max(least - *level_, *level_ - least) > kSteady) {
    step_ = Duration::zero();  // it drains, or grows: a queue after all
    return;
  }
  level_ = least;
  if (++steady_ < kStepMessages) return;
  step_ = Duration::zero();
  least_ = least_before_ = Duration::max();
}

}  // namespace turms::rtc::bwe
