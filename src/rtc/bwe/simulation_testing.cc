#include "rtc/bwe/simulation_testing.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"

namespace turms::rtc::bwe {

namespace {

constexpr Duration kFrame = std::chrono::microseconds(33'333);
constexpr int64_t kPacket = 1200;
constexpr Duration kSample = 100ms;

}  // namespace

LinkSimulation::LinkSimulation(LinkPlan plan, Estimator::Config config)
    : plan_(std::move(plan)),
      state_(plan_.seed * 0x9E3779B97F4A7C15ull + 1),
      estimator_(start_, config) {
  tokens_ = static_cast<double>(plan_.policer_bucket);
}

template <class T>
T LinkSimulation::value(const std::vector<Step<T>>& steps) const {
  T current{};
  for (const Step<T>& step : steps) {
    if (step.at <= elapsed()) current = step.value;
  }
  return current;
}

double LinkSimulation::random() {
  state_ ^= state_ << 13;
  state_ ^= state_ >> 7;
  state_ ^= state_ << 17;
  return static_cast<double>(state_ >> 11) * 0x1p-53;
}

const std::vector<LinkSample>& LinkSimulation::run() {
  while (elapsed() < plan_.end) {
    if (now_ >= next_sample_) sample();
    receive();
    while (first_report_ < reports_.size() && reports_[first_report_].at <= now_) {
      rtcp::Reader reader(reports_[first_report_].bytes);
      while (const auto packet = reader.next()) estimator_.on_transport_feedback(now_, *packet);
      reports_[first_report_++].bytes.clear();
    }
    if (now_ >= next_report_) report();
    if (now_ >= estimator_.next_deadline()) estimator_.on_timeout(now_);
    if (now_ >= next_frame_) source();
    pace();
    TimePoint next = std::min({next_sample_, next_report_, next_frame_, estimator_.next_deadline(),
                               pacer_.next_deadline()});
    if (first_report_ < reports_.size()) next = std::min(next, reports_[first_report_].at);
    now_ = std::max(next, now_ + Duration(std::chrono::microseconds(50)));
  }
  return samples_;
}

void LinkSimulation::source() {
  next_frame_ += kFrame;
  const Bitrate wanted = value(plan_.wanted);
  const Bitrate offered = std::min(wanted, estimator_.target().rate);
  estimator_.set_demand(now_, {wanted, offered, Bitrate()});
  frame_rest_ += static_cast<double>(bytes_in(offered, kFrame));
  while (frame_rest_ >= 1) {
    const auto size = static_cast<uint32_t>(std::min<double>(frame_rest_, kPacket));
    frame_rest_ -= size;
    if (size < 100 && frame_rest_ < 1) {
      frame_rest_ = size;  // too little for a packet: with the next frame
      break;
    }
    Pacer::Packet packet;
    packet.size = size;
    packet.stream = 1;
    packet.key_frame_begin = true;
    (void)pacer_.push(now_, packet);
  }
}

void LinkSimulation::pace() {
  const Target& target = estimator_.target();
  if (estimator_.take_change()) {
    pacer_.set_rate(now_, target.pacing,
                    target.overusing ? Pacer::Path::kCongested : Pacer::Path::kNormal);
    const bool idle = value(plan_.wanted).is_zero();
    pacer_.set_padding_rate(now_, idle ? Bitrate() : target.padding);
  }
  while (const auto probe = estimator_.take_probe()) {
    ++probes_;
    pacer_.add_probe(*probe);
  }
  while (const auto output = pacer_.next(now_)) {
    if (output->action == Pacer::Action::kSend) {
      transmit(output->packet.size, output->probe_cluster, false);
    } else if (output->action == Pacer::Action::kPad) {
      for (auto left = static_cast<int64_t>(output->padding); left > 0; left -= 255) {
        const int64_t size = std::min<int64_t>(std::max<int64_t>(left, 50), 255);
        pacer_.on_padding_sent(now_, static_cast<size_t>(size), output->probe_cluster);
        transmit(size, output->probe_cluster, true);
      }
    }
  }
}

void LinkSimulation::transmit(int64_t size, int cluster, bool padding) {
  const uint16_t sequence = estimator_.on_sent(now_, {static_cast<size_t>(size), false, cluster});
  ++sent_packets_;
  if (!plan_.policer.is_zero()) {
    tokens_ += static_cast<double>(bytes_in(plan_.policer, now_ - tokens_at_));
    tokens_ = std::min(tokens_, static_cast<double>(plan_.policer_bucket));
    tokens_at_ = now_;
    if (tokens_ < static_cast<double>(size)) {
      ++lost_packets_;
      return;
    }
    tokens_ -= static_cast<double>(size);
  }
  const Bitrate capacity = value(plan_.capacity);
  if (random() < plan_.loss || capacity.is_zero()) {
    ++lost_packets_;
    return;
  }
  const Duration queued = std::max(link_free_ - now_, Duration::zero());
  const bool full = plan_.queue_packets > 0
                        ? queued > plan_.queue_packets * time_of(kPacket, capacity)
                        : queued > plan_.queue;
  if (full) {
    ++lost_packets_;
    return;
  }
  link_free_ = std::max(link_free_, now_) + time_of(size, capacity);
  last_queue_ = queued;
  TimePoint arrival = link_free_ + value(plan_.delay);
  if (first_flight_ < flights_.size()) arrival = std::max(arrival, flights_.back().at);
  flights_.push_back({arrival, sequence, size, padding, queued});
}

void LinkSimulation::receive() {
  while (first_flight_ < flights_.size() && flights_[first_flight_].at <= now_) {
    const Flight& flight = flights_[first_flight_++];
    const double ns = static_cast<double>((flight.at - start_).count());
    const TimePoint clock(Duration(static_cast<int64_t>(ns * (1 + plan_.skew_ppm * 1e-6))) + 777s);
    const int64_t sequence = unwrapper_.unwrap(rtp::SeqNum(flight.sequence));
    arrivals_.push_back({sequence, clock});
    if (!flight.padding) delivered_ += flight.size;
  }
  if (first_flight_ > 4096) {
    flights_.erase(flights_.begin(), flights_.begin() + static_cast<std::ptrdiff_t>(first_flight_));
    first_flight_ = 0;
  }
}

void LinkSimulation::report() {
  next_report_ += plan_.feedback_every;
  std::span<const rtcp::Writer::Arrival> left(arrivals_);
  while (!left.empty()) {
    std::array<uint8_t, 1200> buffer{};
    rtcp::Writer writer(buffer);
    const size_t told =
        writer.transport_feedback(Ssrc(1), Ssrc(2), next_base_, left, feedback_count_++);
    TURMS_CHECK(told > 0);
    next_base_ = left[told - 1].sequence + 1;
    left = left.subspan(told);
    if (lose_reports_ == 0 && random() < plan_.feedback_loss / 3) lose_reports_ = 3;
    const auto gap = plan_.feedback_gap;
    if (gap && elapsed() >= gap->first && elapsed() < gap->second) continue;
    if (lose_reports_ > 0) {
      --lose_reports_;
      continue;
    }
    reports_.push_back(
        {now_ + value(plan_.delay), {writer.written().begin(), writer.written().end()}});
  }
  arrivals_.clear();
}

void LinkSimulation::sample() {
  next_sample_ += kSample;
  LinkSample sample;
  sample.at = elapsed();
  sample.estimate = estimator_.target().rate;
  sample.delivered = rate_of(delivered_, kSample);
  sample.capacity = value(plan_.capacity);
  if (!plan_.policer.is_zero()) sample.capacity = std::min(sample.capacity, plan_.policer);
  sample.wanted = value(plan_.wanted);
  sample.queue = last_queue_;
  if (sent_packets_ > 0) {
    sample.lost = static_cast<double>(lost_packets_) / static_cast<double>(sent_packets_);
  }
  delivered_ = 0;
  sent_packets_ = 0;
  lost_packets_ = 0;
  last_queue_ = std::max(link_free_ - now_, Duration::zero());
  samples_.push_back(sample);
}

LinkFigures figures_of(const LinkSimulation& simulation, const std::vector<LinkSample>& samples) {
  LinkFigures figures;
  figures.probes = simulation.probes();
  double delivered = 0;
  double possible = 0;
  double lost = 0;
  std::vector<Duration> queues;
  Duration last_drop{-10s};
  for (size_t i = 1; i < samples.size(); ++i) {
    const LinkSample& sample = samples[i];
    if (sample.capacity < samples[i - 1].capacity) last_drop = sample.at;
    if (sample.at < 5s) continue;
    delivered += static_cast<double>(std::min(sample.delivered.bps(), sample.capacity.bps() * 2));
    possible += static_cast<double>(std::min(sample.capacity, sample.wanted).bps());
    lost += sample.lost;
    if (sample.at - last_drop >= 1s + 500ms) queues.push_back(sample.queue);
  }
  if (possible > 0) figures.utilisation = delivered / possible;
  if (!queues.empty()) {
    std::sort(queues.begin(), queues.end());
    figures.queue_p95 = queues[queues.size() * 95 / 100];
    figures.lost = lost / static_cast<double>(samples.size());
  }
  return figures;
}

std::optional<Duration> time_to_reach(const std::vector<LinkSample>& samples, Duration from,
                                      Bitrate rate) {
  for (const LinkSample& sample : samples) {
    if (sample.at >= from && sample.estimate >= rate) return sample.at - from;
  }
  return std::nullopt;
}

std::optional<Duration> time_to_drain(const std::vector<LinkSample>& samples, Duration from,
                                      Bitrate rate, Duration queue) {
  for (const LinkSample& sample : samples) {
    if (sample.at > from && sample.estimate <= rate && sample.queue <= queue) {
      return sample.at - from;
    }
  }
  return std::nullopt;
}

Bitrate mean_estimate(const std::vector<LinkSample>& samples, Duration from, Duration to) {
  int64_t sum = 0;
  int64_t count = 0;
  for (const LinkSample& sample : samples) {
    if (sample.at < from || sample.at >= to) continue;
    sum += sample.estimate.bps();
    ++count;
  }
  return count == 0 ? Bitrate() : Bitrate(sum / count);
}

}  // namespace turms::rtc::bwe
