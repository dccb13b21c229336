#include "rtc/bwe/estimator.h"

#include <algorithm>
#include <utility>

namespace turms::rtc::bwe {

namespace {

constexpr Duration kLossInterval = 1s;
constexpr Duration kQueueOfLoss = 60ms;  // what is lost around it was lost at its end
constexpr int64_t kPacketsOfLoss = 20;
constexpr Duration kMaxInterval = 250ms;     // between two looks at silence and round trip
constexpr double kProbeDropFraction = 0.85;  // of the acknowledged rate: no probe pulls lower
constexpr double kMildLoss = 0.08;           // may well be there at any rate: a probe is believed
constexpr double kCleanLoss = 0.02;
constexpr double kLossy = 0.1;
constexpr double kNoLoss = 0.01;
constexpr Duration kLossOver = 1s;

bool by_arrival(const PacketResult& a, const PacketResult& b) {
  return a.received != b.received ? a.received < b.received : a.sequence < b.sequence;
}

}  // namespace

const char* to_string(LimitingReason reason) {
  switch (reason) {
    case LimitingReason::kNone:
      return "none";
    case LimitingReason::kDelay:
      return "delay";
    case LimitingReason::kLoss:
      return "loss";
    case LimitingReason::kReceiver:
      return "receiver";
    case LimitingReason::kRoundTrip:
      return "round-trip";
    case LimitingReason::kMaximum:
      return "maximum";
  }
  return "?";
}

Estimator::Estimator(TimePoint now, const Config& config)
    : config_(config), history_(config.first_sequence) {
  config_.min = std::max(config_.min, kLowestBitrate);
  config_.max = std::max(config_.max, config_.min);
  config_.start = std::clamp(config_.start, config_.min, config_.max);
  fallback_ = !config_.transport_feedback;
  target_rate_.set_bitrates(now, config_.start, config_.min, config_.max);
  target_rate_.set_fallback(now, fallback_);
  delay_based_.set_start(config_.start);
  delay_based_.set_min(config_.min);
  probes_.set_available(now, !fallback_);
  probes_.set_bitrates(now, config_.start, config_.min, config_.max);
  publish(now);
  schedule(now);
}

void Estimator::on_untracked_sent(TimePoint now, size_t size) {
  on_media_sent(now, size);
  history_.on_untracked_sent(size);
}

void Estimator::on_transport_feedback(TimePoint now, const rtcp::PacketView& feedback) {
  on_results(now, history_.on_feedback(now, feedback));
}

void Estimator::on_congestion_feedback(TimePoint now, const rtcp::PacketView& feedback,
                                       const SentNumbers& numbers) {
  on_results(now, history_.on_congestion_feedback(now, feedback, numbers));
}

void Estimator::on_results(TimePoint now, PacketResults results) {
  if (results.empty()) return;
  last_feedback_ = now;
  first_unanswered_.reset();
  if (fallback_) {
    fallback_ = false;
    target_rate_.set_fallback(now, false);
    delay_based_.set_start(target_rate_.rate());
    probes_.set_available(now, true);
  }
  const PacketResults received = sort_received(results);
  update_rtt(now, received);
  update_losses(now, results);

  const bool limited = alr_.since().has_value();
  if (was_application_limited_ && !limited) probes_.set_alr_ended(now);
  was_application_limited_ = limited;
  throughput_.on_feedback(received);
  recent_throughput_.on_feedback(received);
  acknowledged_ = throughput_.rate();
  target_rate_.set_acknowledged(acknowledged_);
  path_.on_feedback(now, received);
  bottleneck_.on_feedback(path_.queue(), received);
  if (path_.queue() > kQueueOfLoss) queue_seen_at_ = now;

  crowd_.on_feedback(now, bottleneck_.rate(), bottleneck_.pairs(BottleneckRate::kPairsNow));
  auto delay = delay_based_.on_feedback(now, received, acknowledged_, probe_result(received),
                                        bottleneck(now));
  competition_.on_feedback(now, {path_.queue(), bottleneck_.rate(), bottleneck_.pairs(),
                                 acknowledged_, target_.loss, target_.rtt});
  if (const auto rate = competition_.rate()) {
    path_.hold(now);
    crowd_.reset();  // whose part is told by losses
    delay_based_.raise(now, *rate);
    delay.rate = std::max(delay.rate, *rate);
    delay.updated = true;
  }
  if (delay.updated) {
    if (delay.from_probe) {
      // The loss-based part may not grow beyond what a limited sender has acknowledged.
      const bool by_loss = target_rate_.loss_state() != LossState::kDelayBased;
      const bool mild = target_.loss < kMildLoss && path_.queue() <= PathDelay::kClean;
      if (by_loss && delay.rate > target_.rate && (mild || loss_is_over(now))) {
        target_rate_.forget_losses();
      }
      target_rate_.set_rate(now, delay.rate);
      proof_ = {delay.rate, now};
    }
    // What a probe has shown holds until a queue says otherwise.
    const bool reduced = !delay.from_probe && delay_based_.usage() == Usage::kOverusing;
    if (proof_ && (reduced || bottleneck_.sudden()) && delay.rate < proof_->rate) proof_.reset();
    target_rate_.on_delay_based(now, delay.rate);
  }
  target_rate_.on_feedback(now, results, limited);
  publish(now);
  if (delay.recovered) probes_.on_recovered(now);
  schedule(now);
}

PacketResults Estimator::sort_received(PacketResults results) {
  received_.clear();
  for (const PacketResult& result : results) {
    if (result.is_received()) received_.push_back(result);
  }
  if (!std::is_sorted(received_.begin(), received_.end(), by_arrival)) {
    std::sort(received_.begin(), received_.end(), by_arrival);
  }
  return received_;
}

/// What a reduction begins with. Without a queue what got through lately, if that is more than a
/// second's mean: a sender with layers may just have begun a larger one. Such a sender is below the
/// capacity as a rule, and the detector knows trends of a few milliseconds: what gets through
/// without a queue need not be given up.
DelayBasedBwe::Bottleneck Estimator::bottleneck(TimePoint now) const {
  const bool queue = path_.queue() > BottleneckRate::kStanding;
  const bool stepping = path_.stepping();
  // Who goes by delay leaves no queue this high, a download does; it will not give way for a part.
  std::optional<double> part;
  if (path_.queue() <= kStandingQueue) part = crowd_.part(now);
  if (const auto rate = bottleneck_.rate()) {
    return {rate, bottleneck_.sudden() && !stepping, queue, stepping, part};
  }
  if (!acknowledged_) return {.queue = queue, .stepping = stepping, .part = part};
  const Bitrate recent = recent_throughput_.rate().value_or(*acknowledged_);
  return {std::max(*acknowledged_, recent), false, queue, stepping, part};
}

/// The least of a message: without the time that the receiver kept reports back.
void Estimator::update_rtt(TimePoint now, PacketResults received) {
  if (received.empty()) return;
  const TimePoint newest = received.back().received;
  Duration rtt = Duration::max();
  for (const PacketResult& packet : received) {
    rtt = std::min(rtt, now - packet.sent - (newest - packet.received));
  }
  rtt = std::max(rtt, Duration::zero());
  target_rate_.on_propagation_rtt(now, rtt);
  target_rate_.on_rtt(rtt);
  delay_based_.set_rtt(rtt);
  probes_.set_rtt(rtt);
}

void Estimator::update_losses(TimePoint now, PacketResults results) {
  const int64_t lost_before = lost_;
  const int64_t expected_before = expected_;
  for (const PacketResult& result : results) {
    if (result.reported_before) {
      lost_ -= 1;  // it was only late
    } else {
      ++expected_;
      if (!result.is_received()) ++lost_;
    }
  }
  if (expected_ > expected_before) {
    const double share =
        static_cast<double>(lost_ - lost_before) / static_cast<double>(expected_ - expected_before);
    recent_loss_ += (std::max(share, 0.0) - recent_loss_) / 2;
  }
  if (loss_update_at_ && now - *loss_update_at_ <= kLossInterval) return;
  loss_update_at_ = now;
  const bool queued = queue_seen_at_ && now - *queue_seen_at_ < 2 * kLossInterval;
  if (!queued && expected_ >= kPacketsOfLoss &&
      static_cast<double>(lost_) >= kRandomLoss * static_cast<double>(expected_)) {
    random_loss_at_ = now;
  }
  target_rate_.on_losses(now, lost_, expected_);
  lost_ = 0;
  expected_ = 0;
}

std::optional<Bitrate> Estimator::probe_result(PacketResults received) {
  for (const PacketResult& packet : received) {
    if (packet.probe_cluster != ProbeCluster::kNone) probe_estimator_.on_packet(packet);
  }
  std::optional<Bitrate> result = probe_estimator_.take_result();
  if (result && acknowledged_) {
    result =
        std::max(*result, std::min(delay_based_.latest(), *acknowledged_ * kProbeDropFraction));
  }
  return result;
}

void Estimator::on_remb(TimePoint now, Bitrate rate) {
  target_rate_.on_remb(now, rate);
  publish(now);
}

void Estimator::on_receiver_report(TimePoint now, int64_t lost, int64_t expected,
                                   std::optional<Duration> rtt) {
  if (rtt && (fallback_ || !last_feedback_)) target_rate_.on_rtt(*rtt);
  if (!fallback_) return;
  target_rate_.on_losses(now, lost, expected);
  publish(now);
}

void Estimator::set_demand(TimePoint now, const ProbeController::Demand& demand) {
  probes_.set_demand(now, demand);
  schedule(now);
}

void Estimator::on_proven(TimePoint now, Bitrate rate) {
  if (fallback_ || delay_based_.usage() == Usage::kOverusing) return;
  if (target_rate_.loss_state() != LossState::kDelayBased) target_rate_.forget_losses();
  delay_based_.raise(now, rate);
  if (rate > target_rate_.rate()) target_rate_.set_rate(now, rate);
  publish(now);
  schedule(now);
}

void Estimator::on_route_change(TimePoint now) {
  Bitrate start = std::min(config_.start, target_rate_.rate());
  if (acknowledged_) start = std::clamp(*acknowledged_, config_.min, start);
  throughput_ = RobustThroughputEstimator();
  recent_throughput_ = RobustThroughputEstimator(kRecent);
  bottleneck_ = BottleneckRate();
  competition_.reset();
  crowd_.reset();
  probe_estimator_ = ProbeBitrateEstimator();
  delay_based_ = DelayBasedBwe();
  path_ = PathDelay();
  acknowledged_.reset();
  first_unanswered_.reset();
  target_rate_ = TargetRate();
  target_rate_.set_bitrates(now, start, config_.min, config_.max);
  target_rate_.set_fallback(now, fallback_);
  delay_based_.set_start(start);
  delay_based_.set_min(config_.min);
  proof_.reset();
  was_congested_ = false;
  probes_.restart(now, start);
  publish(now);
  schedule(now);
}

void Estimator::on_timeout(TimePoint now) {
  watch(now);
  target_rate_.update(now);
  publish(now);
  probes_.set_alr(alr_.since());
  probes_.process(now);
  schedule(now);
}

/// A client that offered transport feedback may still send none, or stop.
void Estimator::watch(TimePoint now) {
  if (fallback_ || !first_unanswered_ || !last_sent_) return;
  if (*last_sent_ - *first_unanswered_ < kFeedbackTimeout) return;
  fallback_ = true;
  target_rate_.set_fallback(now, true);
  probes_.set_available(now, false);
  acknowledged_.reset();
}

bool Estimator::loss_is_over(TimePoint now) const {
  return lossless_since_ && now - *lossless_since_ >= kLossOver;
}

ProbeController::Cause Estimator::cause(TimePoint now) const {
  using Cause = ProbeController::Cause;
  if (delay_based_.usage() != Usage::kNormal || competition_.shared()) {
    return Cause::kDelayIncreased;
  }
  if (target_rate_.rtt_above_limit()) return Cause::kRoundTrip;
  switch (target_rate_.loss_state()) {
    // Below its estimate a sender with layers cannot show by what gets through that the loss is
    // over; a probe can.
    case LossState::kDecreasing:
      return loss_is_over(now) ? Cause::kLossRecovering : Cause::kLoss;
    case LossState::kIncreasing:
      return Cause::kLossRecovering;
    case LossState::kDelayBased:
      break;
  }
  return Cause::kDelay;
}

bool Estimator::draining(TimePoint now) {
  const bool ours = !competition_.shared() && !path_.stepping();
  if (fallback_ || !ours || path_.queue() <= PathDelay::kClean) {
    drain_since_.reset();
  } else if (!drain_since_ && path_.queue() > kStandingQueue) {
    drain_since_ = now;
  }
  return drain_since_ && now - *drain_since_ < kMaxDrain;
}

void Estimator::publish(TimePoint now) {
  Target next;
  next.rate = target_rate_.rate();
  if (draining(now)) next.rate = std::max(next.rate * kDrainFactor, config_.min);
  next.stable = std::min(target_rate_.stable_rate(), next.rate);
  next.pacing = next.rate * config_.pacing_factor;
  if (!fallback_ && target_rate_.loss_state() == LossState::kIncreasing) next.padding = next.rate;
  next.loss = target_rate_.loss();
  next.rtt = target_rate_.rtt();
  next.queue = path_.queue();
  next.reason = static_cast<LimitingReason>(target_rate_.limit());
  next.overusing = delay_based_.usage() == Usage::kOverusing;
  next.shared = competition_.shared();
  next.crowded = crowd_.capacity(now);
  was_congested_ = was_congested_ || next.overusing || draining(now) || next.loss > kLossy ||
                   target_rate_.loss_state() == LossState::kDecreasing;
  next.fallback = fallback_;
  if (next.rate != target_.rate) alr_.set_estimate(next.rate);
  changed_ = changed_ || next.rate != target_.rate || next.stable != target_.stable ||
             next.padding != target_.padding || next.reason != target_.reason ||
             next.loss != target_.loss || next.rtt != target_.rtt ||
             next.overusing != target_.overusing || next.shared != target_.shared ||
             next.crowded != target_.crowded || next.fallback != target_.fallback;
  target_ = next;
  const bool clean = target_rate_.average_loss() < kCleanLoss;
  if (target_rate_.average_loss() >= kNoLoss) {
    lossless_since_.reset();
  } else if (!lossless_since_) {
    lossless_since_ = now;
  }
  probes_.set_clean(clean ? path_.clean_since() : std::nullopt);
  probes_.set_estimate(now, next.rate, cause(now));
}

void Estimator::schedule(TimePoint now) {
  deadline_ =
      now + std::clamp<Duration>(probes_.next_deadline() == kNever ? Duration(kMaxInterval)
                                                                   : probes_.next_deadline() - now,
                                 kTick, kMaxInterval);
}

bool Estimator::take_change() {
  return std::exchange(changed_, false);
}

std::optional<ProbeCluster> Estimator::take_probe() {
  auto cluster = probes_.take();
  if (cluster) history_.add_cluster(*cluster);
  return cluster;
}

}  // namespace turms::rtc::bwe
