// A sequence of sends, feedback messages and pauses, as one transport's estimator sees it. Each
// step of the input: a kind byte, then for feedback two bytes of length and the RTCP bytes.
#include "rtc/bwe/estimator.h"
#include "rtc/rtcp/packets.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  using namespace turms::rtc;
  TimePoint now{100s};
  bwe::Estimator estimator(now, {});
  bwe::SentNumbers numbers;  // of three streams that take turns
  ByteReader input(ByteView(data, size));
  int steps = 0;
  while (input.remaining() > 0 && ++steps < 2000) {
    const uint8_t kind = input.u8();
    switch (kind % 6) {
      case 0:  // a burst of packets
        for (int i = 0; i < kind / 6 + 1; ++i) {
          const auto probe = estimator.take_probe();
          const auto sequence =
              estimator.on_sent(now, {size_t{1200}, false, probe ? probe->id : 0});
          numbers.on_sent(Ssrc(1 + sequence % 3), static_cast<uint16_t>(sequence / 3), sequence);
          now += 1ms;
        }
        break;
      case 1: {  // RTCP from the receiver
        const size_t wanted = input.u16();
        const ByteView bytes = input.bytes(std::min(wanted, input.remaining()));
        rtcp::Reader reader(bytes);
        while (const auto packet = reader.next()) {
          if (packet->kind() == rtcp::Kind::kTransportFeedback) {
            estimator.on_transport_feedback(now, *packet);
          } else if (packet->kind() == rtcp::Kind::kCongestionFeedback) {
            estimator.on_congestion_feedback(now, *packet, numbers);
          } else if (packet->kind() == rtcp::Kind::kRemb) {
            const uint64_t rate =
                std::min<uint64_t>(rtcp::remb(*packet).bits_per_second, 1ull << 40);
            estimator.on_remb(now, bwe::Bitrate(static_cast<int64_t>(rate)));
          }
        }
        break;
      }
      case 2:
        now += (kind + 1) * Duration(10ms);
        break;
      case 3:
        estimator.set_demand(now,
                             {bwe::Bitrate::kbps(kind * 50), bwe::Bitrate::kbps(kind * 10), {}});
        break;
      case 4:
        estimator.on_receiver_report(now, kind % 11, 50, 80ms);
        break;
      default:
        if (kind > 250) estimator.on_route_change(now);
        break;
    }
    if (now >= estimator.next_deadline()) estimator.on_timeout(now);
    fuzz::check(estimator.next_deadline() > now - 1h);
    const bwe::Target& target = estimator.target();
    fuzz::check(target.rate >= bwe::kLowestBitrate && target.rate <= bwe::kHighestBitrate);
    fuzz::check(target.stable <= target.rate);
    fuzz::check(target.loss >= 0 && target.loss <= 1);
    fuzz::check(target.rtt >= Duration::zero());
  }
  return 0;
}
