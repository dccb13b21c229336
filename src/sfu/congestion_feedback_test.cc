// Feedback by RFC 8888, to publishers and from subscribers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "rtc/rtcp/congestion_feedback.h"
#include "sfu/congestion_feedback_generator.h"
#include "sfu/room_testing.h"

namespace turms::sfu {
namespace {

using namespace testing_support;
using rtc::rtcp::CongestionFeedbackReader;
using rtc::rtcp::CongestionFeedbackWriter;
using rtc::rtcp::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr TimePoint kStart(100s);
constexpr rtc::Ssrc kOne{1};
constexpr rtc::Ssrc kTwo{2};

rtc::rtp::SeqNum number(int n) {
  return rtc::rtp::SeqNum(static_cast<uint16_t>(n));
}

/// Everything reported: stream and number → how long ago in ms, -1: lost.
std::map<std::pair<uint32_t, int>, int> report(CongestionFeedbackGenerator& generator,
                                               TimePoint now, size_t room = 1200) {
  std::map<std::pair<uint32_t, int>, int> out;
  std::array<uint8_t, 1200> buffer;
  while (const size_t size =
             generator.write(now, 7, rtc::Ssrc(9), MutableByteView(buffer).first(room))) {
    rtc::rtcp::Reader reader(ByteView(buffer).first(size));
    const auto packet = reader.next();
    if (!packet) break;
    CongestionFeedbackReader feedback(*packet);
    while (const auto status = feedback.next()) {
      out[{status->ssrc.value, status->sequence.value}] =
          status->before ? static_cast<int>(to_ms(*status->before + 500us)) : -1;
    }
    EXPECT_TRUE(feedback.ok());
  }
  return out;
}

TEST(CongestionFeedbackGenerator, ReportsEachPacketOfEachStreamOnceAndWhatIsMissing) {
  CongestionFeedbackGenerator generator;
  for (const int n : {65'535, 65'536, 65'538}) generator.on_packet(kStart, kOne, number(n));
  generator.on_packet(kStart + 125ms, kTwo, number(5));
  EXPECT_TRUE(generator.pending());
  EXPECT_THAT(report(generator, kStart + 250ms),
              ElementsAre(Pair(Pair(1U, 0), 250), Pair(Pair(1U, 1), -1), Pair(Pair(1U, 2), 250),
                          Pair(Pair(1U, 65'535), 250), Pair(Pair(2U, 5), 125)));
  EXPECT_FALSE(generator.pending());
  EXPECT_THAT(report(generator, kStart + 300ms), IsEmpty());
  generator.on_packet(kStart + 375ms, kOne, number(65'537));
  EXPECT_THAT(report(generator, kStart + 500ms),
              ElementsAre(Pair(Pair(1U, 1), 125), Pair(Pair(1U, 2), 500)))
      << "a late one, and those after it";
}

TEST(CongestionFeedbackGenerator, GoesOnInAnotherMessage) {
  CongestionFeedbackGenerator generator;
  for (int n = 0; n < 400; ++n) {
    generator.on_packet(kStart, kOne, number(n));
    generator.on_packet(kStart, kTwo, number(n));
  }
  EXPECT_EQ(report(generator, kStart + 10ms, 100).size(), 800U);
}

TEST(CongestionFeedbackGenerator, ForgetsWhatIsOverAndJumpsToWhatBeginsAnew) {
  CongestionFeedbackGenerator generator;
  generator.on_packet(kStart, kOne, number(10));
  (void)report(generator, kStart + 50ms);
  (void)report(generator, kStart + 1s);
  generator.on_packet(kStart + 1s, kOne, number(9));
  EXPECT_THAT(report(generator, kStart + 1s), ElementsAre(Pair(Pair(1U, 9), 0)));
  generator.on_packet(kStart + 2s, kOne, number(20'000));
  EXPECT_THAT(report(generator, kStart + 2s), ElementsAre(Pair(Pair(1U, 20'000), 0)));
  for (uint32_t i = 0; i < 3000; ++i) generator.on_packet(kStart + 3s, rtc::Ssrc(i + 1), number(1));
  // The first is the one above, which had later numbers already.
  EXPECT_EQ(report(generator, kStart + 3s).size(), CongestionFeedbackGenerator::kMaxStreams - 1);
}

/// A call whose ends both negotiated it.
struct CongestionCall : Call {
  CongestionCall() {
    publish.codecs[0].congestion_feedback = true;
    subscribe.codecs[0].congestion_feedback = true;
    room.add_transport(kSubscriber, subscriber, true);  // behind a network
    start();
  }
};

TEST(CongestionFeedback, APublisherThatNegotiatedItIsToldByIt) {
  CongestionCall call;
  for (uint16_t n = 1; n < 50; ++n) {
    call.frame(n, n == 1);
    call.advance(33ms);
  }
  call.advance(100ms);
  EXPECT_EQ(call.publisher.count(Kind::kTransportFeedback), 0U);
  EXPECT_GE(call.publisher.count(Kind::kCongestionFeedback), 15U);
  int received = 0;
  call.publisher.for_each_rtcp([&](const rtc::rtcp::PacketView& packet) {
    if (packet.kind() != Kind::kCongestionFeedback) return;
    CongestionFeedbackReader feedback(packet);
    while (const auto status = feedback.next()) {
      EXPECT_EQ(status->ssrc, kSource);
      received += status->received ? 1 : 0;
    }
  });
  EXPECT_EQ(received, 49);
}

TEST(CongestionFeedback, ASubscribersPathIsEstimatedByIt) {
  CongestionCall call;
  RoomEvents events;
  std::optional<PathStatistics> path;
  uint16_t told = 0;
  bool first = true;
  for (uint16_t n = 1; n < 200; ++n) {
    call.frame(n, n == 1);
    call.advance(20ms);
    // The subscriber reports what it got, a tenth of it as lost.
    std::array<uint8_t, 300> buffer;
    CongestionFeedbackWriter writer(buffer, rtc::Ssrc(5));
    for (const auto& packet : call.subscriber.of(kOut)) {
      if (std::exchange(first, false)) told = packet.sequence().value;
      if (packet.sequence().value != told) continue;
      writer.begin(kOut, packet.sequence());
      told % 10 == 0 ? writer.add_lost() : writer.add_received(5ms);
      ++told;
    }
    const auto now_ms = static_cast<uint64_t>(to_ms(call.now.time_since_epoch()));
    const size_t size = writer.finish(static_cast<uint32_t>(now_ms * 65536 / 1000));
    call.room.handle_rtcp(call.now, kSubscriber, ByteView(buffer).first(size));
    if (call.room.take_events(events) && !events.paths.empty()) path = events.paths.back();
  }
  ASSERT_TRUE(path);
  EXPECT_FALSE(path->fallback) << "no receiver reports are needed";
  EXPECT_NEAR(path->loss, 0.1, 0.03);
}

TEST(KeyFrames, AHundredJoinersCostAtMostTwoASecond) {
  ThreeSizes call;
  call.frames(3, true);
  std::vector<std::unique_ptr<CapturingSink>> sinks;
  std::array<size_t, 3> asked{};
  std::array<bool, 3> due{};
  const TimePoint start = call.now;
  for (int tick = 0; call.now - start < 10s; ++tick) {
    // Ten come each second, ten milliseconds apart.
    const int joined = static_cast<int>((call.now - start) / 1s) * 10;
    while (static_cast<int>(sinks.size()) < std::min(100, joined + tick % 100)) {
      if (static_cast<int>(sinks.size()) >= joined + 10) break;
      const auto index = sinks.size();
      sinks.push_back(std::make_unique<CapturingSink>());
      const TransportId id(1000 + index);
      call.room.add_transport(id, *sinks.back());
      call.room.transport_connected(call.now, id);
      SendTrackParameters send = call.subscribe;
      send.id = SubscriptionId(1000 + index);
      send.transport = id;
      call.room.add_send_track(call.now, send, {.max_spatial = static_cast<int>(index % 3)});
    }
    call.advance(10ms);
    for (size_t layer = 0; layer < 3; ++layer) {
      size_t requests = 0;
      call.publisher.for_each_rtcp([&](const rtc::rtcp::PacketView& p) {
        if (p.kind() == Kind::kPli && p.media_ssrc() == ThreeSizes::kSources[layer]) ++requests;
      });
      asked[layer] += requests;
      due[layer] = due[layer] || requests > 0;
    }
    call.publisher.clear();
    if (tick % 5 != 0) continue;
    // The publisher answers with its next frame, on the layers that were asked for.
    for (size_t layer = 0; layer < 3; ++layer) {
      const uint16_t next = ++call.numbers[layer];
      call.send(Call::header(next, 96, ThreeSizes::kSources[layer]),
                Call::vp8(next, std::exchange(due[layer], false)));
    }
  }
  EXPECT_EQ(sinks.size(), 100U);
  size_t seen = 0;
  for (const auto& sink : sinks) seen += sink->of(kOut).empty() ? 0 : 1;
  EXPECT_EQ(seen, 100U);
  for (size_t layer = 0; layer < 3; ++layer) {
    EXPECT_GT(asked[layer], 5U);
    EXPECT_LE(asked[layer], 21U) << "two a second of layer " << layer;
  }
}

}  // namespace
}  // namespace turms::sfu
