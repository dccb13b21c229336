// The likelihood of what was lost, given a channel: the numerical half of LossBasedBwe.
#include <algorithm>
#include <cmath>

#include "rtc/bwe/loss_based_bwe.h"

namespace turms::rtc::bwe {

namespace {

double kilobytes(int64_t bytes) {
  return static_cast<double>(bytes) / 1000;
}

/// Loss of a channel at `sending`: its share always, and all that is above its bandwidth.
double loss_probability(double inherent_loss, Bitrate bandwidth, Bitrate sending) {
  double loss = std::clamp(inherent_loss, 0.0, 1.0);
  if (sending.finite() && bandwidth.finite() && sending > bandwidth) {
    loss += (1 - loss) * (sending - bandwidth).ratio_to(sending);
  }
  return std::clamp(loss, 1e-6, 1 - 1e-6);
}

}  // namespace

/// Newton's method on the log-likelihood. Observations below the bandwidth share one loss.
void LossBasedBwe::fit_inherent_loss(Channel& channel) const {
  for (int i = 0; i < config_.newton_iterations; ++i) {
    const double below = loss_probability(channel.inherent_loss, channel.bandwidth, Bitrate());
    double lost_below = 0;
    double received_below = 0;
    double first = 0;
    double second = 0;
    for (const Observation& o : observations_) {
      if (!o.used) continue;
      const double lost = weight_of(o) * kilobytes(o.lost_bytes);
      const double received = weight_of(o) * kilobytes(o.bytes - o.lost_bytes);
      if (o.sending_rate <= channel.bandwidth) {
        lost_below += lost;
        received_below += received;
        continue;
      }
      const double loss =
          loss_probability(channel.inherent_loss, channel.bandwidth, o.sending_rate);
      first += lost / loss - received / (1 - loss);
      second -= lost / (loss * loss) + received / ((1 - loss) * (1 - loss));
    }
    first += lost_below / below - received_below / (1 - below);
    second -= lost_below / (below * below) + received_below / ((1 - below) * (1 - below));
    if (second >= 0) second = -1e-6;  // nothing was sent
    channel.inherent_loss -= config_.newton_step * first / second;
    channel.inherent_loss = feasible_loss(channel);
  }
}

double LossBasedBwe::feasible_loss(const Channel& channel) const {
  double upper = 1;
  if (!channel.bandwidth.is_zero()) {
    upper = std::min(1.0, config_.inherent_loss_offset +
                              config_.inherent_loss_balance.ratio_to(channel.bandwidth));
  }
  return std::min(std::max(channel.inherent_loss, config_.inherent_loss_min), upper);
}

double LossBasedBwe::objective(const Channel& channel) const {
  const double bias = bandwidth_bias(channel.bandwidth);
  // Most observations were sent below the bandwidth, and share their logarithms.
  const double below = loss_probability(channel.inherent_loss, channel.bandwidth, Bitrate());
  const double log_lost_below = std::log(below);
  const double log_received_below = std::log(1 - below);
  double sum = 0;
  for (const Observation& o : observations_) {
    if (!o.used) continue;
    double log_lost = log_lost_below;
    double log_received = log_received_below;
    if (o.sending_rate > channel.bandwidth) {
      const double loss =
          loss_probability(channel.inherent_loss, channel.bandwidth, o.sending_rate);
      log_lost = std::log(loss);
      log_received = std::log(1 - loss);
    }
    sum += weight_of(o) *
           (kilobytes(o.lost_bytes) * log_lost + kilobytes(o.bytes - o.lost_bytes) * log_received +
            bias * kilobytes(o.bytes));
  }
  return sum;
}

/// Prefers more bandwidth below bias_loss_threshold, less above.
double LossBasedBwe::bandwidth_bias(Bitrate bandwidth) const {
  if (!bandwidth.finite()) return 0;
  const double margin = config_.bias_loss_threshold - average_loss_;
  const double sign = margin / (config_.bias_smoothing + std::abs(margin));
  const double kbps = std::round(bandwidth.to_kbps());
  return sign * (config_.bias * kbps + config_.log_bias * std::log(1 + kbps));
}

void LossBasedBwe::update_average_loss() {
  struct Extreme {
    double loss;
    double lost = 0;
    double bytes = 0;
    Bitrate sending{};
  };
  Extreme least{1};
  Extreme most{0};
  double bytes = 0;
  double lost = 0;
  for (const Observation& o : observations_) {
    if (!o.used) continue;
    const double weight = upper_bound_weights_[static_cast<size_t>(observation_count_ - 1 - o.id)];
    const double o_bytes = weight * static_cast<double>(o.bytes);
    const double o_lost = weight * static_cast<double>(o.lost_bytes);
    bytes += o_bytes;
    lost += o_lost;
    if (observation_count_ <= 3) continue;
    const double loss = o.bytes > 0 ? o_lost / o_bytes : 0;
    if (loss > most.loss) most = {loss, o_lost, o_bytes, o.sending_rate};
    if (loss < least.loss) least = {loss, o_lost, o_bytes, o.sending_rate};
  }
  average_loss_ = bytes > 0 ? lost / bytes : 0;
  // A burst that lost much was sent at more than usual: that is no spike to leave out.
  if (median_sending_rate() * config_.median_rate_factor <= most.sending) return;
  const double rest = bytes - most.bytes - least.bytes;
  if (rest > 0.5) average_loss_ = std::max(0.0, (lost - most.lost - least.lost) / rest);
}

Bitrate LossBasedBwe::median_sending_rate() const {
  std::array<Bitrate, kMaxWindow> rates;
  size_t count = 0;
  for (const Observation& o : observations_) {
    if (o.used && !o.sending_rate.is_zero()) rates[count++] = o.sending_rate;
  }
  if (count == 0) return Bitrate();
  std::sort(rates.begin(), rates.begin() + static_cast<std::ptrdiff_t>(count));
  const Bitrate upper = rates[count / 2];
  return count % 2 != 0 ? upper : (rates[count / 2 - 1] + upper) * 0.5;
}

void LossBasedBwe::update_upper_bound() {
  upper_bound_ = max_;
  if (average_loss_ > config_.upper_bound_offset) {
    upper_bound_ = config_.upper_bound_balance * (1 / (average_loss_ - config_.upper_bound_offset));
  }
}

void LossBasedBwe::update_lower_bound() {
  lower_bound_ = min_;
  if (acknowledged_ && config_.lower_bound_factor > 0) {
    lower_bound_ = std::max(lower_bound_, *acknowledged_ * config_.lower_bound_factor);
  }
}

}  // namespace turms::rtc::bwe
