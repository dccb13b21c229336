// Layers inside one stream: who gets which frames.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rtc/rtp/dependency_descriptor.h"
#include "rtc/rtp/dependency_testing.h"
#include "sfu/room_testing.h"

namespace turms::sfu {
namespace {

using namespace testing_support;
using rtc::Codec;
using rtc::Extension;
using rtc::rtp::testing_support::frame_descriptor;
using rtc::rtp::testing_support::structure_descriptor;
using rtc::rtp::testing_support::StructureSpec;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint8_t kSourceId = 8;
constexpr uint8_t kOutId = 6;

/// AV1 with dependency descriptors. Each packet's last byte names the frame.
struct SvcCall : Call {
  explicit SvcCall(StructureSpec spec, bool descriptors_out = true) : structure(std::move(spec)) {
    publish.codecs = {codec(Codec::kAv1, 96, 97)};
    subscribe.codecs = {codec(Codec::kAv1, 100, 101)};
    publish.extensions.set(Extension::kDependencyDescriptor, kSourceId);
    subscribe.extensions.set(Extension::kMid, 4);
    if (descriptors_out) subscribe.extensions.set(Extension::kDependencyDescriptor, kOutId);
  }
  void ask(int spatial, int temporal) {
    room.set_layer_request(now, kSubscription, {.max_spatial = spatial, .max_temporal = temporal});
  }
  void key(uint8_t frame, bool marker = true) {
    Bytes descriptor = structure_descriptor(structure, 0, frame);
    packet(frame, descriptor, marker);
  }
  void frame(int index, uint8_t number, bool marker = true) {
    packet(number, frame_descriptor(index, number), marker);
  }
  void packet(uint8_t number, const Bytes& descriptor, bool marker) {
    auto head = header(++sequence, 96);
    head.marker = marker;
    head.timestamp = rtc::rtp::RtpTime(picture * 3000);
    if (marker) {
      ++picture;
      now += 33ms;
    }
    send(head, Bytes{0x10, 0x30, 0x60, number}, {{kSourceId, descriptor}});
  }
  /// A picture of two layers in two temporal ones, template `first` and `second`.
  void picture_of(uint8_t number, int first, int second) {
    frame(first, number, false);
    frame(second, number + 1, true);
  }
  [[nodiscard]] std::vector<int> frames() const {
    std::vector<int> out;
    for (const auto& packet : subscriber.of(kOut)) {
      if (!packet.payload().empty()) out.push_back(packet.payload().back());
    }
    return out;
  }
  [[nodiscard]] std::vector<bool> markers() const {
    std::vector<bool> out;
    for (const auto& packet : subscriber.of(kOut)) {
      if (!packet.payload().empty()) out.push_back(packet.marker());
    }
    return out;
  }
  [[nodiscard]] size_t requests() const { return publisher.count(rtc::rtcp::Kind::kPli); }

  StructureSpec structure;
  uint16_t sequence = 0;
  uint32_t picture = 1;
};

TEST(Svc, TemporalLayersAreLeftOutAndComeBackAtSwitches) {
  SvcCall call(rtc::rtp::testing_support::l1t3());
  call.start();
  call.ask(2, 0);
  call.key(0);
  call.frame(3, 1);  // T2
  call.frame(2, 2);  // T1
  call.frame(4, 3);  // T2
  call.frame(1, 4);  // T0
  EXPECT_THAT(call.frames(), ElementsAre(0, 4));
  call.ask(2, 2);
  call.frame(3, 5);  // the T0 before it was sent, but only T0 and T1 are switching points
  call.frame(2, 6);
  call.frame(4, 7);
  EXPECT_THAT(call.frames(), ElementsAre(0, 4, 6, 7));
  call.ask(2, 0);
  call.frame(1, 8);
  call.frame(3, 9);
  call.frame(2, 10);
  EXPECT_THAT(call.frames(), ElementsAre(0, 4, 6, 7, 8));
  EXPECT_EQ(call.requests(), 1U);
}

TEST(Svc, DownAtOnceUpAtAKeyFrame) {
  SvcCall call(rtc::rtp::testing_support::l2t2());
  call.start();
  call.key(0, false);
  call.frame(3, 1);
  call.picture_of(2, 2, 5);
  EXPECT_THAT(call.frames(), ElementsAre(0, 1, 2, 3));
  call.ask(0, 1);
  call.picture_of(4, 1, 4);
  EXPECT_THAT(call.frames(), ElementsAre(0, 1, 2, 3, 4));
  // The lower layer now ends the picture.
  EXPECT_THAT(call.markers(), ElementsAre(false, true, false, true, true));
  EXPECT_EQ(call.requests(), 1U);
  call.advance(1s);
  call.ask(1, 1);
  EXPECT_EQ(call.requests(), 2U);
  call.picture_of(6, 2, 5);
  call.key(8, false);
  call.frame(3, 9);
  EXPECT_THAT(call.frames(), ElementsAre(0, 1, 2, 3, 4, 6, 8, 9));
  EXPECT_TRUE(call.markers().back());
  EXPECT_FALSE(call.markers()[6]);
}

TEST(Svc, KeySvcSendsOneLayerAndSwitchesOnlyAtKeyFrames) {
  SvcCall call(rtc::rtp::testing_support::l2t2_key());
  call.start();
  call.key(0, false);
  call.frame(3, 1);
  call.picture_of(2, 2, 5);
  call.picture_of(4, 1, 4);
  EXPECT_THAT(call.frames(), ElementsAre(0, 1, 3, 5));
  call.advance(1s);
  call.ask(0, 1);
  EXPECT_EQ(call.requests(), 2U);
  call.picture_of(6, 2, 5);
  EXPECT_THAT(call.frames(), ElementsAre(0, 1, 3, 5, 7)) << "the old layer goes on until then";
  call.key(8, false);
  call.frame(3, 9);
  call.picture_of(10, 2, 5);
  EXPECT_THAT(call.frames(), ElementsAre(0, 1, 3, 5, 7, 8, 10));
}

TEST(Svc, TemporalLayersOfTheTopLayerToo) {
  SvcCall call(rtc::rtp::testing_support::l2t2_key());
  call.start();
  call.ask(1, 0);
  call.key(0, false);
  call.frame(3, 1);
  call.picture_of(2, 2, 5);
  call.picture_of(4, 1, 4);
  EXPECT_THAT(call.frames(), ElementsAre(0, 1, 5));
}

TEST(Svc, AllPacketsOfAFrameFareAlike) {
  SvcCall call(rtc::rtp::testing_support::l2t2());
  call.start();
  call.key(0, false);
  call.frame(3, 1);
  call.packet(2, frame_descriptor(2, 2, true, false), false);
  call.ask(0, 1);
  call.packet(2, frame_descriptor(2, 2, false, true), false);
  call.packet(3, frame_descriptor(5, 3, true, false), false);
  call.packet(3, frame_descriptor(5, 3, false, true), true);
  EXPECT_THAT(call.frames(), ElementsAre(0, 1, 2, 2));
}

TEST(Svc, ALateFrameIsTakenAsItsLayerIs) {
  SvcCall call(rtc::rtp::testing_support::l1t3());
  call.start();
  call.ask(2, 0);
  call.key(0);
  const uint16_t missing = ++call.sequence;  // T2, frame 1
  const uint16_t wanted = ++call.sequence;   // T0, frame 4
  call.frame(3, 5);
  call.frame(1, 8);
  EXPECT_THAT(call.frames(), ElementsAre(0, 8));
  for (auto [sequence, index, number] : {std::tuple{missing, 3, 1}, std::tuple{wanted, 1, 4}}) {
    auto head = Call::header(sequence, 96);
    Bytes descriptor = frame_descriptor(index, static_cast<uint16_t>(number));
    call.send(head, Bytes{0x10, 0x30, 0x60, static_cast<uint8_t>(number)},
              {{kSourceId, descriptor}});
  }
  EXPECT_THAT(call.frames(), ElementsAre(0, 8, 4));
}

TEST(Svc, SubscribersAreToldTheirDecodeTargetsAndNumbersGoOn) {
  SvcCall call(rtc::rtp::testing_support::l2t2());
  call.start();
  call.ask(0, 0);
  call.key(40, false);
  call.frame(3, 41);
  call.picture_of(42, 2, 5);
  call.picture_of(44, 1, 4);
  rtc::rtp::DependencyReader reader;
  std::vector<int> numbers;
  for (const auto& packet : call.subscriber.of(kOut)) {
    if (packet.payload().empty()) continue;
    const auto* d = reader.read(packet.extension(kOutId).value(), true);
    ASSERT_NE(d, nullptr);
    numbers.push_back(d->frame_number);
  }
  EXPECT_EQ(reader.active_targets(), 1U);
  EXPECT_THAT(numbers, ElementsAre(40, 44));
}

TEST(Svc, DescriptorsStayAwayFromThoseWhoDidNotAskForThem) {
  SvcCall call(rtc::rtp::testing_support::l2t2(), false);
  call.start();
  call.ask(0, 1);
  call.key(0, false);
  call.frame(3, 1);
  call.picture_of(2, 2, 5);
  EXPECT_THAT(call.frames(), ElementsAre(0, 2));
  EXPECT_FALSE(call.subscriber.of(kOut).back().extension(kOutId));
}

TEST(Svc, LayersAreToldAndALayerThatStopsIsLeftWithin500Ms) {
  SvcCall call(rtc::rtp::testing_support::l2t2());
  call.start();
  call.key(0, false);
  call.frame(3, 1);
  RoomEvents events;
  ASSERT_TRUE(call.room.take_events(events));
  ASSERT_EQ(events.layers.size(), 2U);
  EXPECT_EQ(events.layers[1].spatial, 1);
  const TimePoint stopped = call.now;
  std::optional<TimePoint> told;
  for (uint8_t number = 2; !told && number < 100; number += 2) {
    call.frame(number % 4 == 2 ? 2 : 1, number);
    call.advance(33ms);
    if (!call.room.take_events(events)) continue;
    for (const auto& change : events.layers) {
      if (!change.started && change.spatial == 1) told = call.now;
    }
  }
  ASSERT_TRUE(told);
  EXPECT_LE(*told - stopped, 500ms);
}

/// VP9 by its payload descriptor only.
struct Vp9Call : Call {
  Vp9Call() {
    publish.codecs = {codec(Codec::kVp9, 96, 97)};
    subscribe.codecs = {codec(Codec::kVp9, 100, 101)};
    start();
  }
  void layer(uint16_t picture, int spatial, int temporal, bool inter, bool last, bool up = false,
             bool begins = true, bool ends = true) {
    auto head = header(++sequence, 96);
    head.marker = last;
    head.timestamp = rtc::rtp::RtpTime(uint32_t{picture} * 3000);
    auto first = static_cast<uint8_t>(0x80 | (inter ? 0x40 : 0) | 0x20 | (begins ? 0x08 : 0) |
                                      (ends ? 0x04 : 0));
    auto layers = static_cast<uint8_t>(temporal << 5 | (up ? 0x10 : 0) | spatial << 1 |
                                       (spatial > 0 ? 1 : 0));
    send(head,
         Bytes{first, static_cast<uint8_t>(0x80 | picture >> 8), static_cast<uint8_t>(picture),
               layers, 7, static_cast<uint8_t>(picture * 10 + spatial)});
    if (last) now += 33ms;
  }
  void ask(int spatial, int temporal) {
    room.set_layer_request(now, kSubscription, {.max_spatial = spatial, .max_temporal = temporal});
  }
  [[nodiscard]] std::vector<int> got() const {
    std::vector<int> out;
    for (const auto& packet : subscriber.of(kOut)) {
      if (!packet.payload().empty()) out.push_back(packet.payload().back());
    }
    return out;
  }
  uint16_t sequence = 0;
};

TEST(Svc, Vp9ByItsPayloadDescriptor) {
  Vp9Call call;
  call.layer(1, 0, 0, false, false);
  call.layer(1, 1, 0, false, true);
  call.layer(2, 0, 1, true, false, true);
  call.layer(2, 1, 1, true, true, true);
  EXPECT_THAT(call.got(), ElementsAre(10, 11, 20, 21));
  call.ask(0, 0);
  call.layer(3, 0, 0, true, false);
  call.layer(3, 1, 0, true, true);
  call.layer(4, 0, 1, true, false, true);
  EXPECT_THAT(call.got(), ElementsAre(10, 11, 20, 21, 30));
  EXPECT_TRUE(call.subscriber.of(kOut).back().marker());
  call.ask(0, 1);
  call.layer(6, 0, 1, true, false);  // no switching point
  call.layer(8, 0, 1, true, false, true);
  EXPECT_THAT(call.got(), ElementsAre(10, 11, 20, 21, 30, 80));
  const size_t before = call.publisher.count(rtc::rtcp::Kind::kPli);
  call.advance(1s);
  call.ask(1, 1);
  EXPECT_GT(call.publisher.count(rtc::rtcp::Kind::kPli), before);
  call.layer(9, 0, 0, true, false);
  call.layer(9, 1, 0, true, true);
  call.layer(10, 0, 0, false, false);
  call.layer(10, 1, 0, false, true);
  EXPECT_THAT(call.got(), ElementsAre(10, 11, 20, 21, 30, 80, 90, 100, 101));
}

TEST(Svc, WhoeverWantsAllLayersGetsEveryFrame) {
  SvcCall call(rtc::rtp::testing_support::l1t3());
  call.start();
  call.key(0);
  for (int round = 0; round < 50; ++round) {
    auto base = static_cast<uint8_t>(round * 4 + 1);
    call.frame(3, base);
    call.frame(2, base + 1);
    call.frame(4, base + 2);
    call.frame(1, base + 3);
  }
  EXPECT_EQ(call.frames().size(), 201U);
}

}  // namespace
}  // namespace turms::sfu
