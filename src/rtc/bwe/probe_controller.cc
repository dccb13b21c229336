#include "rtc/bwe/probe_controller.h"

#include <algorithm>

namespace turms::rtc::bwe {

namespace {

constexpr double kFirstScale = 3;
constexpr double kSecondScale = 6;
constexpr double kFurtherScale = 2;
constexpr double kFurtherThreshold = 0.7;  // of the probe's rate
constexpr Duration kAlrInterval = 5s;
constexpr Duration kAlrEndedLifetime = 3s;
constexpr double kLargeDrop = 0.66;
constexpr Duration kDropLifetime = 5s;
constexpr double kAfterDropScale = 0.85;
constexpr double kUncertainty = 0.05;
constexpr double kWantedScale = 2;
constexpr double kAllocationScale = 2;
constexpr double kLossRecoveringScale = 1.5;

constexpr double kDemandScale = 1.5;
constexpr double kStepMargin = 1.15;
constexpr double kMaxDemandScale = 3;  // 15 ms at three times the capacity queue for 30 ms
constexpr Bitrate kLongBelow = Bitrate::kbps(1500);
constexpr Duration kLong = 25ms;
constexpr double kSuccess = 1.05;
constexpr Duration kDrained = 1s;
constexpr Duration kMaxDraining = 5s;
constexpr Duration kCleanReset = 2s;

}  // namespace

void ProbeController::set_available(TimePoint now, bool available) {
  available_ = available;
  if (!available && state_ == State::kWaiting) complete();
  if (available && state_ == State::kInit && !start_.is_zero()) start(now);
}

void ProbeController::set_bitrates(TimePoint now, Bitrate start_rate, Bitrate min, Bitrate max) {
  if (!start_rate.is_zero()) {
    start_ = start_rate;
    estimate_ = start_rate;
  } else if (start_.is_zero()) {
    start_ = min;
  }
  const Bitrate before = max_;
  max_ = max.finite() ? max : Bitrate::kbps(5000);
  if (state_ == State::kInit) {
    if (available_) start(now);
  } else if (state_ == State::kComplete && !estimate_.is_zero() && before < max_ &&
             estimate_ < max_ && !options_.by_demand) {
    probe(now, {max_}, false);
  }
}

void ProbeController::restart(TimePoint now, Bitrate start_rate) {
  ProbeController fresh(options_);
  fresh.available_ = available_;
  fresh.max_ = max_;
  fresh.demand_ = demand_;
  fresh.next_id_ = next_id_;
  *this = fresh;
  set_bitrates(now, start_rate, start_rate, max_);
}

void ProbeController::start(TimePoint now) {
  // Nobody wants anything yet: padding would buy nothing.
  if (options_.by_demand && demand_.wanted.is_zero()) return;
  if (options_.by_demand) {
    // The second follows when the first got through: on a narrow path it would be a queue.
    probe(now, {start_ * kFirstScale}, true);
  } else {
    probe(now, {start_ * kFirstScale, start_ * kSecondScale}, true);
  }
}

void ProbeController::set_demand(TimePoint now, const Demand& demand) {
  const bool more = demand.wanted > demand_.wanted;
  const bool other = demand.wanted != demand_.wanted;
  demand_ = demand;
  if (state_ == State::kInit) {
    if (options_.by_demand && available_ && !start_.is_zero()) start(now);
    return;
  }
  if (options_.by_demand) {
    // What was in vain for less may be worth another try.
    if (more) retry_at_ = std::min(retry_at_, now + kMinRetry);
    if (!more) return;
  }
  if (!other || !alr_since_ || state_ != State::kComplete || estimate_ >= max_ ||
      estimate_ >= demand.wanted) {
    return;
  }
  const Bitrate limit = estimate_ * kAllocationScale;
  const Bitrate first = std::min(demand.wanted, limit);
  const Bitrate second = std::min(demand.wanted * kWantedScale, limit);
  if (second > first) {
    probe(now, {first, second}, demand.wanted * kWantedScale > limit);
  } else {
    probe(now, {first}, true);
  }
}

void ProbeController::set_estimate(TimePoint now, Bitrate estimate, Cause cause) {
  cause_ = cause;
  if (estimate < estimate_ * kLargeDrop) {
    large_drop_at_ = now;
    before_large_drop_ = estimate_;
    draining_ = true;
  }
  estimate_ = estimate;
  if (state_ == State::kWaiting && estimate > further_above_) {
    retry_ = kMinRetry;
    probe(now, {estimate * kFurtherScale}, true);
  }
}

void ProbeController::on_recovered(TimePoint now) {
  const bool near_alr = alr_since_ || (alr_ended_ && now - *alr_ended_ < kAlrEndedLifetime);
  if (!near_alr && !unmet()) return;
  if (state_ != State::kComplete || !large_drop_at_) return;
  const Bitrate suggested = before_large_drop_ * kAfterDropScale;
  if (suggested * (1 - kUncertainty) <= estimate_) return;
  if (now - *large_drop_at_ >= kDropLifetime) return;
  if (drop_probe_at_ && now - *drop_probe_at_ <= kAlrInterval) return;
  // With unmet demand alone, the path has to be clean first: process() does it.
  if (!near_alr) return;
  drop_probe_at_ = now;
  probe(now, {suggested}, false);
}

void ProbeController::process(TimePoint now) {
  if (state_ == State::kWaiting && probed_at_ && now - *probed_at_ > kMaxWait) complete();
  judge(now);
  if (estimate_.is_zero() || state_ != State::kComplete) return;
  if (options_.periodic_in_alr && alr_since_ &&
      now >= std::max(*alr_since_, probed_at_.value_or(*alr_since_)) + kAlrInterval) {
    probe(now, {estimate_ * kFurtherScale}, true);
    return;
  }
  if (options_.by_demand) probe_for_demand(now);
}

/// Whether the last probe for demand moved the estimate; if not, the next one waits longer.
void ProbeController::judge(TimePoint now) {
  if (clean_since_ && now - *clean_since_ >= kCleanReset) retry_ = kMinRetry;
  if (!attempt_ || now - attempt_->at <= kMaxWait) return;
  if (estimate_ >= attempt_->before * kSuccess) {
    retry_ = kMinRetry;
    retry_at_ = now;
  } else {
    retry_at_ = now + retry_;
    retry_ = std::min<Duration>(
        Duration(static_cast<int64_t>(static_cast<double>(retry_.count()) * kRetryFactor)),
        kMaxRetry);
  }
  attempt_.reset();
}

bool ProbeController::unmet() const {
  return demand_.wanted > demand_.allocated && estimate_ < demand_.wanted;
}

void ProbeController::probe_for_demand(TimePoint now) {
  if (!unmet() || attempt_ || now < retry_at_ || pending_size_ > 0) return;
  if (probed_at_ && now - *probed_at_ < rtt_) return;
  if (draining_) {
    const bool drained = clean_since_ && now - *clean_since_ >= kDrained;
    if (!drained && large_drop_at_ && now - *large_drop_at_ < kMaxDraining) return;
    draining_ = false;
  }
  const Bitrate step = demand_.next_step * kStepMargin;
  const Bitrate rate =
      std::min(std::max(step, estimate_ * kDemandScale), estimate_ * kMaxDemandScale);
  const size_t before = pending_size_;
  probe(now, {rate}, true);
  if (pending_size_ > before) attempt_ = Attempt{now, estimate_};
}

void ProbeController::probe(TimePoint now, std::initializer_list<Bitrate> rates, bool further) {
  Bitrate limit = max_;
  if (!demand_.wanted.is_zero()) limit = std::min(limit, demand_.wanted * kWantedScale);
  switch (cause_) {
    case Cause::kRoundTrip:
    case Cause::kDelayIncreased:
    case Cause::kLoss:
      return;
    case Cause::kLossRecovering:
      limit = std::min(limit, estimate_ * kLossRecoveringScale);
      break;
    case Cause::kDelay:
      break;
  }
  Bitrate last;
  for (Bitrate rate : rates) {
    if (rate >= limit) {
      rate = limit;
      further = false;
    }
    last = rate;
    if (pending_size_ == kMaxPending) break;
    ProbeCluster& cluster = pending_[(pending_first_ + pending_size_++) % kMaxPending];
    cluster = ProbeCluster();
    cluster.id = next_id_++;
    cluster.rate = rate;
    // At a low rate the usual duration is a handful of small packets, which say little.
    if (options_.by_demand && rate < kLongBelow) cluster.duration = kLong;
    cluster.min_bytes = bytes_in(rate, cluster.duration);
  }
  probed_at_ = now;
  if (further) {
    state_ = State::kWaiting;
    further_above_ = last * kFurtherThreshold;
  } else {
    complete();
  }
}

void ProbeController::complete() {
  state_ = State::kComplete;
  further_above_ = kUnlimited;
}

TimePoint ProbeController::next_deadline() const {
  TimePoint next = kNever;
  if (state_ == State::kWaiting && probed_at_) next = *probed_at_ + kMaxWait + Duration(1ms);
  if (attempt_) next = std::min(next, attempt_->at + kMaxWait + Duration(1ms));
  if (state_ == State::kComplete && options_.by_demand && unmet() && !attempt_) {
    next = std::min(next, demand_deadline());
  }
  return next;
}

TimePoint ProbeController::demand_deadline() const {
  TimePoint at = retry_at_;
  if (probed_at_) at = std::max(at, *probed_at_ + rtt_);
  if (draining_) {
    TimePoint drained = large_drop_at_ ? *large_drop_at_ + kMaxDraining : at;
    if (clean_since_) drained = std::min(drained, *clean_since_ + kDrained);
    at = std::max(at, drained);
  }
  return at;
}

std::optional<ProbeCluster> ProbeController::take() {
  if (pending_size_ == 0) return std::nullopt;
  const ProbeCluster cluster = pending_[pending_first_];
  pending_first_ = (pending_first_ + 1) % kMaxPending;
  --pending_size_;
  return cluster;
}

}  // namespace turms::rtc::bwe
