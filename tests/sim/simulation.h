#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"
#include "link/shaped_link.h"

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
  uint16_t flow = 0;  // of those that share a link
};

/// What happens to datagrams in one direction.
struct LinkConfig : link::LinkProfile {
  LinkConfig() { delay = 20ms; }
};

/// A shaped link on virtual time. Its datagrams have the headers of IPv4 and UDP besides.
class Link {
 public:
  using Deliver = std::function<void(Datagram)>;

  Link(Simulation& simulation, const LinkConfig& config)
      : simulation_(simulation), config_(config), link_(config, simulation.rng().next(), 28) {}

  void set_deliver(Deliver deliver) { deliver_ = std::move(deliver); }

  void send(Datagram datagram);
  void set_config(const LinkConfig& config);
  [[nodiscard]] const LinkConfig& config() const { return config_; }
  /// How long a datagram sent now would wait for those before it.
  [[nodiscard]] Duration queue_delay() const { return link_.queue_delay(simulation_.now()); }
  /// Of all datagrams so far.
  [[nodiscard]] double dropped_share() const;

 private:
  void deliver();
  void wake_in_time();

  Simulation& simulation_;
  LinkConfig config_;
  link::ShapedLink link_;
  Deliver deliver_;
  TimePoint wake_ = kNever;  // when deliver() is called next
};

/// A link that several flows feed: one queue and one capacity for all of them. What comes out goes
/// on to the flow that it belongs to.
class SharedLink {
 public:
  /// Further ones are a fault of the test.
  static constexpr size_t kMaxFlows = 1000;

  SharedLink(Simulation& simulation, const LinkConfig& config);

  /// A further flow, whose datagrams come out at `out`. Gives its way in.
  Link::Deliver join(Link::Deliver out);
  Link& link() { return link_; }
  /// Bytes of datagrams that came out, by flow in the order of joining.
  [[nodiscard]] const std::vector<uint64_t>& carried() const { return carried_; }

 private:
  Link link_;
  std::vector<Link::Deliver> flows_;
  std::vector<uint64_t> carried_;
};

}  // namespace turms::sim
