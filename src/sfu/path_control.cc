#include "sfu/path_control.h"

#include <algorithm>
#include <utility>

#include "sfu/transport.h"

namespace turms::sfu {

using rtc::bwe::Bitrate;
using rtc::bwe::ProbeCluster;

namespace {

constexpr Duration kCongested = 60ms;
constexpr double kPacing = 1.1;
/// What waits shorter is no reason to pause.
constexpr Duration kCalmQueue = 100ms;
constexpr Duration kCalmPacer = 400ms;
/// What waits shorter flows, and may exceed the estimate by a tenth.
constexpr Duration kFlowingQueue = 40ms;
constexpr Duration kFlowingPacer = 150ms;
constexpr uint64_t kSlack = 10;
/// What has to wait longer in the pacer is taken off what may be sent, as if it were to be made up
/// for within kCatchUp.
constexpr Duration kPacerPatience = 250ms;
constexpr double kCatchUpSeconds = 2;
/// For how long a probe may tell before more than lowest layers is begun without.
constexpr Duration kUnknown = 1s;
/// Redundant sound takes a sixth of that.
constexpr Bitrate kNarrow = Bitrate::kbps(1000);
/// Above, it goes where what it takes may be what the next layer lacks, and comes back with room.
constexpr Bitrate kRedundancy = Bitrate::kbps(50);
constexpr double kRoomForRedundancy = 1.2;  // of what is wanted
/// Losses that repairs do not mend well at long round trips: they are sent twice.
constexpr double kManyLosses = 0.03;
constexpr Duration kLongRoundTrip = 50ms;
constexpr Duration kLossMemory = 10s;

uint64_t handle_of(const PathControl::Queued& packet) {
  return uint64_t{packet.ssrc.value} << 17 | uint64_t{packet.retransmission} << 16 |
         packet.sequence;
}

Bitrate bitrate(uint64_t bps) {
  return Bitrate(static_cast<int64_t>(bps));
}

uint32_t microseconds(Duration d) {
  return static_cast<uint32_t>(std::clamp<int64_t>(to_us(d), 0, UINT32_MAX));
}

}  // namespace

PathControl::PathControl(TimePoint now, Transport& transport, const Config& config)
    : timer(Timer::Kind::kPath, &transport),
      audio_since(now),
      estimator_(now, {.transport_feedback = config.transport_feedback,
                       .first_sequence = config.first_sequence}),
      trial_(transport.id.value),
      id_(transport.id),
      allow_pause_(config.allow_pause) {
  update(now);
}

bool PathControl::queue(TimePoint now, const Queued& packet) {
  using Class = rtc::bwe::Pacer::Class;
  woken = true;
  return pacer_.push(now, {.handle = handle_of(packet),
                           .size = static_cast<uint32_t>(packet.size + kOverhead),
                           .stream = packet.ssrc.value,
                           .kind = packet.retransmission ? Class::kRetransmission : Class::kVideo,
                           .key_frame = packet.key_frame,
                           .key_frame_begin = packet.key_frame_begin});
}

std::optional<PathControl::Output> PathControl::next(TimePoint now) {
  auto output = pacer_.next(now);
  cluster_ = output ? output->probe_cluster : ProbeCluster::kNone;
  if (!output) return std::nullopt;
  Output out;
  out.action = output->action;
  out.padding = output->padding;
  out.packet.ssrc = rtc::Ssrc(static_cast<uint32_t>(output->packet.handle >> 17));
  out.packet.retransmission = (output->packet.handle >> 16 & 1) != 0;
  out.packet.sequence = static_cast<uint16_t>(output->packet.handle);
  out.packet.size = output->packet.size;
  return out;
}

void PathControl::on_padding_sent(TimePoint now, size_t size) {
  padding_bytes_ += size;
  pacer_.on_padding_sent(now, size, cluster_);
}

void PathControl::on_transport_feedback(TimePoint now, const rtc::rtcp::PacketView& packet) {
  estimator_.on_transport_feedback(now, packet);
  if (const auto& proof = estimator_.proof(); proof && proof->at != proof_at_) {
    proof_at_ = proof->at;
    ++probes_.results;
  }
}

void PathControl::on_congestion_feedback(TimePoint now, const rtc::rtcp::PacketView& packet,
                                         const rtc::bwe::SentNumbers& numbers) {
  estimator_.on_congestion_feedback(now, packet, numbers);
}

void PathControl::on_remb(TimePoint now, uint64_t bits_per_second) {
  estimator_.on_remb(now, bitrate(std::min<uint64_t>(bits_per_second, INT64_MAX / 2)));
}

void PathControl::on_receiver_report(TimePoint now, int64_t lost, int64_t expected,
                                     Duration round_trip) {
  estimator_.on_receiver_report(now, lost, expected, round_trip);
}

bool PathControl::update(TimePoint now) {
  if (now >= estimator_.next_deadline()) estimator_.on_timeout(now);
  if (media_since_ != kNever) {
    estimator_.set_demand(now, demand_);
    while (const auto cluster = estimator_.take_probe()) {
      pacer_.add_probe(*cluster);
      ++probes_.sent;
    }
  }
  try_more(now);
  const bool changed = estimator_.take_change();
  const bool allocated = std::exchange(allocated_, false);
  if (changed || allocated || trial_.running()) set_pacing(now);
  if (trial_.running() || padded_) pacer_.set_padding_rate(now, bitrate(trial_.rate_bps()));
  padded_ = trial_.running();
  return changed;
}

void PathControl::try_more(TimePoint now) {
  const rtc::bwe::Target& target = estimator_.target();
  const bool may = !target.fallback && !target.shared && media_since_ != kNever;
  const auto before = trial_.proof();
  trial_.update(now, {.allocated_bps = allocator_.allocated_bps(),
                      .step_bps = may ? allocator_.doubted_bps() : 0,
                      .wanted_bps = allocator_.wanted_bps(),
                      .acknowledged_bps = static_cast<uint64_t>(
                          estimator_.acknowledged().value_or(Bitrate()).bps()),
                      .crowd_bps = static_cast<uint64_t>(target.crowded.bps()),
                      .queue = target.queue,
                      .rtt = target.rtt,
                      .loss = target.loss,
                      .recent_loss = estimator_.recent_loss(),
                      .overusing = target.overusing});
  const auto& proof = trial_.proof();
  if (proof && proof != before) estimator_.on_proven(now, bitrate(proof->bps));
}

void PathControl::set_pacing(TimePoint now) {
  const rtc::bwe::Target& target = estimator_.target();
  using Path = rtc::bwe::Pacer::Path;
  // Where the path has shown its limit, and that is near, a key frame at more than that would look
  // like another.
  const bool limited = estimator_.was_congested() && !target.fallback &&
                       allocator_.allocated_bps() < allocator_.wanted_bps();
  const bool overusing = target.overusing && !target.shared;
  const bool congested = overusing || own_queue() > kCongested || limited;
  const bool untried = !estimator_.was_congested() && !target.fallback;
  Bitrate rate = untried ? target.pacing : congested ? target.rate : target.rate * kPacing;
  // Where packets get lost that no queue explains, what is sent at all is sent in time. So is what
  // may not be paused.
  const bool lossy =
      target.reason == rtc::bwe::LimitingReason::kLoss && !overusing && own_queue() <= kCongested;
  if (lossy || forced_) rate = std::max(rate, bitrate(allocator_.allocated_bps()) * kPacing);
  rate = std::max(rate, bitrate(trial_.rate_bps()) * kPacing);
  pacer_.set_rate(now, rate,
                  congested ? Path::kCongested
                  : untried ? Path::kUntried
                            : Path::kNormal);
}

bool PathControl::unknown(TimePoint now) const {
  if (estimator_.target().fallback || estimator_.proof()) return false;
  return media_since_ == kNever || now - media_since_ < kUnknown;
}

void PathControl::judge_sound(TimePoint now, uint64_t target_bps) {
  const auto lost_at = estimator_.random_loss_at();
  const bool lossy = estimator_.target().fallback || (lost_at && now - *lost_at < kLossMemory);
  const Bitrate target = bitrate(target_bps);
  const bool limited = allocator_.allocated_bps() < allocator_.wanted_bps();
  const bool lacks =
      limited && (target < kNarrow || bitrate(allocator_.next_step_bps()) < target + kRedundancy);
  const bool room = target > bitrate(allocator_.wanted_bps()) * kRoomForRedundancy;
  saves_on_sound_ = !lossy && (lacks || (saves_on_sound_ && !room));
}

TimePoint PathControl::next_deadline() const {
  return std::min(estimator_.next_deadline(), pacer_.next_deadline());
}

std::span<const LayerDecision> PathControl::allocate(TimePoint now,
                                                     std::span<const LayerDemand> demands,
                                                     uint64_t audio, const PathLimits& limits) {
  Bandwidth bandwidth;
  const Duration late = std::max<Duration>(pacer_.expected_delay() - kPacerPatience, 0ms);
  const double left = std::max(1 - rtc::bwe::as_seconds(late) / kCatchUpSeconds, 0.5);
  bandwidth.target_bps = static_cast<uint64_t>((estimator_.target().rate * left).bps());
  if (const auto& proof = estimator_.proof()) {
    bandwidth.proven_bps = std::min(static_cast<uint64_t>(proof->rate.bps()), bandwidth.target_bps);
    bandwidth.proven_at = proof->at;
  }
  if (const auto& tried = trial_.proof()) {
    bandwidth.tried_bps = tried->bps;
    bandwidth.tried_at = tried->at;
  }
  bandwidth.crowded = !estimator_.target().crowded.is_zero() && !estimator_.target().shared;
  if (estimator_.target().shared) {
    // Nothing can be probed where others fill the queue; losses tell.
    bandwidth.proven_bps = bandwidth.target_bps;
    bandwidth.proven_at = now;
  }
  bandwidth.audio_bps = audio;
  const bool may_pause = limits.allow_pause.value_or(allow_pause_);
  const bool untried = !estimator_.was_congested() && limits.max_bps == 0;
  bandwidth.bases_always = !may_pause || untried;
  forced_ = !may_pause;
  bandwidth.unknown = unknown(now);
  if (limits.max_bps == 0) {
    const Duration queue = own_queue();
    const Duration waits = pacer_.expected_delay();
    bandwidth.calm = queue < kCalmQueue && waits < kCalmPacer;
    const bool flows = queue < kFlowingQueue && waits < kFlowingPacer;
    if (flows) bandwidth.slack_bps = bandwidth.target_bps / kSlack;
  }
  if (limits.max_bps != 0) {
    bandwidth.target_bps = std::min(bandwidth.target_bps, limits.max_bps);
    bandwidth.proven_bps = std::min(bandwidth.proven_bps, limits.max_bps);
  }
  const auto decisions = allocator_.allocate(now, demands, bandwidth);
  demand_ = {.wanted = bitrate(allocator_.wanted_bps()),
             .allocated = bitrate(allocator_.allocated_bps()),
             .next_step = bitrate(allocator_.next_step_bps())};
  judge_sound(now, bandwidth.target_bps);
  allocated_ = true;
  allocated_at = now;
  return decisions;
}

/// What others fill says nothing about what is sent here.
Duration PathControl::own_queue() const {
  const rtc::bwe::Target& target = estimator_.target();
  return target.shared ? Duration{} : target.queue;
}

bool PathControl::repairs_twice(TimePoint now) const {
  const rtc::bwe::Target& target = estimator_.target();
  const auto lost_at = estimator_.random_loss_at();
  return lost_at && now - *lost_at < kLossMemory && target.loss >= kManyLosses &&
         target.rtt >= kLongRoundTrip && !congested();
}

bool PathControl::congested() const {
  return own_queue() > kCongested || pacer_.expected_delay() > kCongested;
}

bool PathControl::may_repair(TimePoint now, size_t size) {
  // Repairs are sparing only where new packets wait for them here as well: what a sudden drop has
  // taken is what the picture waits for.
  const Duration queue = std::min<Duration>(own_queue(), pacer_.expected_delay());
  if (queue <= kCongested) return true;
  return repairs_.take(now, size + kOverhead, estimator_.target().rate, queue);
}

bool PathControl::constrained() const {
  return allocator_.allocated_bps() < allocator_.wanted_bps() ||
         allocator_.wanted_bps() > static_cast<uint64_t>(estimator_.target().rate.bps());
}

PathStatistics PathControl::statistics() const {
  const rtc::bwe::Target& target = estimator_.target();
  PathStatistics s;
  s.transport = id_;
  s.estimate_bps = static_cast<uint64_t>(target.rate.bps());
  s.wanted_bps = allocator_.wanted_bps();
  s.allocated_bps = allocator_.allocated_bps();
  s.acknowledged_bps = static_cast<uint64_t>(estimator_.acknowledged().value_or(Bitrate()).bps());
  s.padding_bytes = padding_bytes_;
  s.probes = probes_.sent;
  s.probe_results = probes_.results;
  s.round_trip_us = microseconds(target.rtt);
  s.queue_us = microseconds(target.queue);
  s.pacer_us = microseconds(pacer_.expected_delay());
  s.loss = static_cast<float>(target.loss);
  s.reason = target.reason;
  s.fallback = target.fallback;
  return s;
}

}  // namespace turms::sfu
