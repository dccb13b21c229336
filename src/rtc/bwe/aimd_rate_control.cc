#include "rtc/bwe/aimd_rate_control.h"

#include <algorithm>
#include <cmath>

namespace turms::rtc::bwe {

namespace {

constexpr Bitrate kExtraBackoff = Bitrate::kbps(5);  // drains the queue at low rates
constexpr double kGrowthPerSecond = 1.08;
constexpr Duration kBlindInterval = 200ms;
constexpr Duration kSettle = 5s;  // of throughput before it stands for an estimate

}  // namespace

void AimdRateControl::set_start(Bitrate rate) {
  current_ = rate;
  throughput_ = rate;
  valid_ = true;
}

void AimdRateControl::set_min(Bitrate rate) {
  min_ = rate;
  current_ = std::max(rate, current_);
}

void AimdRateControl::set_estimate(Bitrate rate, TimePoint now) {
  valid_ = true;
  const Bitrate before = current_;
  current_ = clamp(rate);
  changed_at_ = now;
  if (current_ < before) decreased_at_ = now;
}

bool AimdRateControl::may_reduce(TimePoint now, Bitrate acknowledged) const {
  const Duration interval = std::clamp<Duration>(rtt_, 10ms, 200ms);
  if (!changed_at_ || now - *changed_at_ >= interval) return true;
  return valid_ && acknowledged < latest() * 0.5;
}

bool AimdRateControl::may_reduce_blindly(TimePoint now) const {
  return !decreased_at_ || now - *decreased_at_ >= kBlindInterval;
}

double AimdRateControl::additive_increase() const {
  constexpr double kFramesPerSecond = 30;
  constexpr double kPacketBits = 1200 * 8;
  constexpr double kLeast = 4000;
  const double frame_bits = static_cast<double>(current_.bps()) / kFramesPerSecond;
  const double packet_bits = frame_bits / std::ceil(frame_bits / kPacketBits);
  const double response_seconds = 2 * as_seconds(rtt_ + 100ms);
  return std::max(kLeast, packet_bits / response_seconds);
}

Duration AimdRateControl::expected_period() const {
  if (!last_decrease_) return 3s;
  const double seconds = static_cast<double>(last_decrease_->bps()) / additive_increase();
  return std::clamp<Duration>(Duration(std::llround(std::min(seconds, 50.0) * 1e9)), 2s, 50s);
}

Bitrate AimdRateControl::update(Usage usage, std::optional<Bitrate> acknowledged, TimePoint now,
                                double backoff) {
  if (!valid_ && acknowledged) {
    if (!first_throughput_at_) {
      first_throughput_at_ = now;
    } else if (now - *first_throughput_at_ > kSettle) {
      current_ = *acknowledged;
      valid_ = true;
    }
  }
  if (acknowledged) throughput_ = *acknowledged;
  // Overuse acts before there is an estimate, and makes one.
  if (!valid_ && usage != Usage::kOverusing) return current_;

  change_state(usage, now);
  std::optional<Bitrate> changed;
  if (state_ == State::kIncrease) changed = increased(throughput_, now);
  if (state_ == State::kDecrease) changed = decreased(throughput_, now, backoff);
  current_ = clamp(changed.value_or(current_));
  return current_;
}

void AimdRateControl::change_state(Usage usage, TimePoint now) {
  switch (usage) {
    case Usage::kNormal:
      if (state_ == State::kHold) {
        changed_at_ = now;
        state_ = State::kIncrease;
      }
      break;
    case Usage::kOverusing:
      state_ = State::kDecrease;
      break;
    case Usage::kUnderusing:
      state_ = State::kHold;  // queues drain: wait for their end
      break;
  }
}

std::optional<Bitrate> AimdRateControl::increased(Bitrate throughput, TimePoint now) {
  if (throughput > capacity_.upper_bound()) capacity_.reset();
  const double seconds = changed_at_ ? as_seconds(now - *changed_at_) : 1.0;
  changed_at_ = now;
  // No more than what feedback can confirm. Above it already, by a probe: stay there.
  const Bitrate limit = throughput * 1.5 + Bitrate::kbps(10);
  if (current_ >= limit) return std::nullopt;
  Bitrate step;
  if (capacity_.has_estimate()) {
    step = Bitrate(whole(additive_increase() * seconds));
  } else {
    step = std::max(current_ * (std::pow(kGrowthPerSecond, std::min(seconds, 1.0)) - 1),
                    Bitrate::kbps(1));
  }
  return std::min(current_ + step, limit);
}

std::optional<Bitrate> AimdRateControl::decreased(Bitrate throughput, TimePoint now,
                                                  double backoff) {
  Bitrate target = throughput * backoff;
  if (target > kExtraBackoff) target = target - kExtraBackoff;
  if (target > current_ && capacity_.has_estimate()) target = capacity_.estimate() * backoff;
  std::optional<Bitrate> changed;
  if (target < current_) changed = target;
  if (valid_ && throughput < current_) {
    last_decrease_ = changed ? current_ - *changed : Bitrate();
  }
  // Far from the capacity known so far: learn it anew.
  if (throughput < capacity_.lower_bound()) capacity_.reset();
  capacity_.on_overuse(throughput);
  valid_ = true;
  state_ = State::kHold;
  changed_at_ = now;
  decreased_at_ = now;
  return changed;
}

}  // namespace turms::rtc::bwe
