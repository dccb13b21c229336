#include "sfu/rise_trial.h"

#include <algorithm>

namespace turms::sfu {

namespace {

constexpr Duration kQuietQueue = 15ms;
// More than there was before.
constexpr double kLost = 0.03;
constexpr double kLostLately = 0.1;
constexpr double kMargin = 1.05;
constexpr double kGotThrough = 0.9;
constexpr double kFell = 0.9;
constexpr double kBold = 2;        // of what is sent: several steps at once
constexpr double kFreePart = 0.2;  // of what a crowd shares: tried at once, and soon again
constexpr double kMaxPatience = 4;

uint64_t scaled(uint64_t bps, double factor) {
  return static_cast<uint64_t>(static_cast<double>(bps) * factor);
}

}  // namespace

void RiseTrial::update(TimePoint now, const Seen& seen) {
  note_quiet(now, seen);
  judge_last(now, seen);
  if (running()) {
    watch(now, seen);
  } else if (due(now, seen)) {
    start(now, seen);
  }
}

void RiseTrial::note_quiet(TimePoint now, const Seen& seen) {
  if (seen.queue > kQuietQueue || seen.overusing) {
    quiet_since_.reset();
  } else if (!quiet_since_) {
    quiet_since_ = now;
  }
}

/// Whether what was taken on the last proof is still there.
void RiseTrial::judge_last(TimePoint now, const Seen& seen) {
  if (!has_to_last_ || now - proof_->at <= kHold) return;
  if (seen.allocated_bps < scaled(taken_, kFell)) {
    fail(now);
  } else if (now - proof_->at > kLasts) {
    has_to_last_ = false;
    retry_ = kFirstRetry;
  }
}

bool RiseTrial::due(TimePoint now, const Seen& seen) {
  if (seen.step_bps <= seen.allocated_bps) {
    doubted_ = false;
    return false;
  }
  if (!doubted_) {
    const Duration wait = seen.crowd_bps == 0 ? Duration(kAlone) : Duration();
    next_at_ = std::max(next_at_, now + wait + spread(kSpread));
  }
  doubted_ = true;
  return now >= next_at_ && quiet_since_ && now - *quiet_since_ >= kQuiet;
}

void RiseTrial::start(TimePoint now, const Seen& seen) {
  from_ = seen.allocated_bps;
  aim_ = seen.step_bps;
  if (!careful_) {
    const uint64_t bold = std::max(scaled(from_, kBold), scaled(seen.crowd_bps, kFreePart));
    aim_ = std::max(aim_, std::min(bold, seen.wanted_bps));
  }
  aim_ = scaled(aim_, kMargin);
  in_crowd_ = seen.crowd_bps != 0;
  small_ = in_crowd_ && aim_ <= scaled(seen.crowd_bps, kSmallPart);
  patience_ = 1;
  if (in_crowd_) {
    const double parts =
        static_cast<double>(aim_) / (kFreePart * static_cast<double>(seen.crowd_bps));
    patience_ = std::clamp(parts * parts, 1.0, kMaxPatience);
  }
  rate_ = from_;
  since_ = now;
  loss_before_ = seen.loss;
}

void RiseTrial::watch(TimePoint now, const Seen& seen) {
  const bool useless = seen.step_bps == 0 || seen.step_bps > scaled(aim_, kMargin) ||
                       seen.allocated_bps < scaled(from_, kFell);
  if (useless) {
    stop();
    return;
  }
  const bool queue = seen.queue > (small_ ? kQueueOfSmall : kQueue) || (!small_ && seen.overusing);
  const bool lost =
      seen.loss > loss_before_ + kLost || seen.recent_loss > loss_before_ + kLostLately;
  if (queue || lost) {
    // A policer takes what is above its rate, and has no queue. It will the next time.
    const bool policed = lost && seen.queue < kQuietQueue && !seen.overusing;
    if (policed) retry_ = kMaxRetry;
    fail(now);
    return;
  }
  const Duration passed = now - since_;
  const double part = std::min(
      static_cast<double>(passed.count()) / static_cast<double>(Duration(kRamp).count()), 1.0);
  rate_ = from_ + scaled(aim_ - from_, part);
  if (passed < kRamp + kHold + std::min<Duration>(seen.rtt, kMaxTrip)) return;
  if (seen.acknowledged_bps < scaled(aim_, kGotThrough)) {
    fail(now);
  } else {
    succeed(now, seen);
  }
}

void RiseTrial::succeed(TimePoint now, const Seen& seen) {
  proof_ = {aim_, now};
  has_to_last_ = true;
  taken_ = seen.step_bps;
  stop();
  careful_ = false;
  next_at_ = now + kQuiet;
}

void RiseTrial::fail(TimePoint now) {
  stop();
  proof_.reset();
  has_to_last_ = false;
  careful_ = true;
  const Duration wait(static_cast<int64_t>(static_cast<double>(retry_.count()) * patience_));
  next_at_ = now + wait / 2 + spread(wait);
  retry_ =
      std::max(retry_, std::min<Duration>(retry_ * 2, in_crowd_ ? kMaxRetryInCrowd : kMaxRetry));
}

/// Anything up to `most`.
Duration RiseTrial::spread(Duration most) {
  random_ = random_ * 6364136223846793005U + 1442695040888963407U;
  return Duration(static_cast<int64_t>((random_ >> 33) % static_cast<uint64_t>(most.count())));
}

}  // namespace turms::sfu
