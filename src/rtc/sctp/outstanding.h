#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "rtc/sctp/ring.h"
#include "rtc/sctp/send_queue.h"
#include "rtc/sctp/wire.h"

namespace turms::rtc::sctp {

/// Retransmission timeout from round trips (RFC 9260 section 6.3.1). The lower bound is beyond the
/// 200 ms for which a receiver may hold back a SACK.
class RetransmissionTimeout {
 public:
  static constexpr Duration kInitial = std::chrono::milliseconds(500);
  static constexpr Duration kMin = std::chrono::milliseconds(220);
  static constexpr Duration kMax = std::chrono::seconds(6);

  void add(Duration round_trip);
  void back_off();
  /// Something got through: what was backed off counts no more.
  void restore();
  [[nodiscard]] Duration value() const { return value_; }
  [[nodiscard]] Duration round_trip() const { return smoothed_; }

 private:
  Duration smoothed_{0};
  Duration variation_{0};
  Duration value_ = kInitial;
};

/// What was sent and is not acknowledged in order yet: retransmission, congestion control, and
/// giving up (RFC 9260 sections 6.2, 6.3, 7; RFC 3758 section 3.5).
///
/// Differs from RFC 9260 section 7.2 in two respects: what counts as missing is what was *sent*
/// before something newly acknowledged, in order of transmission, so that a lost retransmission is
/// found without waiting for the timer. After a loss the window falls to 0.7 of itself, as CUBIC's
/// does (RFC 9438 section 4.6), and grows as RFC 9260 says.
///
/// Bounds: the congestion window, at most kMaxWindow bytes.
class Outstanding {
 public:
  static constexpr size_t kMaxWindow = 1024 * 1024;
  static constexpr int kMissesUntilLost = 3;

  /// `max_data` is what one packet carries. A receiver without RFC 3758 must be sent everything:
  /// `may_abandon` false.
  Outstanding(uint32_t first_tsn, uint32_t peer_window, size_t max_data, bool may_abandon);

  /// Whether new data of this size may leave now.
  [[nodiscard]] bool may_send(size_t size) const;
  /// It leaves now; its TSN.
  uint64_t add(TimePoint now, Chunk chunk);

  /// Something that is to be sent again and leaves now, if it is no longer than `max_size`.
  struct Retransmission {
    const Chunk* chunk = nullptr;
    uint64_t tsn = 0;
  };
  std::optional<Retransmission> retransmit(TimePoint now, size_t max_size);

  /// False when it acknowledges what was never sent.
  bool handle_sack(TimePoint now, const SackView& sack);
  [[nodiscard]] TimePoint deadline() const { return deadline_; }
  void handle_timeout(TimePoint now);

  /// Messages that were given up since the last call: what of them is not sent yet must not be.
  struct Abandoned {
    uint64_t id = 0;
    uint16_t stream = 0;
  };
  std::vector<Abandoned> take_abandoned();
  /// Tells the receiver not to wait for what was given up.
  [[nodiscard]] bool needs_forward() const { return needs_forward_; }
  void write_forward(bool interleaving, Bytes& out);

  [[nodiscard]] bool empty() const { return sent_.empty(); }
  [[nodiscard]] bool has_stream(uint16_t stream) const;
  [[nodiscard]] uint64_t last_tsn() const { return cumulative_ + sent_.size(); }
  /// Bytes kept for a possible retransmission.
  [[nodiscard]] size_t bytes() const { return bytes_; }
  [[nodiscard]] size_t window() const { return window_; }
  [[nodiscard]] TimePoint last_sent() const { return last_sent_; }
  [[nodiscard]] const RetransmissionTimeout& timeout() const { return timeout_; }
  [[nodiscard]] uint64_t retransmissions() const { return retransmissions_; }
  [[nodiscard]] uint64_t abandoned_messages() const { return abandoned_messages_; }

 private:
  enum class State : uint8_t { kInFlight, kAcknowledged, kLost, kAbandoned };
  struct Sent {
    Chunk chunk;
    State state = State::kInFlight;
    uint8_t misses = 0;
    uint32_t transmissions = 1;
    uint64_t order = 0;  // of its last transmission
    TimePoint sent_at;
  };
  struct Progress {
    size_t bytes = 0;           // newly acknowledged
    uint64_t newest_order = 0;  // among them
    bool advanced = false;
    Duration round_trip{-1};
  };

  void acknowledge(TimePoint now, Sent& sent, Progress& progress);
  void count_misses(TimePoint now, uint64_t newest_order);
  void lose(TimePoint now, Sent& sent);
  void abandon(const Chunk& chunk);
  void grow(const Progress& progress, size_t flight_before);
  void advance_forward();

  size_t max_data_;
  bool may_abandon_;
  Ring<Sent> sent_;      // sent_[i] has TSN cumulative_ + 1 + i
  uint64_t cumulative_;  // everything up to it is acknowledged
  uint64_t forward_;     // and up to this given up, at least cumulative_
  bool needs_forward_ = false;
  uint64_t next_order_ = 1;
  size_t lost_ = 0;    // chunks that wait to be sent again
  size_t flight_ = 0;  // bytes
  size_t bytes_ = 0;

  size_t window_;
  size_t threshold_ = kMaxWindow;
  size_t acknowledged_ = 0;  // bytes, towards the next growth
  uint64_t recovery_end_ = 0;
  size_t peer_window_;
  bool probes_ = false;  // the first retransmission of a recovery ignores the window
  TimePoint last_sent_;
  TimePoint deadline_ = kNever;
  RetransmissionTimeout timeout_;
  std::vector<Abandoned> abandoned_;
  uint64_t retransmissions_ = 0;
  uint64_t abandoned_messages_ = 0;
};

}  // namespace turms::rtc::sctp
