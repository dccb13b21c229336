#pragma once

#include <cstdint>
#include <span>

#include "base/time.h"
#include "rtc/bwe/bitrate.h"

namespace turms::rtc::bwe {

/// A burst above the current rate, sent to learn whether the path carries it.
struct ProbeCluster {
  static constexpr int kNone = 0;

  int id = kNone;  // from 1, ascending
  Bitrate rate;
  /// The burst ends when both are reached.
  int min_packets = 5;
  int64_t min_bytes = 0;
  Duration duration = 15ms;
  /// Packets sent in one go should cover this long at `rate`.
  Duration min_delta = 2ms;
};

/// What feedback says about one packet of ours.
struct PacketResult {
  int64_t sequence = 0;  // unwrapped transport sequence
  TimePoint sent{};
  /// On a line of its own that moves with ours; kNever: reported lost.
  TimePoint received = kNever;
  int32_t size = 0;  // bytes on the wire
  /// Bytes sent since the packet before without a transport sequence.
  int32_t untracked = 0;
  int probe_cluster = ProbeCluster::kNone;
  int probe_min_packets = 0;
  int64_t probe_min_bytes = 0;
  bool audio = false;
  /// Reported lost by an earlier message.
  bool reported_before = false;

  [[nodiscard]] bool is_received() const { return received != kNever; }
};
using PacketResults = std::span<const PacketResult>;

/// How the one-way delay develops.
enum class Usage : uint8_t { kNormal, kOverusing, kUnderusing };

}  // namespace turms::rtc::bwe
