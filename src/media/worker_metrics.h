#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/histogram.h"
#include "base/metrics.h"
#include "base/time.h"
#include "rtc/peer.h"
#include "sfu/room.h"

namespace turms::media {

/// Why a datagram never came to a room, besides what rtc::Peer says.
enum class DatagramDrop : uint8_t {
  kUnknownSource,  // no peer has this address
  kUnknownUfrag,   // a first check with a name nobody here has
  kTooLong,
  kSendBlocked,   // outgoing: the kernel's buffer stayed full
  kSendFailed,    // outgoing: the kernel refused
  kStreamFull,    // outgoing: the receiver of a stream is too slow
  kBrokenStream,  // a stream that is not framed, closed for it
  kRelayRefused,  // nothing that the TURN server relays, either way
};
inline constexpr size_t kDatagramDropCount = 8;

/// The numbers of all workers together. Any thread; workers add once per turn, not per packet.
class WorkerMetrics {
 public:
  WorkerMetrics();

  void drop(DatagramDrop reason, uint64_t count = 1) {
    if (count > 0) drops_[static_cast<size_t>(reason)]->add(static_cast<int64_t>(count));
  }
  void drop(rtc::DropReason reason) { peer_drops_[static_cast<size_t>(reason)]->add(); }
  /// What became of a message for one receiver.
  void count(rtc::DataSendStatus status) { data_fates_[static_cast<size_t>(status)]->add(); }
  /// What changed since `last`.
  void add(const sfu::RoomCounters& now, const sfu::RoomCounters& last);

  /// Of each path once a second.
  void observe(const std::vector<sfu::PathStatistics>& paths);

  /// So many were given to the kernel together, the last of them `delay` after what they came from
  /// had reached the kernel.
  void sent_within(Duration delay, uint64_t datagrams);

  Metric& received;
  Metric& sent;
  Metric& sent_bytes;
  Metric& turns;
  Metric& rooms;
  Metric& transports;
  Metric& streams;
  Metric& stream_received;
  Metric& stream_sent;
  Metric& allocations;
  Metric& refused_commands;
  Metric& data_received;

 private:
  std::array<Metric*, kDatagramDropCount> drops_;
  std::array<Metric*, rtc::kDropReasonCount> peer_drops_;
  std::array<Metric*, 4> data_fates_;
  struct RoomCounter;
  static const std::array<RoomCounter, 14> kRoomCounters;
  std::array<Metric*, 14> room_fates_;
  // A Prometheus histogram by hand: buckets are cumulative.
  static constexpr std::array<Duration, 7> kDelayBounds = {50us, 100us, 200us, 500us,
                                                           1ms,  2ms,   5ms};
  std::array<Metric*, kDelayBounds.size() + 1> delay_buckets_;
  void add_decisions(const sfu::DecisionCounters& now, const sfu::DecisionCounters& last);

  struct DecisionCounter;
  static const std::array<DecisionCounter, 6> kDecisions;
  std::array<Metric*, 6> decisions_;
  std::array<Metric*, sfu::kLayerLimitCount> limited_;
  Histogram& path_estimate_;
  Histogram& path_queue_;
  Histogram& path_round_trip_;
  Metric& forwarded_;
  Metric& retransmitted_;
  Metric& initial_;
  Metric& retransmit_;
};

}  // namespace turms::media
