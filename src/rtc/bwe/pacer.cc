#include "rtc/bwe/pacer.h"

#include <algorithm>

namespace turms::rtc::bwe {

namespace {

constexpr double kKeyFrameFactor = 2;   // of the pacing rate: 2.5 times the estimate
constexpr size_t kOpeningPadding = 64;  // the first packet's size does not count
constexpr Duration kPaddingInterval = 5ms;

}  // namespace

Pacer::Record Pacer::Queue::pop() {
  const Record record = records_[first_];
  first_ = (first_ + 1) & (records_.size() - 1);
  --size_;
  return record;
}

void Pacer::Queue::grow() {
  std::vector<Record> larger(std::max(2 * records_.size(), kFirstRecords));
  for (size_t i = 0; i < size_; ++i) larger[i] = records_[(first_ + i) & (records_.size() - 1)];
  records_ = std::move(larger);
  first_ = 0;
}

void Pacer::set_rate(TimePoint now, Bitrate rate, Path path) {
  drain(now);
  rate_ = std::max(rate, kLowestBitrate);
  path_ = path;
  idle_burst_ = static_cast<double>(burst_bytes_at(rate_));
}

void Pacer::set_padding_rate(TimePoint now, Bitrate rate) {
  drain(now);
  if (padding_rate_.is_zero()) padding_debt_ = 0;  // what was sent before has left the path
  padding_rate_ = rate;
}

void Pacer::add_probe(const ProbeCluster& cluster) {
  if (probe_size_ == probes_.size()) return;
  probes_[(probe_first_ + probe_size_++) % probes_.size()] = cluster;
}

bool Pacer::push(TimePoint now, const Packet& packet) {
  drain(now);
  if (packet.kind == Class::kRetransmission) {
    if (retransmissions_.full()) return false;
    retransmissions_.push({packet, now});
  } else {
    Stream* stream = stream_of(packet.stream);
    if (stream == nullptr || video_.full()) {
      if (stream != nullptr) set_waiting(*stream, true);
      return false;
    }
    if (stream->waits_for_key_frame) {
      if (!packet.key_frame_begin) return false;
      set_waiting(*stream, false);
    }
    ++stream->queued;
    video_.push({packet, now});
    if (packet.key_frame) queued_key_bytes_ += packet.size;
    if (packet.key_frame_begin) stream->key_frame_at = now;
  }
  queued_bytes_ += packet.size;
  return true;
}

void Pacer::set_waiting(Stream& stream, bool waits) {
  if (stream.waits_for_key_frame == waits) return;
  stream.waits_for_key_frame = waits;
  waiting_streams_ += waits ? 1 : -1;
}

void Pacer::remove_stream(uint32_t id) {
  for (Stream& stream : streams_) {
    if (stream.id == id) set_waiting(stream, false);
  }
}

void Pacer::skip_to_key_frame(uint32_t id) {
  if (Stream* stream = stream_of(id)) set_waiting(*stream, true);
}

void Pacer::on_bypassed(TimePoint now, size_t size) {
  drain(now);
  debt_ += static_cast<double>(size);
  padding_debt_ += static_cast<double>(size);
}

void Pacer::on_padding_sent(TimePoint now, size_t size, int probe_cluster) {
  drain(now);
  count(now, static_cast<int64_t>(size), probe_cluster);
}

void Pacer::on_no_padding() {
  if (probing_) end_probe();
  padding_rate_ = Bitrate();
}

/// Pays debt with the time that went by.
void Pacer::drain(TimePoint now) {
  const Duration passed = now - drained_at_;
  if (passed <= Duration::zero()) return;
  drained_at_ = now;
  const double seconds = std::min(as_seconds(passed), 10.0);
  debt_ -= static_cast<double>(drain_rate().bps()) * seconds / 8;
  debt_ = std::max(debt_, 0.0);
  padding_debt_ =
      std::max(padding_debt_ - static_cast<double>(padding_rate_.bps()) * seconds / 8, 0.0);
  if (debt_ <= 0) {
    resting_ = false;
    in_burst_ = 0;
  }
}

Bitrate Pacer::drain_rate() const {
  Bitrate rate = rate_;
  if (queued_bytes_ == 0 || path_ == Path::kCongested) return rate;
  if (path_ == Path::kUntried && queued_key_bytes_ > 0) rate = rate * kKeyFrameFactor;
  return std::max(rate, rate_of(queued_bytes_, kDrainDelay));
}

int64_t Pacer::burst_bytes_at(Bitrate rate) const {
  const bool is_short = path_ == Path::kCongested || rate_ < kShortBurstBelow;
  return bytes_in(rate, is_short ? kShortBurst : kBurst);
}

std::optional<Pacer::Output> Pacer::next(TimePoint now) {
  drain(now);
  if (auto late = next_late(now)) return late;
  if (auto probe = next_probe(now)) return probe;
  if (probing_) return std::nullopt;
  if (!may_send()) {
    resting_ = true;
    return std::nullopt;
  }
  if (auto packet = take_packet(now, ProbeCluster::kNone)) return packet;
  return next_padding(now);
}

TimePoint Pacer::late_at(const Record& record, const Stream& stream) {
  const TimePoint late = record.queued + kMaxDelay;
  if (record.queued < stream.key_frame_at) return late;  // a newer one waits behind
  return std::max(late, stream.key_frame_at + kMaxKeyFrameDelay);
}

/// Video that waited too long, and what follows it of the same stream.
std::optional<Pacer::Output> Pacer::next_late(TimePoint now) {
  if (video_.empty()) return std::nullopt;
  const Record& front = video_.front();
  Stream* stream = stream_of(front.packet.stream);
  const bool late = now > late_at(front, *stream);
  if (!stream->waits_for_key_frame) {
    if (!late) return std::nullopt;
    set_waiting(*stream, true);
    const bool newer_waits = front.queued < stream->key_frame_at;
    if (!newer_waits) return Output{Action::kNeedKeyFrame, front.packet, 0, ProbeCluster::kNone};
  }
  if (front.packet.key_frame_begin && !late) {
    set_waiting(*stream, false);
    return std::nullopt;
  }
  return Output{Action::kDrop, pop_video().packet, 0, ProbeCluster::kNone};
}

std::optional<Pacer::Output> Pacer::take_packet(TimePoint now, int cluster) {
  Record record;
  // What waited too long has been asked for again, or is not worth it any more.
  while (!retransmissions_.empty() && now - retransmissions_.front().queued > kMaxDelay) {
    queued_bytes_ -= retransmissions_.pop().packet.size;
  }
  if (!retransmissions_.empty()) {
    record = retransmissions_.pop();
    queued_bytes_ -= record.packet.size;
  } else if (!video_.empty()) {
    record = pop_video();
  } else {
    return std::nullopt;
  }
  count(now, record.packet.size, cluster);
  return Output{Action::kSend, record.packet, 0, cluster};
}

Pacer::Record Pacer::pop_video() {
  const Record record = video_.pop();
  queued_bytes_ -= record.packet.size;
  if (record.packet.key_frame) queued_key_bytes_ -= record.packet.size;
  --stream_of(record.packet.stream)->queued;
  return record;
}

std::optional<Pacer::Output> Pacer::next_padding(TimePoint now) {
  (void)now;
  if (padding_rate_.is_zero() || padding_debt_ > 0) return std::nullopt;
  const auto size = static_cast<size_t>(bytes_in(padding_rate_, kPaddingInterval));
  return Output{Action::kPad, {}, std::max<size_t>(size, 1), ProbeCluster::kNone};
}

void Pacer::count(TimePoint now, int64_t size, int cluster) {
  debt_ += static_cast<double>(size);
  padding_debt_ += static_cast<double>(size);
  if (cluster == ProbeCluster::kNone) {
    ++in_burst_;
    return;
  }
  if (!probing_ || probes_[probe_first_].id != cluster) return;
  if (probe_packets_ == 0) probe_since_ = now;
  ++probe_packets_;
  probe_bytes_ += size;
  const ProbeCluster& probe = probes_[probe_first_];
  if (probe_packets_ >= probe.min_packets && probe_bytes_ >= probe.min_bytes) end_probe();
}

void Pacer::start_probe(TimePoint now) {
  probing_ = true;
  probe_since_ = now;
  probe_packets_ = 0;
  probe_bytes_ = 0;
}

void Pacer::end_probe() {
  probing_ = false;
  probe_first_ = (probe_first_ + 1) % probes_.size();
  --probe_size_;
  // The probe was above the rate on purpose: media does not wait for it.
  debt_ = std::min(debt_, burst_bytes());
}

TimePoint Pacer::probe_due() const {
  if (probe_packets_ == 0) return probe_since_;
  return probe_since_ + time_of(probe_bytes_, probes_[probe_first_].rate);
}

std::optional<Pacer::Output> Pacer::next_probe(TimePoint now) {
  if (!probing_) {
    if (probe_size_ == 0) return std::nullopt;
    start_probe(now);
  }
  const TimePoint due = probe_due();
  if (now < due) return std::nullopt;
  if (probe_packets_ > 0 && now - due > kMaxProbeLag) {
    end_probe();
    return std::nullopt;
  }
  const ProbeCluster& probe = probes_[probe_first_];
  if (auto packet = take_packet(now, probe.id)) return packet;
  size_t size = kOpeningPadding;
  if (probe_packets_ > 0) {
    size = std::max<size_t>(static_cast<size_t>(bytes_in(probe.rate, probe.min_delta)), 1);
  }
  return Output{Action::kPad, {}, size, probe.id};
}

TimePoint Pacer::next_deadline() const {
  TimePoint next = kNever;
  if (probing_) {
    next = std::max(probe_due(), drained_at_);
  } else if (probe_size_ > 0) {
    return drained_at_;
  }
  const bool waiting = !video_.empty() || !retransmissions_.empty();
  if (waiting && !probing_) {
    next = drained_at_;
    if (resting_ || !may_send()) {
      next += time_of(static_cast<int64_t>(debt_) + 1, drain_rate());
    }
  }
  if (!video_.empty()) {
    const Record& front = video_.front();
    for (const Stream& stream : streams_) {
      if (stream.id != front.packet.stream) continue;
      next = std::min(next, late_at(front, stream) + Duration(1ms));
      break;
    }
  }
  if (!padding_rate_.is_zero() && !waiting && !probing_) {
    Duration wait = time_of(static_cast<int64_t>(padding_debt_) + 1, padding_rate_);
    if (resting_) wait = std::max(wait, time_of(static_cast<int64_t>(debt_) + 1, drain_rate()));
    next = std::min(next, drained_at_ + wait);
  }
  return next;
}

Duration Pacer::expected_delay() const {
  return time_of(queued_bytes_ + static_cast<int64_t>(debt_), drain_rate());
}

Pacer::Stream* Pacer::stream_of(uint32_t id) {
  Stream* free = nullptr;
  for (Stream& stream : streams_) {
    if (stream.id == id) return &stream;
    // One that queues nothing and waits for nothing has no state worth keeping.
    if (stream.queued == 0 && !stream.waits_for_key_frame) free = &stream;
  }
  if (streams_.size() < kMaxStreams) free = &streams_.emplace_back();
  if (free == nullptr) return nullptr;
  *free = Stream{id, false, 0, {}};
  return free;
}

}  // namespace turms::rtc::bwe
