#include "rtc/bwe/target_rate.h"

#include <algorithm>
#include <cmath>

namespace turms::rtc::bwe {

namespace {

constexpr Duration kIncreaseInterval = 1s;
constexpr Duration kDecreaseInterval = 300ms;
constexpr Duration kReportLifetime = 6s;
constexpr int64_t kMinPackets = 20;  // for a share of losses
constexpr double kLowLoss = 0.02;
constexpr double kHighLoss = 0.1;
constexpr double kStableSeconds = 10;

}  // namespace

void StableRate::on_start(Bitrate rate) {
  if (!updated_at_) bps_ = static_cast<double>(rate.bps());
}

void StableRate::on_delay_based(TimePoint now, Bitrate rate) {
  if (rate < last_delay_based_) {
    bps_ = std::min(bps_, static_cast<double>(rate.bps()));
    updated_at_ = now;
  }
  last_delay_based_ = rate;
}

void StableRate::on_target(TimePoint now, std::optional<Bitrate> acknowledged, Bitrate target) {
  if (!acknowledged) return;
  const auto sample = static_cast<double>(std::min(*acknowledged, target).bps());
  if (sample > bps_) {
    const double keep =
        updated_at_ ? std::exp(-as_seconds(now - *updated_at_) / kStableSeconds) : 0;
    bps_ = keep * bps_ + (1 - keep) * sample;
  }
  updated_at_ = now;
}

void StableRate::on_backoff(TimePoint now, Bitrate rate) {
  bps_ = std::min(bps_, static_cast<double>(rate.bps()));
  updated_at_ = now;
}

void RttBackoff::on_rtt(TimePoint now, Duration rtt) {
  updated_at_ = now;
  rtt_ = rtt;
}

Duration RttBackoff::corrected_rtt() const {
  if (!last_sent_ || !updated_at_) return rtt_;
  return rtt_ + std::max(*last_sent_ - *updated_at_, Duration::zero());
}

void TargetRate::set_bitrates(TimePoint now, Bitrate start, Bitrate min, Bitrate max) {
  min_ = std::max(min, kLowestBitrate);
  max_ = max.is_zero() || !max.finite() ? kHighestBitrate : std::max(max, min_);
  loss_based_.set_min_max(min_, max_);
  if (start.is_zero()) return;
  stable_.on_start(start);
  set_rate(now, start);
}

void TargetRate::set_rate(TimePoint now, Bitrate rate) {
  delay_based_ = kUnlimited;
  apply(now, rate);
  history_size_ = 0;
}

void TargetRate::forget_losses() {
  loss_state_ = LossState::kDelayBased;
  loss_based_ = LossBasedBwe();
  loss_based_.set_min_max(min_, max_);
  lost_ = 0;
  expected_ = 0;
}

void TargetRate::set_fallback(TimePoint now, bool on) {
  if (fallback_ == on) return;
  fallback_ = on;
  delay_based_ = kUnlimited;
  forget_losses();
  fraction_lost_ = 0;
  if (on) update(now);
}

void TargetRate::on_delay_based(TimePoint now, Bitrate rate) {
  stable_.on_delay_based(now, rate);
  delay_based_ = rate;
  apply(now, current_);
}

void TargetRate::set_acknowledged(std::optional<Bitrate> rate) {
  acknowledged_ = rate;
  if (rate) loss_based_.set_acknowledged(*rate);
}

void TargetRate::on_feedback(TimePoint now, PacketResults results, bool application_limited) {
  loss_based_.on_feedback(results, delay_based_, application_limited);
  update(now);
}

void TargetRate::on_rtt(Duration rtt) {
  if (rtt > Duration::zero()) rtt_ = rtt;
}

void TargetRate::on_losses(TimePoint now, int64_t lost, int64_t expected) {
  if (!first_report_at_) first_report_at_ = now;
  if (expected <= 0) return;
  expected_ += expected;
  lost_ += lost;
  if (expected_ < kMinPackets) return;
  reduced_for_report_ = false;
  fraction_lost_ =
      static_cast<int>(std::min<int64_t>(std::max<int64_t>(lost_, 0) * 256 / expected_, 255));
  lost_ = 0;
  expected_ = 0;
  loss_report_at_ = now;
  update(now);
}

void TargetRate::on_remb(TimePoint now, Bitrate rate) {
  remb_ = rate.is_zero() ? kUnlimited : rate;
  remb_at_ = now;
  if (fallback_) update(now);
}

bool TargetRate::remb_is_fresh(TimePoint now) const {
  return remb_at_ && remb_.finite() && now - *remb_at_ <= kRembLifetime;
}

void TargetRate::update(TimePoint now) {
  reduced_by_rtt_ = backoff_.above_limit();
  if (reduced_by_rtt_) {
    const bool due = !reduced_at_ || now - *reduced_at_ >= RttBackoff::kInterval;
    if (due && current_ > kLowestBitrate) {
      reduced_at_ = now;
      const Bitrate rate = std::max(current_ * RttBackoff::kFactor, kLowestBitrate);
      stable_.on_backoff(now, rate);
      apply(now, rate);
    } else {
      apply(now, current_);
    }
    return;
  }
  if (fallback_) {
    update_by_reports(now);
    return;
  }
  if (fraction_lost_ == 0 && in_start_phase(now) && !loss_based_.ready()) {
    Bitrate rate = current_;
    if (delay_based_.finite()) rate = std::max(rate, delay_based_);
    if (rate != current_) {
      history_size_ = 0;
      apply(now, rate);
      return;
    }
  }
  remember(now);
  if (loss_report_at_ && loss_based_.ready()) {
    const LossBasedBwe::Result result = loss_based_.result();
    loss_state_ = result.state;
    apply(now, result.rate);
    return;
  }
  apply(now, current_);
}

/// Receiver reports, and REMB as the rate to come from.
void TargetRate::update_by_reports(TimePoint now) {
  const double loss = fraction_lost_ / 256.0;
  const bool reported = loss_report_at_ && now - *loss_report_at_ < kReportLifetime;
  if (remb_is_fresh(now) && (!reported || loss <= kHighLoss)) {
    apply(now, remb_);
    return;
  }
  remember(now);
  if (!reported) {
    apply(now, current_);
  } else if (loss <= kLowLoss) {
    const Bitrate lowest = history_[history_first_].rate;
    apply(now, std::max(current_, lowest * 1.08 + Bitrate::kbps(1)));
  } else if (loss > kHighLoss && !reduced_for_report_ &&
             (!reduced_at_ || now - *reduced_at_ >= kDecreaseInterval + rtt_)) {
    reduced_at_ = now;
    reduced_for_report_ = true;
    apply(now, current_ * ((512 - fraction_lost_) / 512.0));
  } else {
    apply(now, current_);
  }
}

bool TargetRate::in_start_phase(TimePoint now) const {
  return !first_report_at_ || now - *first_report_at_ < kStartPhase;
}

void TargetRate::remember(TimePoint now) {
  auto at = [this](size_t i) -> Past& { return history_[(history_first_ + i) % kHistory]; };
  while (history_size_ > 0 && now - at(0).at + Duration(1ms) > kIncreaseInterval) {
    history_first_ = (history_first_ + 1) % kHistory;
    --history_size_;
  }
  while (history_size_ > 0 && current_ <= at(history_size_ - 1).rate) --history_size_;
  if (history_size_ == kHistory) {
    history_first_ = (history_first_ + 1) % kHistory;
    --history_size_;
  }
  at(history_size_++) = {now, current_};
}

Bitrate TargetRate::upper_limit(TimePoint now) const {
  Bitrate limit = std::min(delay_based_, max_);
  if (fallback_ && remb_is_fresh(now)) limit = std::min(limit, remb_);
  return limit;
}

void TargetRate::apply(TimePoint now, Bitrate rate) {
  current_ = std::max(std::min(rate, upper_limit(now)), min_);
  stable_.on_target(now, acknowledged_, current_);
}

TargetRate::Limit TargetRate::limit() const {
  if (reduced_by_rtt_) return Limit::kRoundTrip;
  if (current_ >= max_) return Limit::kMaximum;
  if (fallback_) return current_ == remb_ ? Limit::kReceiver : Limit::kLoss;
  if (loss_state_ != LossState::kDelayBased) return Limit::kLoss;
  return delay_based_.finite() ? Limit::kDelay : Limit::kNone;
}

}  // namespace turms::rtc::bwe
