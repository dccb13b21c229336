#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "rtc/bwe/bitrate.h"
#include "rtc/bwe/packet_result.h"

namespace turms::rtc::bwe {

/// What a probe cluster found (libwebrtc goog_cc, ProbeBitrateEstimator): the lower of the rates at
/// which it left and arrived, once 80 % of it is reported; 95 % of the arrivals' when they were
/// slower, so that the queue drains.
///
/// Bounds: kMaxClusters at a time, the oldest out first; one lives kHistory after its last arrival.
class ProbeBitrateEstimator {
 public:
  static constexpr size_t kMaxClusters = 8;
  static constexpr Duration kHistory = 1s;
  static constexpr Duration kMaxInterval = 1s;

  /// A received packet of a cluster. Something when the cluster says something by now.
  std::optional<Bitrate> on_packet(const PacketResult& packet);
  /// The newest result since the last call.
  std::optional<Bitrate> take_result();

 private:
  struct Cluster {
    int id = ProbeCluster::kNone;
    int packets = 0;
    int64_t bytes = 0;
    TimePoint first_sent = TimePoint::max();
    TimePoint last_sent = TimePoint::min();
    TimePoint first_received = TimePoint::max();
    TimePoint last_received = TimePoint::min();
    int64_t size_last_sent = 0;
    int64_t size_first_received = 0;
  };
  Cluster& cluster_of(int id);
  void forget_old(TimePoint received);
  static std::optional<Bitrate> evaluate(const Cluster& cluster);

  std::array<Cluster, kMaxClusters> clusters_;
  std::optional<Bitrate> result_;
};

}  // namespace turms::rtc::bwe
