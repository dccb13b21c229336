#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "rtc/bwe/packet_result.h"
#include "rtc/bwe/sent_numbers.h"
#include "rtc/rtcp/packets.h"

namespace turms::rtc::bwe {

/// Remembers what was sent under which transport sequence, and turns transport-wide feedback
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01) into results. What a lost feedback message
/// would have said stays unknown: it is no loss.
///
/// Bounds: the packets of the last kMemory, up to kSlots of 8 bytes each; older ones are unknown.
/// Allocates while the rate grows.
class TransportFeedbackHistory {
 public:
  static constexpr size_t kFirstSlots = 256;  // powers of two, both
  static constexpr size_t kSlots = 16'384;
  /// Far above round trip, feedback interval and the receiver's patience together.
  static constexpr Duration kMemory = 4s;
  /// A reference time further than this from the one before is a new clock.
  static constexpr Duration kMaxReferenceStep = std::chrono::minutes(10);

  /// `first_sequence`: of the first packet.
  explicit TransportFeedbackHistory(uint16_t first_sequence = 0) : next_(first_sequence) {}

  struct Counters {
    uint64_t malformed = 0;   // messages
    uint64_t unknown = 0;     // packets that were never sent or are too old
    uint64_t duplicates = 0;  // packets reported received, or lost, again
  };

  struct Sent {
    size_t size = 0;  // bytes on the wire, up to 65,535
    bool audio = false;
    int probe_cluster = ProbeCluster::kNone;
  };
  /// Call when the packet leaves. Gives the sequence to put into it.
  uint16_t on_sent(TimePoint now, const Sent& packet) {
    const auto now_units = static_cast<uint32_t>(now.time_since_epoch() / kTimeUnit);
    Slot& slot = claim(now_units);
    slot.sent = now_units;
    slot.size = static_cast<uint16_t>(std::min<size_t>(packet.size, UINT16_MAX));
    slot.untracked = 0;
    slot.state = kSent;
    slot.audio = packet.audio ? 1 : 0;
    slot.cluster = 0;
    if (untracked_ >= kUntrackedUnit || packet.probe_cluster != ProbeCluster::kNone) [[unlikely]] {
      note_more(slot, packet);
    }
    return static_cast<uint16_t>(next_++);
  }
  /// Fetches into the cache what on_sent() touches, when this itself is there.
  void prefetch() const {
    if (slots_.empty()) return;
    const Slot* place = &slots_[static_cast<size_t>(next_) & (slots_.size() - 1)];
    __builtin_prefetch(place, 1);
    __builtin_prefetch(place + kBurst, 1);
  }
  /// A packet that counts but carries no sequence; told with the next one that does.
  void on_untracked_sent(size_t size) { untracked_ += size; }
  /// Before the first packet of the cluster.
  void add_cluster(const ProbeCluster& cluster);

  /// Results of packets not reported received before, ascending in sequence; valid until the next
  /// call. A packet reported lost is told once; again if it turns out to have arrived.
  PacketResults on_feedback(TimePoint now, const rtcp::PacketView& feedback);
  /// The same of feedback by RFC 8888, of packets that are in `numbers`.
  PacketResults on_congestion_feedback(TimePoint now, const rtcp::PacketView& feedback,
                                       const SentNumbers& numbers);

  /// Of the next packet.
  [[nodiscard]] uint16_t next_sequence() const { return static_cast<uint16_t>(next_); }
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  static constexpr Duration kTimeUnit = std::chrono::microseconds(8);  // wraps after 9.5 hours
  static constexpr size_t kUntrackedUnit = 64;
  static constexpr size_t kBurst = 8;      // packets that leave together, often
  static constexpr size_t kClusters = 32;  // told apart by the low bits of their id
  enum State : uint8_t { kSent, kReportedLost, kReceived, kEmpty };

  struct Slot {
    uint32_t sent = 0;  // kTimeUnit
    uint16_t size = 0;
    uint8_t untracked = 0;  // kUntrackedUnit
    uint8_t state : 2 = kEmpty;
    uint8_t audio : 1 = 0;
    uint8_t cluster : 5 = 0;  // 0: none
  };
  static_assert(sizeof(Slot) == 8);

  /// Of the next packet; makes room for it.
  Slot& claim(uint32_t now_units) {
    constexpr auto kMemoryUnits = static_cast<uint32_t>(kMemory / kTimeUnit);
    if (slots_.empty()) grow();
    const Slot& old = slot(next_);
    const bool needed = old.state != kEmpty && now_units - old.sent < kMemoryUnits;
    if (needed && slots_.size() < kSlots) [[unlikely]]
      grow();
    return slot(next_);
  }
  void note_more(Slot& slot, const Sent& packet);
  [[nodiscard]] Slot& slot(int64_t sequence) {
    return slots_[static_cast<size_t>(sequence) & (slots_.size() - 1)];
  }
  void grow();
  void move_reference(TimePoint now, Duration reference);
  void move_report_time(TimePoint now, uint32_t timestamp);
  void take(TimePoint now, int64_t sequence, std::optional<TimePoint> received);
  PacketResult result_of(TimePoint now, int64_t sequence, const Slot& slot) const;

  std::vector<Slot> slots_;
  int64_t next_;  // unwrapped
  size_t untracked_ = 0;
  std::array<ProbeCluster, kClusters> clusters_;
  std::optional<int64_t> last_reference_;  // 24 bits, in ticks of 64 ms
  TimePoint offset_{};                     // of last_reference_ on our line
  std::optional<uint32_t> last_report_;    // 1/65536 s
  TimePoint report_offset_{};              // of last_report_ on our line
  std::vector<PacketResult> results_;
  Counters counters_;
};

}  // namespace turms::rtc::bwe
