// RTCP compounds of every kind.
#include "rtc/rtcp/congestion_feedback.h"
#include "rtc/rtcp/packets.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  using namespace turms::rtc;
  rtcp::Reader reader(ByteView(data, size));
  size_t packets = 0;
  uint64_t sum = 0;
  while (const auto packet = reader.next()) {
    fuzz::check(++packets <= size / 4);
    switch (packet->kind()) {
      case rtcp::Kind::kSenderReport:
        sum += rtcp::sender_info(*packet).ntp;
        [[fallthrough]];
      case rtcp::Kind::kReceiverReport:
        for (size_t i = 0; i < packet->count(); ++i) sum += rtcp::report_block(*packet, i).jitter;
        break;
      case rtcp::Kind::kSourceDescription:
        if (const auto cname = rtcp::first_cname(*packet)) sum += cname->cname.size();
        break;
      case rtcp::Kind::kBye:
        rtcp::for_each_bye(*packet, [&](Ssrc ssrc) { sum += ssrc.value; });
        break;
      case rtcp::Kind::kNack:
        rtcp::for_each_nack(*packet, [&](rtp::SeqNum n) { sum += n.value; });
        break;
      case rtcp::Kind::kTransportFeedback: {
        rtcp::FeedbackReader feedback(*packet);
        size_t statuses = 0;
        while (const auto status = feedback.next()) {
          fuzz::check(++statuses <= rtcp::feedback_header(*packet).packet_count);
          sum += status->sequence.value;
        }
        break;
      }
      case rtcp::Kind::kCongestionFeedback: {
        rtcp::CongestionFeedbackReader feedback(*packet);
        size_t statuses = 0;
        while (const auto status = feedback.next()) {
          fuzz::check(++statuses <= packet->body().size() / 2);
          fuzz::check(!status->before || (status->received && *status->before < 8s));
          sum += status->sequence.value;
        }
        sum += feedback.timestamp();
        break;
      }
      case rtcp::Kind::kPli:
        sum += packet->media_ssrc().value;
        break;
      case rtcp::Kind::kFir:
        rtcp::for_each_fir(*packet, [&](Ssrc ssrc, uint8_t) { sum += ssrc.value; });
        break;
      case rtcp::Kind::kRemb:
        for (size_t i = 0; i < rtcp::remb(*packet).ssrc_count; ++i)
          sum += rtcp::remb_ssrc(*packet, i).value;
        break;
      case rtcp::Kind::kUnknown:
        break;
    }
  }
  // Keeps the reads from being optimised away.
  volatile uint64_t sink = sum;
  (void)sink;
  return 0;
}
