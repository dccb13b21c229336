#include "media/worker_metrics.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace turms::media
