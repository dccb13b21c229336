#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"

namespace turms::sim {

/// Virtual time: events in order of their time, those of one time in the order they were made.
class Simulation {
 public:
  using Action = std::function<void()>;

  explicit Simulation(uint64_t seed) : rng_(seed) {}

  [[nodiscard]] TimePoint now() const { return now_; }
  void at(TimePoint time, Action action);
  void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }
  void run_until(TimePoint end);
  /// All randomness of a run comes from here.
  Rng& rng() { return rng_; }

  /// Notes what happened: equal runs have equal hashes.
  void trace(uint64_t a, uint64_t b = 0, uint64_t c = 0);
  [[nodiscard]] uint64_t trace_hash() const { return hash_; }

 private:
  struct Event {
    TimePoint time;
    uint64_t order = 0;
    Action action;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.time != b.time ? a.time > b.time : a.order > b.order;
    }
  };

  void mix(uint64_t value);

  TimePoint now_ = TimePoint(1s);  // nothing should depend on starting at zero
  uint64_t next_order_ = 0;
  std::vector<Event> heap_;
  Rng rng_;
  uint64_t hash_ = 0xCBF29CE484222325ull;
};

/// Between the server, which has one address, and a client, which may have several over time.
struct Datagram {
  uint16_t client_port = 0;
  Bytes bytes;
};

/// What happens to datagrams in one direction.
struct LinkConfig {
  Duration delay = 20ms;
  Duration jitter = 0ms;  // uniform on top of the delay; order is kept
  double loss = 0;
  /// Loss in bursts (Gilbert-Elliott): the chance per datagram to enter a burst; one ends with
  /// chance 1 / burst_length.
  double burst_start = 0;
  double burst_length = 3;
  double reorder = 0;  // chance to be held back by reorder_delay
  Duration reorder_delay = 30ms;
  double duplicate = 0;
  /// 0: unlimited. Else a queue that drops its tail beyond queue_time.
  uint64_t bits_per_second = 0;
  Duration queue_time = 300ms;
};

class Link {
 public:
  using Deliver = std::function<void(Datagram)>;

  Link(Simulation& simulation, LinkConfig config) : simulation_(simulation), config_(config) {}

  void set_deliver(Deliver deliver) { deliver_ = std::move(deliver); }

  void send(Datagram datagram);
  void set_config(const LinkConfig& config) { config_ = config; }
  [[nodiscard]] const LinkConfig& config() const { return config_; }

 private:
  bool lost();
  void schedule(TimePoint time, Datagram datagram);

  Simulation& simulation_;
  LinkConfig config_;
  Deliver deliver_;
  bool in_burst_ = false;
  TimePoint free_at_;       // the rate limiter has sent everything
  TimePoint last_arrival_;  // keeps order
};

}  // namespace turms::sim
