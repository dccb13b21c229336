#include "sim/meeting/signal_pipe.h"

#include <algorithm>
#include <utility>

namespace turms::sim {

namespace {
constexpr Duration kWatch = 1s;
constexpr uint64_t kRetransmissionMs = 1000;  // the longest until TCP tries again
}  // namespace

void SignalPipe::attach(Side side, End end) {
  static_cast<End&>(ends_[side]) = std::move(end);
  ends_[side].heard = simulation_.now();
  if (side == kServer) watch();
}

void SignalPipe::put(Side from, Message message) {
  if (!ends_[from].open) return;
  Direction& direction = to_[other(from)];
  direction.last_arrival = std::max(direction.last_arrival, simulation_.now() + delay_);
  simulation_.at(direction.last_arrival,
                 [self = shared_from_this(), to = other(from), m = std::move(message)]() mutable {
                   self->arrive(to, std::move(m));
                 });
}

void SignalPipe::arrive(Side to, Message message) {
  if (!up_ || !to_[to].held.empty()) return to_[to].held.push_back(std::move(message));
  if (!ends_[to].open) return;
  ends_[to].heard = simulation_.now();
  if (message.close) return end(to);
  // The receiver may close while it listens.
  const auto on_message = ends_[to].on_message;
  if (on_message) on_message(message.text);
}

void SignalPipe::close(Side from) {
  put(from, {true, {}});
  ends_[from].open = false;
  ends_[from].on_message = nullptr;
  ends_[from].on_close = nullptr;
}

void SignalPipe::abandon(Side side, bool other_hears) {
  // What is under way is lost with it.
  const Side far = other(side);
  for (const Side each : {side, far}) {
    to_[each].held.clear();
    ends_[each].on_message = nullptr;
  }
  if (other_hears) put(side, {true, {}});
  end(side);
}

void SignalPipe::end(Side side) {
  if (!std::exchange(ends_[side].open, false)) return;
  ends_[side].on_message = nullptr;
  if (const auto on_close = std::exchange(ends_[side].on_close, nullptr)) on_close();
}

void SignalPipe::set_network(bool up) {
  if (std::exchange(up_, up) == up || !up) return;
  const Duration retry = std::chrono::milliseconds(simulation_.rng().below(kRetransmissionMs));
  simulation_.after(retry, [self = shared_from_this()] {
    if (!self->up_) return;
    for (const Side to : {kClient, kServer}) {
      for (Message& message : std::exchange(self->to_[to].held, {})) {
        self->arrive(to, std::move(message));
      }
    }
  });
}

void SignalPipe::watch() {
  simulation_.after(kWatch, [self = shared_from_this()] {
    if (!self->ends_[kServer].open) return;
    if (self->simulation_.now() - self->ends_[kServer].heard > kServerPatience) {
      return self->end(kServer);
    }
    self->watch();
  });
}

}  // namespace turms::sim
