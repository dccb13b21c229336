#include "media/worker_metrics.h"

#include <gtest/gtest.h>

#include <array>

namespace turms::media {
namespace {

TEST(WorkerMetrics, PacketsToSubscribersHaveLiveKitsNameAsWell) {
  WorkerMetrics workers;
  const auto of = [](std::string_view transmission) {
    return metrics::counter(
               "livekit_packet_total", "",
               {{"country", ""}, {"direction", "outgoing"}, {"transmission", transmission}})
        .value();
  };
  const int64_t initial = of("initial");
  const int64_t again = of("retransmit");
  const sfu::RoomCounters before{.forwarded_packets = 3, .retransmitted_packets = 1};
  workers.add({.forwarded_packets = 8, .retransmitted_packets = 3}, before);
  EXPECT_EQ(of("initial") - initial, 5);
  EXPECT_EQ(of("retransmit") - again, 2);
}

TEST(WorkerMetrics, DecisionsAndWhatLimitsSubscriptions) {
  WorkerMetrics workers;
  Metric& lowered =
      metrics::counter("turms_media_layer_changes_total", "", {{"direction", "down"}});
  Metric& network = metrics::gauge("turms_media_video_subscriptions", "", {{"limit", "network"}});
  sfu::RoomCounters before;
  sfu::RoomCounters after;
  after.decisions.layers_lowered = 2;
  after.decisions.limited[static_cast<size_t>(sfu::LayerLimit::kNetwork)] = 3;
  workers.add(after, before);
  EXPECT_EQ(lowered.value(), 2);
  EXPECT_EQ(network.value(), 3);
  std::swap(before, after);
  after.decisions.layers_lowered = 2;  // the room goes: what it had is gone, what happened has
  workers.add(after, before);
  EXPECT_EQ(lowered.value(), 2);
  EXPECT_EQ(network.value(), 0);
}

TEST(WorkerMetrics, PathsAreCountedByWhatTheyCarry) {
  WorkerMetrics workers;
  const std::array<Histogram*, 3> all = {
      &metrics::histogram("turms_media_path_estimate_bits_per_second", "", {}),
      &metrics::histogram("turms_media_path_queue_seconds", "", {}),
      &metrics::histogram("turms_media_path_round_trip_seconds", "", {})};
  // Engines of other tests may have counted.
  std::array<double, 3> sums{};
  for (size_t i = 0; i < all.size(); ++i) sums[i] = all[i]->sum();
  workers.observe(
      {{.estimate_bps = 300'000, .round_trip_us = 60'000, .queue_us = 15'000, .pacer_us = 10'000}});
  EXPECT_NEAR(all[0]->sum() - sums[0], 300'000, 1);
  EXPECT_NEAR(all[1]->sum() - sums[1], 0.025, 1e-6);
  EXPECT_NEAR(all[2]->sum() - sums[2], 0.06, 1e-6);
  EXPECT_GT(all[1]->bounds().size(), 4U);
}

}  // namespace
}  // namespace turms::media
