#pragma once

#include <cstdint>
#include <map>

#include "sim/simulation.h"

namespace turms::sim {

/// A download over TCP through somebody's link, as fast as it goes: CUBIC (RFC 9438) with HyStart's
/// way out of slow start (RFC 9406). Each segment is acknowledged by itself, and lost when three
/// later ones arrived; what is lost is not sent again, for nobody reads it.
class TcpFlow {
 public:
  /// Of its datagrams, so that their receiver can tell them.
  static constexpr uint16_t kPort = 0xFFFF;
  static constexpr size_t kSegment = 1448;

  /// Acknowledgements take `back`.
  TcpFlow(Simulation& simulation, Link& link, Duration back)
      : simulation_(simulation), link_(link), back_(back) {}

  void start();
  void stop() { running_ = false; }
  /// One came through the link.
  void on_segment(const Datagram& datagram);
  [[nodiscard]] uint64_t bytes() const { return arrived_ * kSegment; }

 private:
  struct Sent {
    TimePoint at;
    int passed = 0;  // later ones that arrived
  };

  void fill();
  void on_acknowledged(uint64_t number);
  void grow(Duration rtt);
  void on_loss(uint64_t number);
  void watch();

  Simulation& simulation_;
  Link& link_;
  Duration back_;
  bool running_ = false;
  std::map<uint64_t, Sent> flight_;
  uint64_t next_ = 0;
  uint64_t recovery_ = 0;  // losses before that number belong to the last one
  uint64_t arrived_ = 0;
  double window_ = 10;
  double threshold_ = 1e9;
  double before_loss_ = 0;
  TimePoint epoch_ = kNever;  // growth since the last loss began
  TimePoint heard_;
  Duration least_rtt_ = Duration::max();
};

}  // namespace turms::sim
