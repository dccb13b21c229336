#include "sim/simulation.h"

#include <algorithm>

#include "base/check.h"

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

void Link::send(Datagram datagram) {
  const uint64_t tag = uint64_t{datagram.flow} << 16 | datagram.client_port;
  link_.send(simulation_.now(), {std::move(datagram.bytes), tag});
  wake_in_time();
}

void Link::set_config(const LinkConfig& config) {
  config_ = config;
  link_.set_profile(simulation_.now(), config);
  wake_in_time();
}

double Link::dropped_share() const {
  const link::LinkCounters& c = link_.counters();
  if (c.packets_in == 0) return 0;
  const uint64_t dropped = c.policed + c.queue_full + c.aqm + c.lost + c.overflow;
  return static_cast<double>(dropped) / static_cast<double>(c.packets_in);
}

void Link::deliver() {
  while (auto packet = link_.receive(simulation_.now())) {
    deliver_({static_cast<uint16_t>(packet->tag), std::move(packet->bytes),
              static_cast<uint16_t>(packet->tag >> 16)});
  }
  wake_in_time();
}

void Link::wake_in_time() {
  const TimePoint next = link_.next_timeout();
  if (next >= wake_) return;
  wake_ = next;
  simulation_.at(next, [this, next] {
    // A later one that was asked for before an earlier one has nothing left to do.
    if (wake_ != next) return;
    wake_ = kNever;
    deliver();
  });
}

SharedLink::SharedLink(Simulation& simulation, const LinkConfig& config)
    : link_(simulation, config) {
  link_.set_deliver([this](Datagram datagram) {
    carried_[datagram.flow] += datagram.bytes.size();
    flows_[datagram.flow](std::move(datagram));
  });
}

Link::Deliver SharedLink::join(Link::Deliver out) {
  TURMS_CHECK(flows_.size() < kMaxFlows);
  const auto flow = static_cast<uint16_t>(flows_.size());
  flows_.push_back(std::move(out));
  carried_.push_back(0);
  return [this, flow](Datagram datagram) {
    datagram.flow = flow;
    link_.send(std::move(datagram));
  };
}

}  // namespace turms::sim
