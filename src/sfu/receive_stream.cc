#include "sfu/receive_stream.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace turms::sfu {

namespace {

/// A jump further than this in either direction is no loss or reordering (RFC 3550 A.1).
constexpr int kMaxJump = 3000;

/// About half a minute of measurements, one each half second.
constexpr int kDelayMemory = 60;

/// Key frames make single intervals jump; an average over about two reads better.
uint32_t smoothed_rate(uint32_t before, uint64_t bytes, Duration interval) {
  auto us = static_cast<uint64_t>(std::max<int64_t>(to_us(interval), 1));
  auto rate = static_cast<uint32_t>(std::min<uint64_t>(bytes * 8 * 1'000'000 / us, UINT32_MAX));
  return before == 0 ? rate : before / 2 + rate / 2;
}

}  // namespace

ReceiveStream::ReceiveStream(PublishedTrack& track, uint8_t encoding,
                             rtc::EncodingParameters parameters_in, uint32_t clock_rate,
                             Duration history_age)
    : parameters(std::move(parameters_in)),
      history(history_age),
      nack_timer(Timer::Kind::kNack, this),
      key_frame_timer(Timer::Kind::kKeyFrameRequest, this),
      track_(track),
      clock_rate_(std::max<uint32_t>(clock_rate, 1)),
      encoding_(encoding) {}

ReceiveStream::Verdict ReceiveStream::on_packet(TimePoint now, rtc::rtp::SeqNum number,
                                                uint32_t timestamp, size_t size,
                                                bool retransmission, int64_t& sequence) {
  if (!started_) {
    if (retransmission) return Verdict::kDuplicate;  // of something before we listened
    begin(number);
  }
  auto newest = rtc::rtp::SeqNum(static_cast<uint16_t>(highest_));
  int distance = number.distance_from(newest);
  bool discontinuity = false;
  if (std::abs(distance) > kMaxJump) {
    if (retransmission) return Verdict::kDuplicate;
    if (!suspicious_ || number != suspicious_->plus(1)) {
      suspicious_ = number;
      return Verdict::kSuspicious;
    }
    restart();
    begin(number);
    distance = 1;
    discontinuity = true;
  }
  suspicious_.reset();
  sequence = highest_ + distance;
  Verdict verdict = discontinuity ? Verdict::kDiscontinuity : Verdict::kNext;
  if (distance > 0) {
    if (distance - 1 > kMaxGap) {
      losses.clear();
      verdict = Verdict::kDiscontinuity;
    } else if (distance > 1) {
      losses.on_gap(now, highest_ + 1, sequence - 1);
    }
    highest_ = sequence;
  } else {
    if (!losses.take(now, sequence)) return Verdict::kDuplicate;
    verdict = Verdict::kRecovered;
  }
  if (retransmission) {
    ++recovered_;
  } else {
    ++received_;
    update_jitter(now, timestamp);
  }
  last_packet_ = now;
  ++packets_;
  bytes_ += size;
  return verdict;
}

bool ReceiveStream::on_handed(TimePoint now, int64_t sequence, size_t size, bool follows) {
  if (!started_) {
    started_ = true;
    first_ = sequence;
    highest_ = sequence - 1;
  }
  last_packet_ = now;
  ++packets_;
  bytes_ += size;
  ++received_;
  if (sequence <= highest_) {
    losses.take(now, sequence);
    return false;
  }
  if (!follows || sequence - highest_ > kMaxGap + 1) {
    losses.clear();
  } else if (sequence > highest_ + 1) {
    losses.on_gap(now, highest_ + 1, sequence - 1);
  }
  highest_ = sequence;
  return true;
}

void ReceiveStream::begin(rtc::rtp::SeqNum number) {
  started_ = true;
  // Begin in the second cycle, so that nothing before the first packet is negative.
  first_ = int64_t{number.value} + 0x10000;
  highest_ = first_ - 1;
}

void ReceiveStream::restart() {
  if (!started_) return;
  lost_before_ = lost();
  started_ = false;
  ++epoch_;
  received_ = 0;
  recovered_ = 0;
  expected_at_report_ = 0;
  received_at_report_ = 0;
  transit_.reset();
  forget_delays();
  report_.reset();
  suspicious_.reset();
  losses.clear();
  history.clear();
  if (dependencies) dependencies->reset();
  if (parameter_sets) parameter_sets->clear();
  codec = -1;
  key_frame = -1;
}

void LayerActivity::on_packet(TimePoint now, uint32_t packet_timestamp, size_t size,
                              uint8_t temporal, bool begins_key_frame) {
  if (packet_timestamp != timestamp || begins_key_frame) key_frame = begins_key_frame;
  cost.on_packet(temporal, size, key_frame);
  ++packets;
  bytes += size;
  last_packet = now;
  if (packet_timestamp == timestamp) return;
  timestamp = packet_timestamp;
  // A pause is no interval.
  if (now - last_frame < 2s) interval += (now - last_frame - interval) / 8;
  last_frame = now;
}

void ReceiveStream::update_jitter(TimePoint now, uint32_t timestamp) {
  // In RTP clock units, modulo 2^32 like the timestamp.
  int64_t us = to_us(now.time_since_epoch());
  int64_t arrival = us / 1'000'000 * clock_rate_ + us % 1'000'000 * clock_rate_ / 1'000'000;
  int64_t transit = static_cast<int32_t>(static_cast<uint32_t>(arrival) - timestamp);
  if (transit_) {
    const int64_t change =
        static_cast<int32_t>(static_cast<uint32_t>(transit) - static_cast<uint32_t>(*transit_));
    const int64_t difference = std::abs(change);
    // A new capture clock is not jitter.
    if (difference < 10 * static_cast<int64_t>(clock_rate_)) {
      jitter_16_ += difference - ((jitter_16_ + 8) >> 4);
      delay_ += change;
      least_delay_ = std::min(least_delay_, delay_);
    } else {
      forget_delays();
    }
  }
  transit_ = transit;
}

void ReceiveStream::forget_delays() {
  delay_ = 0;
  least_delay_ = kNoDelay;
  least_delays_.fill(kNoDelay);
  measurements_ = 0;
  queue_ = {};
}

/// The least of half a second leaves out key frames, which take long to send.
void ReceiveStream::measure_queue() {
  const int64_t least = std::exchange(least_delay_, kNoDelay);
  if (least == kNoDelay) return;
  if (++measurements_ > kDelayMemory) {
    measurements_ = 0;
    least_delays_[1] = std::exchange(least_delays_[0], kNoDelay);
  }
  least_delays_[0] = std::min(least_delays_[0], least);
  const int64_t base = std::min(least_delays_[0], least_delays_[1]);
  queue_ = std::chrono::microseconds((least - base) * 1'000'000 / clock_rate_);
}

bool ReceiveStream::stuck(TimePoint now) const {
  if (forwarders.empty() || losses.empty()) return false;
  const TimePoint since = losses.oldest();
  const auto& last = key_frames.last_key_frame();
  if (last && *last >= since) return false;
  if (losses.size() >= kOverloadLosses && delay_growth() > kFullQueue) {
    return now - since > kOverloaded;
  }
  return now - since > std::max<Duration>(kStuck, losses.round_trip() * kStuckTrips / 2);
}

/// Of the newest packet.
Duration ReceiveStream::delay_growth() const {
  const int64_t base = std::min(least_delays_[0], least_delays_[1]);
  if (base == kNoDelay) return {};
  return std::chrono::microseconds((delay_ - base) * 1'000'000 / clock_rate_);
}

std::optional<uint32_t> ReceiveStream::translate(uint32_t rtp_time, const ReceiveStream& from,
                                                 const ReceiveStream& to) {
  if (!from.report_ || !to.report_ || from.clock_rate_ != to.clock_rate_) return std::nullopt;
  Duration apart = ntp_difference(from.report_->ntp, to.report_->ntp);
  int64_t ticks = to_us(apart) * to.clock_rate_ / 1'000'000;
  return to.report_->rtp_time + static_cast<uint32_t>(ticks) + (rtp_time - from.report_->rtp_time);
}

uint64_t ReceiveStream::lost() const {
  if (!started_) return lost_before_;
  int64_t lost = highest_ - first_ + 1 - static_cast<int64_t>(received_ + recovered_);
  return lost_before_ + static_cast<uint64_t>(std::max<int64_t>(lost, 0));
}

rtc::rtcp::ReportBlock ReceiveStream::make_report(TimePoint now) {
  rtc::rtcp::ReportBlock block;
  block.ssrc = parameters.ssrc;
  auto expected = static_cast<uint64_t>(highest_ - first_ + 1);
  int64_t interval_expected = static_cast<int64_t>(expected - expected_at_report_);
  int64_t interval_received = static_cast<int64_t>(received_ - received_at_report_);
  int64_t interval_lost = interval_expected - interval_received;
  if (interval_expected > 0 && interval_lost > 0) {
    block.fraction_lost =
        static_cast<uint8_t>(std::min<int64_t>(interval_lost * 256 / interval_expected, 255));
  }
  expected_at_report_ = expected;
  received_at_report_ = received_;
  block.cumulative_lost = static_cast<int32_t>(std::clamp<int64_t>(
      static_cast<int64_t>(expected) - static_cast<int64_t>(received_), -0x800000, 0x7FFFFF));
  block.extended_highest_sequence = static_cast<uint32_t>(highest_ - 0x10000);
  block.jitter = static_cast<uint32_t>(jitter_16_ >> 4);
  if (report_) {
    block.last_sr = static_cast<uint32_t>(report_->ntp >> 16);
    block.delay_since_last_sr =
        static_cast<uint32_t>(to_us(now - report_->arrival) * 65536 / 1'000'000);
  }
  return block;
}

LayerStatistics ReceiveStream::statistics() const {
  LayerStatistics s;
  s.packets = packets_;
  s.bytes = bytes_;
  s.packets_lost = lost();
  s.bits_per_second = bits_per_second_;
  s.jitter_us = static_cast<uint32_t>((jitter_16_ >> 4) * 1'000'000 / clock_rate_);
  s.queue_us = static_cast<uint32_t>(std::min<int64_t>(to_us(queue_), UINT32_MAX));
  return s;
}

void ReceiveStream::measure(Duration interval) {
  measure_queue();
  for (LayerActivity& layer : layers) {
    layer.bits_per_second =
        smoothed_rate(layer.bits_per_second,
                      layer.bytes - std::exchange(layer.measured_bytes, layer.bytes), interval);
    if (layer.active) layer.cost.measure(interval);
  }
  bits_per_second_ =
      smoothed_rate(bits_per_second_, bytes_ - std::exchange(measured_bytes_, bytes_), interval);
}

}  // namespace turms::sfu
