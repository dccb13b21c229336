// Cost of send-side estimation per packet: its sequence and record, the pacer, and the feedback
// that answers it, with one message of ten packets each 100 ms and of a hundred.

#include <fmt/core.h>

#include <array>
#include <chrono>
#include <vector>

#include "base/check.h"
#include "rtc/bwe/estimator.h"
#include "rtc/bwe/pacer.h"

namespace turms::bench {
namespace {

using rtc::bwe::Bitrate;
using rtc::bwe::Estimator;
using rtc::bwe::Pacer;

constexpr int kMessages = 20'000;
constexpr int kRounds = 7;

/// Nanoseconds a packet, without the writing of the feedback; the best of some rounds.
double measure(int packets_per_message, bool pace, bool feedback) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    TimePoint now{100s};
    Estimator::Config config;
    config.max = Bitrate::kbps(30'000);
    Estimator estimator(now, config);
    Pacer pacer;
    pacer.set_rate(now, Bitrate::kbps(40'000), Pacer::Path::kUntried);
    estimator.set_demand(now, {Bitrate::kbps(20'000), Bitrate::kbps(2'000), {}});
    const Duration gap = Duration(100ms) / packets_per_message;
    std::chrono::nanoseconds spent{};
    std::vector<rtc::rtcp::Writer::Arrival> arrivals;
    int64_t sequence = 0;
    for (int message = 0; message < kMessages * 10 / packets_per_message; ++message) {
      arrivals.clear();
      std::array<uint8_t, 1500> buffer{};
      const auto begin = std::chrono::steady_clock::now();
      for (int i = 0; i < packets_per_message; ++i) {
        now += gap;
        if (pace) {
          TURMS_CHECK(pacer.push(now, {1, 1200, 1, Pacer::Class::kVideo, false, false}));
          while (pacer.next(now)) {
          }
        }
        (void)estimator.on_sent(now, {1200});
      }
      spent += std::chrono::steady_clock::now() - begin;
      for (int i = 0; i < packets_per_message; ++i) {
        arrivals.push_back({sequence++, now - (packets_per_message - i) * gap + 30ms});
      }
      rtc::rtcp::Writer writer(buffer);
      TURMS_CHECK(writer.transport_feedback(rtc::Ssrc(1), rtc::Ssrc(2), arrivals[0].sequence,
                                            arrivals, 0) == arrivals.size());
      if (!feedback) continue;
      const auto answer = std::chrono::steady_clock::now();
      rtc::rtcp::Reader reader(writer.written());
      while (const auto packet = reader.next())
        estimator.on_transport_feedback(now + 60ms, *packet);
      estimator.on_timeout(now + 60ms);
      while (estimator.take_probe()) {
      }
      spent += std::chrono::steady_clock::now() - answer;
    }
    best = std::min(best, static_cast<double>(spent.count()) / static_cast<double>(sequence));
  }
  return best;
}

}  // namespace
}  // namespace turms::bench

int main() {
  using turms::bench::measure;
  fmt::print("{:<44}{:>12}{:>12}\n", "ns a packet; packets a message", "10", "100");
  fmt::print("{:<44}{:>12.1f}{:>12.1f}\n", "sequence and record", measure(10, false, false),
             measure(100, false, false));
  fmt::print("{:<44}{:>12.1f}{:>12.1f}\n", "… and feedback: the estimator",
             measure(10, false, true), measure(100, false, true));
  fmt::print("{:<44}{:>12.1f}{:>12.1f}\n", "… and the pacer", measure(10, true, true),
             measure(100, true, true));
  return 0;
}
