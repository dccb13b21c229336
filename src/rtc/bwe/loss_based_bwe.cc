#include "rtc/bwe/loss_based_bwe.h"

#include <algorithm>

namespace turms::rtc::bwe {

namespace {

constexpr Duration kMaxHold = 60s;

}  // namespace

LossBasedBwe::LossBasedBwe() : LossBasedBwe(Config()) {}

LossBasedBwe::LossBasedBwe(const Config& config) : config_(config) {
  config_.window = std::min(config_.window, kMaxWindow);
  double weight = 1;
  double upper_bound_weight = 1;
  for (size_t i = 0; i < kMaxWindow; ++i) {
    weights_[i] = weight;
    upper_bound_weights_[i] = upper_bound_weight;
    weight *= config_.weight;
    upper_bound_weight *= config_.upper_bound_weight;
  }
  best_.inherent_loss = config_.inherent_loss_start;
  partial_.losses.reserve(64);
}

void LossBasedBwe::set_min_max(Bitrate min, Bitrate max) {
  min_ = min;
  max_ = max;
  update_lower_bound();
}

void LossBasedBwe::set_acknowledged(Bitrate rate) {
  acknowledged_ = rate;
  update_lower_bound();
}

void LossBasedBwe::set_estimate(Bitrate rate) {
  best_.bandwidth = rate;
  result_ = {rate, LossState::kDelayBased};
}

bool LossBasedBwe::ready() const {
  return best_.bandwidth.finite() && observation_count_ >= config_.min_observations;
}

LossBasedBwe::Result LossBasedBwe::result() const {
  if (!ready()) return {delay_based_, LossState::kDelayBased};
  return result_;
}

void LossBasedBwe::on_feedback(PacketResults results, Bitrate delay_based,
                               bool application_limited) {
  delay_based_ = delay_based;
  if (results.empty() || !push(results)) return;
  if (!best_.bandwidth.finite()) {
    if (!delay_based.finite()) return;
    set_estimate(delay_based);
  }

  Channel candidate = best_candidate(application_limited);
  // No step up while more is lost than the link is thought to lose always.
  if (config_.hold_when_loss_above_inherent && average_loss_ > candidate.inherent_loss) {
    candidate.bandwidth = std::min(candidate.bandwidth, best_.bandwidth);
  }
  if (loss_limited()) bound_increase(candidate);

  const Bitrate upper = upper_bound_.finite() ? upper_bound_ : max_;
  const Bitrate bounded =
      std::max(lower_bound_, std::min({candidate.bandwidth, upper, delay_based_}));
  if (bounded < candidate.bandwidth) {
    best_ = {0, bounded};
  } else {
    best_ = candidate;
    best_.bandwidth = std::max(best_.bandwidth, lower_bound_);
  }
  publish(bounded);
}

/// While loss limits: at most window_limit_ within a window, and a factor above what gets through.
void LossBasedBwe::bound_increase(Channel& candidate) const {
  if (window_since_ && *window_since_ + config_.increase_window > *last_sent_) {
    candidate.bandwidth = std::min(candidate.bandwidth, window_limit_);
  }
  if (!acknowledged_ || !increasing(best_.bandwidth, candidate.bandwidth)) return;
  double factor = config_.rampup_factor;
  if (hold_.rate.finite() && *acknowledged_ < hold_.rate * config_.rampup_hold_threshold) {
    factor = config_.rampup_factor_in_hold;
  }
  candidate.bandwidth =
      std::max(best_.bandwidth, std::min(candidate.bandwidth, *acknowledged_ * factor));
  // The least step that leaves the decreasing state.
  if (result_.state == LossState::kDecreasing && candidate.bandwidth == best_.bandwidth) {
    candidate.bandwidth = best_.bandwidth + Bitrate(1);
  }
}

void LossBasedBwe::publish(Bitrate bounded) {
  const bool below_delay_based = bounded < delay_based_;
  if (result_.state == LossState::kDecreasing && hold_.until > *last_sent_ && below_delay_based) {
    hold_.rate = std::max(lower_bound_, hold_.rate);
    result_.rate = std::min(hold_.rate, bounded);
    return;
  }
  const bool limited = below_delay_based && bounded < max_;
  if (limited && increasing(result_.rate, bounded) && may_keep_increasing(bounded)) {
    if (bounded > padding_.rate) padding_ = {bounded, *last_sent_};
    result_.state = LossState::kIncreasing;
  } else if (limited) {
    if (result_.state != LossState::kDecreasing && config_.hold_factor > 0) {
      const Duration next(
          static_cast<int64_t>(static_cast<double>(hold_.duration.count()) * config_.hold_factor));
      hold_ = {*last_sent_ + hold_.duration, std::min<Duration>(kMaxHold, next), bounded};
    }
    padding_ = Padding();
    result_.state = LossState::kDecreasing;
  } else {
    hold_ = Hold();
    padding_ = Padding();
    result_.state = LossState::kDelayBased;
  }
  result_.rate = bounded;
  if (loss_limited() &&
      (!window_since_ || *window_since_ + config_.increase_window < *last_sent_)) {
    window_limit_ = std::max(kLowestBitrate, best_.bandwidth * config_.max_increase);
    window_since_ = last_sent_;
  }
}

bool LossBasedBwe::increasing(Bitrate before, Bitrate after) const {
  return loss_limited() &&
         (before < after || (before == after && result_.state == LossState::kIncreasing));
}

bool LossBasedBwe::may_keep_increasing(Bitrate estimate) const {
  if (result_.state != LossState::kIncreasing) return true;
  return padding_is_on() || padding_.rate < estimate;
}

bool LossBasedBwe::padding_is_on() const {
  return padding_.since != TimePoint::min() && padding_.since + config_.padding >= *last_sent_;
}

bool LossBasedBwe::push(PacketResults results) {
  TimePoint first = TimePoint::max();
  TimePoint last = TimePoint::min();
  for (const PacketResult& packet : results) {
    push_packet(packet);
    first = std::min(first, packet.sent);
    last = std::max(last, packet.sent);
  }
  if (!last_sent_) last_sent_ = first;
  const Duration duration = last - *last_sent_;
  if (duration <= Duration::zero() || duration < config_.min_observation) return false;
  last_sent_ = last;

  Observation observation;
  observation.used = true;
  observation.bytes = partial_.bytes;
  observation.lost_bytes = partial_.lost_bytes_beyond;
  for (const auto& [sequence, size] : partial_.losses) observation.lost_bytes += size;
  observation.lost_bytes = std::min(observation.lost_bytes, observation.bytes);
  observation.sending_rate = rate_of(partial_.bytes, duration);
  if (observation_count_ > 0 && config_.sending_rate_smoothing > 0) {
    const auto previous = static_cast<size_t>(observation_count_ - 1) % config_.window;
    observation.sending_rate =
        observations_[previous].sending_rate * config_.sending_rate_smoothing +
        observation.sending_rate * (1 - config_.sending_rate_smoothing);
  }
  observation.id = observation_count_++;
  observations_[static_cast<size_t>(observation.id) % config_.window] = observation;
  partial_.bytes = 0;
  partial_.lost_bytes_beyond = 0;
  partial_.losses.clear();
  update_average_loss();
  update_upper_bound();
  return true;
}

void LossBasedBwe::push_packet(const PacketResult& packet) {
  auto& losses = partial_.losses;
  auto place = losses.end();
  if (!losses.empty() && losses.back().first >= packet.sequence) {
    place = std::lower_bound(losses.begin(), losses.end(), std::pair(packet.sequence, INT32_MIN));
  }
  const bool known_lost = place != losses.end() && place->first == packet.sequence;
  if (packet.is_received()) {
    if (known_lost) losses.erase(place);
  } else if (!known_lost) {
    if (losses.size() < kMaxLosses) {
      losses.insert(place, {packet.sequence, packet.size});
    } else {
      partial_.lost_bytes_beyond += packet.size;
    }
  }
  if (!(packet.reported_before && known_lost)) partial_.bytes += packet.size;
}

LossBasedBwe::Channel LossBasedBwe::best_candidate(bool application_limited) const {
  std::array<Bitrate, 5> rates;
  size_t count = 0;
  for (const double factor : config_.candidate_factors) {
    if (factor > 0) rates[count++] = best_.bandwidth * factor;
  }
  if (acknowledged_ && (!application_limited || padding_is_on())) rates[count++] = *acknowledged_;
  if (delay_based_.finite() && delay_based_ > best_.bandwidth) rates[count++] = delay_based_;

  const Bitrate bound = loss_limited() && window_limit_.finite() ? window_limit_ : max_;
  Channel chosen = best_;
  double most = std::numeric_limits<double>::lowest();
  for (size_t i = 0; i < count; ++i) {
    Channel candidate = best_;
    candidate.bandwidth = std::min(rates[i], std::max(best_.bandwidth, bound));
    candidate.inherent_loss = feasible_loss(candidate);
    fit_inherent_loss(candidate);
    const double value = objective(candidate);
    if (value > most) {
      most = value;
      chosen = candidate;
    }
  }
  return chosen;
}

}  // namespace turms::rtc::bwe
