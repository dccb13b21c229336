#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"

namespace turms::link {

/// What happens to packets in one direction, in the order of their way: the policer drops, the
/// queue waits for the rate, the air loses, the wire delays. Everything may change at any moment.
struct LinkProfile {
  /// Polices before the queue: what finds no tokens is dropped. 0: no policer.
  uint64_t policer_bits_per_second = 0;
  uint64_t policer_burst_bytes = 16'384;

  /// The bottleneck; 0: no bound, and no queue.
  uint64_t bits_per_second = 0;
  /// Drop-tail: a packet that would wait longer than this at the present rate is dropped.
  Duration queue_time = 300ms;
  /// The same in bytes; 0: no bound of this kind. A packet always fits into an empty queue.
  uint64_t queue_bytes = 0;
  /// Active queue management: packets are dropped at random before they enter, so that the others
  /// wait about so long (PI2, RFC 9332 appendix A: what its classic queue does to packets without
  /// ECN). 0: none.
  Duration aqm_target{};
  /// The queue lets nothing out, as while a radio is away.
  bool hold = false;

  /// Chance of each packet behind the queue, so what is lost has cost capacity.
  double loss = 0;
  /// Loss in bursts (Gilbert-Elliott): the chance per packet that a burst begins with it; one ends
  /// with chance 1 / burst_length per packet. 0: no bursts.
  double burst_start = 0;
  double burst_length = 3;

  Duration delay{};
  /// Uniform on top of the delay. Order is kept.
  Duration jitter{};
  /// The only ways out of order: the chance of a packet to come later than its turn, or twice.
  double reorder = 0;
  Duration reorder_delay = 30ms;
  double duplicate = 0;
};

/// Since the link was made. Bytes are those of the packets as given to send(), plus the overhead.
struct LinkCounters {
  uint64_t packets_in = 0;
  uint64_t bytes_in = 0;
  /// Packets that the bottleneck let out, lost ones included: what the capacity was used for.
  uint64_t packets_carried = 0;
  uint64_t bytes_carried = 0;
  uint64_t packets_out = 0;
  uint64_t bytes_out = 0;
  uint64_t policed = 0;
  uint64_t queue_full = 0;
  uint64_t aqm = 0;  // dropped by its queue management
  uint64_t lost = 0;
  /// More than kMaxPackets at once.
  uint64_t overflow = 0;
  /// Waiting and serialisation of what was carried.
  Duration queued_total{};
};

struct Packet {
  Bytes bytes;
  /// Given back as it came.
  uint64_t tag = 0;
};

/// One direction of a link. Sans-IO: it is told the time, which never goes back.
class ShapedLink {
 public:
  /// In the queue and on the wire together. Further packets are dropped.
  static constexpr size_t kMaxPackets = 65'536;

  /// `overhead`: bytes of lower layers that each packet costs besides its own.
  ShapedLink(const LinkProfile& profile, uint64_t seed, size_t overhead = 0);

  /// What waits is served at the new rate from now on; what is on the wire keeps its arrival.
  void set_profile(TimePoint now, const LinkProfile& profile);
  [[nodiscard]] const LinkProfile& profile() const { return profile_; }

  void send(TimePoint now, Packet packet);
  /// The next packet that has arrived by `now`.
  std::optional<Packet> receive(TimePoint now);
  /// When receive() has to be called again; kNever when nothing is under way.
  [[nodiscard]] TimePoint next_timeout() const;

  [[nodiscard]] const LinkCounters& counters() const { return counters_; }
  /// How long a packet that is sent now would wait; 0 without a rate.
  [[nodiscard]] Duration queue_delay(TimePoint now) const;
  /// Longest stay in the queue of a packet that left since the last call.
  Duration take_longest_queued();

 private:
  struct Waiting {
    Packet packet;
    TimePoint entered;
  };
  struct Flying {
    TimePoint arrival;
    uint64_t order = 0;
    Packet packet;
  };
  static bool later(const Flying& a, const Flying& b) {
    return a.arrival != b.arrival ? a.arrival > b.arrival : a.order > b.order;
  }

  [[nodiscard]] uint64_t size_of(const Packet& packet) const {
    return packet.bytes.size() + overhead_;
  }
  bool police(TimePoint now, uint64_t bytes);
  [[nodiscard]] bool fits(TimePoint now, uint64_t bytes) const;
  bool manage(TimePoint now);
  /// When the first of the queue has been sent, at the present rate.
  [[nodiscard]] TimePoint head_done() const;
  void start_head(TimePoint now);
  void advance(TimePoint now);
  void depart(TimePoint time, Waiting waiting);
  bool lost();
  void fly(TimePoint arrival, Packet packet);

  LinkProfile profile_;
  Rng rng_;
  size_t overhead_;
  LinkCounters counters_;

  std::deque<Waiting> queue_;
  uint64_t queued_bytes_ = 0;  // all of queue_
  uint64_t head_bits_ = 0;     // of the first one, not yet sent at head_start_
  TimePoint head_start_;

  std::vector<Flying> flying_;  // a heap
  uint64_t next_order_ = 0;
  TimePoint last_arrival_;  // keeps order
  bool in_burst_ = false;

  double pressure_ = 0;  // of the queue management: the root of its chance to drop
  Duration managed_delay_{};
  TimePoint managed_at_;

  double tokens_ = 0;  // bytes
  TimePoint tokens_at_;
  Duration longest_queued_{};
};

}  // namespace turms::link
