#include "sim/simulation.h"

#include <algorithm>

namespace turms::sim {

void Simulation::at(TimePoint time, Action action) {
  heap_.push_back({std::max(time, now_), next_order_++, std::move(action)});
  std::push_heap(heap_.begin(), heap_.end(), Later());
}

void Simulation::run_until(TimePoint end) {
  while (!heap_.empty() && heap_.front().time <= end) {
    std::pop_heap(heap_.begin(), heap_.end(), Later());
    Event event = std::move(heap_.back());
    heap_.pop_back();
    now_ = event.time;
    event.action();
  }
  now_ = end;
}

void Simulation::mix(uint64_t value) {
  hash_ = (hash_ ^ value) * 0x100000001B3ull;
  hash_ ^= hash_ >> 29;
}

void Simulation::trace(uint64_t a, uint64_t b, uint64_t c) {
  mix(static_cast<uint64_t>(now_.time_since_epoch().count()));
  mix(a);
  mix(b);
  mix(c);
}

bool Link::lost() {
  Rng& rng = simulation_.rng();
  if (config_.burst_start > 0) {
    in_burst_ = in_burst_ ? !rng.chance(1 / config_.burst_length) : rng.chance(config_.burst_start);
    if (in_burst_) return true;
  }
  return config_.loss > 0 && rng.chance(config_.loss);
}

void Link::send(Datagram datagram) {
  Rng& rng = simulation_.rng();
  if (lost()) return;
  TimePoint out = simulation_.now();
  if (config_.bits_per_second != 0) {
    if (free_at_ - out > config_.queue_time) return;
    uint64_t bits = (datagram.bytes.size() + 28) * 8;  // with IP and UDP headers
    free_at_ = std::max(free_at_, out) + Duration(bits * 1'000'000'000 / config_.bits_per_second);
    out = free_at_;
  }
  if (config_.duplicate > 0 && rng.chance(config_.duplicate)) {
    schedule(out + config_.delay + 1ms, datagram);
  }
  TimePoint arrival = out + config_.delay;
  if (config_.jitter > Duration{}) {
    arrival += Duration(rng.below(static_cast<uint64_t>(config_.jitter.count())));
  }
  if (config_.reorder > 0 && rng.chance(config_.reorder)) {
    schedule(arrival + config_.reorder_delay, std::move(datagram));
    return;
  }
  last_arrival_ = std::max(last_arrival_, arrival);
  schedule(last_arrival_, std::move(datagram));
}

void Link::schedule(TimePoint time, Datagram datagram) {
  simulation_.at(time, [this, d = std::move(datagram)]() mutable { deliver_(std::move(d)); });
}

}  // namespace turms::sim
