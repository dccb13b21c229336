#include "link/shaped_link.h"

#include <algorithm>
#include <utility>

namespace turms::link {
namespace {

Duration time_to_send(uint64_t bits, uint64_t bits_per_second) {
  const auto ns = static_cast<unsigned __int128>(bits) * 1'000'000'000u / bits_per_second;
  return Duration(static_cast<int64_t>(ns));
}

uint64_t bits_sent(Duration time, uint64_t bits_per_second) {
  const auto ns = static_cast<unsigned __int128>(std::max<int64_t>(time.count(), 0));
  return static_cast<uint64_t>(ns * bits_per_second / 1'000'000'000u);
}

}  // namespace

ShapedLink::ShapedLink(const LinkProfile& profile, uint64_t seed, size_t overhead)
    : profile_(profile),
      rng_(seed),
      overhead_(overhead),
      tokens_(static_cast<double>(profile.policer_burst_bytes)) {}

void ShapedLink::set_profile(TimePoint now, const LinkProfile& profile) {
  advance(now);
  if (!queue_.empty()) {
    // What the old rate has sent of the first packet stays sent.
    if (profile_.bits_per_second != 0 && !profile_.hold) {
      head_bits_ -= std::min(head_bits_, bits_sent(now - head_start_, profile_.bits_per_second));
    }
    head_start_ = now;
  }
  if (profile.policer_bits_per_second != profile_.policer_bits_per_second ||
      profile.policer_burst_bytes != profile_.policer_burst_bytes) {
    tokens_ = static_cast<double>(profile.policer_burst_bytes);
    tokens_at_ = now;
  }
  profile_ = profile;
  advance(now);
}

void ShapedLink::send(TimePoint now, Packet packet) {
  advance(now);
  const uint64_t size = size_of(packet);
  ++counters_.packets_in;
  counters_.bytes_in += size;
  if (queue_.size() + flying_.size() >= kMaxPackets) {
    ++counters_.overflow;
    return;
  }
  if (!police(now, size)) {
    ++counters_.policed;
    return;
  }
  if (!fits(now, size)) {
    ++counters_.queue_full;
    return;
  }
  if (!manage(now)) {
    ++counters_.aqm;
    return;
  }
  queued_bytes_ += size;
  queue_.push_back({std::move(packet), now});
  if (queue_.size() == 1) start_head(now);
  advance(now);
}

bool ShapedLink::police(TimePoint now, uint64_t bytes) {
  if (profile_.policer_bits_per_second == 0) return true;
  const double seconds = std::chrono::duration<double>(now - tokens_at_).count();
  tokens_at_ = now;
  tokens_ += seconds * static_cast<double>(profile_.policer_bits_per_second) / 8;
  tokens_ = std::min(tokens_, static_cast<double>(profile_.policer_burst_bytes));
  if (tokens_ < static_cast<double>(bytes)) return false;
  tokens_ -= static_cast<double>(bytes);
  return true;
}

bool ShapedLink::fits(TimePoint now, uint64_t bytes) const {
  if (queue_.empty()) return true;
  if (profile_.queue_bytes != 0 && queued_bytes_ + bytes > profile_.queue_bytes) return false;
  return queue_delay(now) <= profile_.queue_time;
}

bool ShapedLink::manage(TimePoint now) {
  if (profile_.aqm_target <= Duration{}) return true;
  // RFC 9332 appendix A.1: each 16 ms, for round trips up to 100 ms.
  constexpr Duration kUpdate = 16ms;
  constexpr int64_t kMostUpdates = 256;
  constexpr double kAlpha = 0.16;  // per second
  constexpr double kBeta = 3.2;
  const auto seconds = [](Duration d) { return std::chrono::duration<double>(d).count(); };
  const int64_t updates = std::min<int64_t>((now - managed_at_) / kUpdate, kMostUpdates);
  for (int64_t i = 0; i < updates; ++i) {
    const Duration delay = queue_delay(now);
    pressure_ += kAlpha * seconds(delay - profile_.aqm_target);
    pressure_ += kBeta * seconds(delay - managed_delay_);
    pressure_ = std::clamp(pressure_, 0.0, 1.0);
    managed_delay_ = delay;
  }
  if (updates > 0) managed_at_ = now;
  return queue_.empty() || !rng_.chance(pressure_ * pressure_);
}

Duration ShapedLink::queue_delay(TimePoint now) const {
  if (queue_.empty() || profile_.bits_per_second == 0) return {};
  uint64_t bits = (queued_bytes_ - size_of(queue_.front().packet)) * 8 + head_bits_;
  if (!profile_.hold) {
    bits -= std::min(head_bits_, bits_sent(now - head_start_, profile_.bits_per_second));
  }
  return time_to_send(bits, profile_.bits_per_second);
}

TimePoint ShapedLink::head_done() const {
  if (queue_.empty() || profile_.hold) return kNever;
  if (profile_.bits_per_second == 0) return head_start_;
  return head_start_ + time_to_send(head_bits_, profile_.bits_per_second);
}

void ShapedLink::start_head(TimePoint now) {
  head_bits_ = size_of(queue_.front().packet) * 8;
  head_start_ = now;
}

void ShapedLink::advance(TimePoint now) {
  for (TimePoint done = head_done(); done <= now; done = head_done()) {
    Waiting first = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= size_of(first.packet);
    if (!queue_.empty()) start_head(done);
    depart(done, std::move(first));
  }
}

void ShapedLink::depart(TimePoint time, Waiting waiting) {
  const Duration queued = time - waiting.entered;
  ++counters_.packets_carried;
  counters_.bytes_carried += size_of(waiting.packet);
  counters_.queued_total += queued;
  longest_queued_ = std::max(longest_queued_, queued);
  if (lost()) {
    ++counters_.lost;
    return;
  }
  if (profile_.duplicate > 0 && rng_.chance(profile_.duplicate)) {
    fly(time + profile_.delay + 1ms, waiting.packet);
  }
  TimePoint arrival = time + profile_.delay;
  if (profile_.jitter > Duration{}) {
    arrival += Duration(rng_.below(static_cast<uint64_t>(profile_.jitter.count())));
  }
  if (profile_.reorder > 0 && rng_.chance(profile_.reorder)) {
    return fly(arrival + profile_.reorder_delay, std::move(waiting.packet));
  }
  last_arrival_ = std::max(last_arrival_, arrival);
  fly(last_arrival_, std::move(waiting.packet));
}

bool ShapedLink::lost() {
  if (profile_.burst_start > 0) {
    in_burst_ =
        in_burst_ ? !rng_.chance(1 / profile_.burst_length) : rng_.chance(profile_.burst_start);
    if (in_burst_) return true;
  } else {
    in_burst_ = false;
  }
  return profile_.loss > 0 && rng_.chance(profile_.loss);
}

void ShapedLink::fly(TimePoint arrival, Packet packet) {
  flying_.push_back({arrival, next_order_++, std::move(packet)});
  std::push_heap(flying_.begin(), flying_.end(), later);
}

std::optional<Packet> ShapedLink::receive(TimePoint now) {
  advance(now);
  if (flying_.empty() || flying_.front().arrival > now) return std::nullopt;
  std::pop_heap(flying_.begin(), flying_.end(), later);
  Packet packet = std::move(flying_.back().packet);
  flying_.pop_back();
  ++counters_.packets_out;
  counters_.bytes_out += size_of(packet);
  return packet;
}

TimePoint ShapedLink::next_timeout() const {
  const TimePoint done = head_done();
  return flying_.empty() ? done : std::min(done, flying_.front().arrival);
}

Duration ShapedLink::take_longest_queued() {
  return std::exchange(longest_queued_, Duration{});
}

}  // namespace turms::link
