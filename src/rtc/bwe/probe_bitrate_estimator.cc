#include "rtc/bwe/probe_bitrate_estimator.h"

#include <algorithm>
#include <utility>

namespace turms::rtc::bwe {

namespace {

constexpr double kEnough = 0.8;        // of packets and of bytes
constexpr double kMaxRatio = 2.0;      // arrivals faster than that: they were held up somewhere
constexpr double kUnsaturated = 0.9;   // arrivals slower than that: the link was full
constexpr double kUtilisation = 0.95;  // of a full link's rate

}  // namespace

std::optional<Bitrate> ProbeBitrateEstimator::on_packet(const PacketResult& packet) {
  forget_old(packet.received);
  Cluster& cluster = cluster_of(packet.probe_cluster);
  cluster.first_sent = std::min(cluster.first_sent, packet.sent);
  if (packet.sent > cluster.last_sent) {
    cluster.last_sent = packet.sent;
    cluster.size_last_sent = packet.size;
  }
  if (packet.received < cluster.first_received) {
    cluster.first_received = packet.received;
    cluster.size_first_received = packet.size;
  }
  cluster.last_received = std::max(cluster.last_received, packet.received);
  cluster.bytes += packet.size;
  ++cluster.packets;

  const int min_packets = static_cast<int>(packet.probe_min_packets * kEnough);
  const auto min_bytes =
      static_cast<int64_t>(static_cast<double>(packet.probe_min_bytes) * kEnough);
  if (cluster.packets < min_packets || cluster.bytes < min_bytes) return std::nullopt;
  const auto rate = evaluate(cluster);
  if (rate) result_ = rate;
  return rate;
}

std::optional<Bitrate> ProbeBitrateEstimator::evaluate(const Cluster& cluster) {
  const Duration sending = cluster.last_sent - cluster.first_sent;
  const Duration receiving = cluster.last_received - cluster.first_received;
  if (sending <= Duration::zero() || sending > kMaxInterval || receiving <= Duration::zero() ||
      receiving > kMaxInterval) {
    return std::nullopt;
  }
  const Bitrate send_rate = rate_of(cluster.bytes - cluster.size_last_sent, sending);
  const Bitrate receive_rate = rate_of(cluster.bytes - cluster.size_first_received, receiving);
  if (send_rate.is_zero() || receive_rate.ratio_to(send_rate) > kMaxRatio) return std::nullopt;
  if (receive_rate < send_rate * kUnsaturated) return receive_rate * kUtilisation;
  return std::min(send_rate, receive_rate);
}

std::optional<Bitrate> ProbeBitrateEstimator::take_result() {
  return std::exchange(result_, std::nullopt);
}

ProbeBitrateEstimator::Cluster& ProbeBitrateEstimator::cluster_of(int id) {
  Cluster* free = &clusters_[0];
  for (Cluster& cluster : clusters_) {
    if (cluster.id == id) return cluster;
    if (cluster.id < free->id) free = &cluster;  // an empty place, else the oldest
  }
  *free = Cluster();
  free->id = id;
  return *free;
}

void ProbeBitrateEstimator::forget_old(TimePoint received) {
  for (Cluster& cluster : clusters_) {
    if (cluster.id != ProbeCluster::kNone && cluster.last_received + kHistory < received) {
      cluster = Cluster();
    }
  }
}

}  // namespace turms::rtc::bwe
