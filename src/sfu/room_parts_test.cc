// A room in two parts: publishers in one, subscribers in the other.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "sfu/room_testing.h"

namespace turms::sfu {
namespace {

using namespace testing_support;

constexpr PartId kHere{0};
constexpr PartId kThere{1};
constexpr TransportId kFar{3};
constexpr TransportId kSpeaker{4};
constexpr SubscriptionId kFarSubscription{30};
constexpr rtc::Ssrc kFarOut{3331};
constexpr rtc::Ssrc kFarRtx{3332};

/// The way to a part: what waits in it until it is delivered.
class Way final : public PartSink {
 public:
  MutableByteView reserve(size_t size) override {
    if (full) return {};
    buffer_.resize(size);
    return buffer_;
  }
  void commit() override { waiting.push_back(buffer_); }
  void publish() override { ++published; }
  [[nodiscard]] size_t count(PartMessage::Kind kind) const {
    return static_cast<size_t>(std::count_if(waiting.begin(), waiting.end(), [&](const Bytes& b) {
      return PartMessage::parse(b)->kind == kind;
    }));
  }

  std::deque<Bytes> waiting;
  bool full = false;
  int published = 0;

 private:
  Bytes buffer_;
};

/// As Call, with a subscriber in another part. The room began here.
struct FarCall : Call {
  explicit FarCall(rtc::MediaKind kind = rtc::MediaKind::kVideo, RoomSettings settings = {})
      : Call(kind), there(RoomConfig{2, WallTime{1'700'000'000'000}, settings}) {
    far_subscribe = subscribe;
    far_subscribe.id = kFarSubscription;
    far_subscribe.transport = kFar;
    far_subscribe.ssrc = kFarOut;
    if (kind == rtc::MediaKind::kVideo) far_subscribe.rtx_ssrc = kFarRtx;
  }
  void start() {
    room.add_transport(kPublisher, publisher);
    room.transport_connected(now, kPublisher);
    room.add_receive_track(now, publish);
    connect();
    there.add_replica(now, kHere, publish);
    there.add_transport(kFar, far);
    there.transport_connected(now, kFar);
    there.add_send_track(now, far_subscribe, {});
    deliver();
  }
  void connect() {
    room.add_part(now, kThere, to_there, false);
    there.add_part(now, kHere, to_here, true);
  }
  /// Until nobody has anything to say any more.
  void deliver() {
    while (true) {
      room.settle_parts(now);
      there.settle_parts(now);
      if (to_there.waiting.empty() && to_here.waiting.empty()) return;
      pass(to_there, there, kHere);
      pass(to_here, room, kThere);
    }
  }
  void pass(Way& way, Room& to, PartId from) const {
    std::deque<Bytes> messages = std::move(way.waiting);
    way.waiting.clear();
    std::vector<ByteView> views(messages.begin(), messages.end());
    if (!views.empty()) to.handle_part(now, from, views);
  }
  void far_rtcp(const std::function<void(rtc::rtcp::Writer&)>& write) {
    std::array<uint8_t, 200> buffer;
    rtc::rtcp::Writer writer(buffer);
    write(writer);
    there.handle_rtcp(now, kFar, writer.written());
  }
  void advance_both(Duration duration) {
    const TimePoint end = now + duration;
    while (std::min(room.next_timeout(), there.next_timeout()) <= end) {
      now = std::max(now, std::min(room.next_timeout(), there.next_timeout()));
      if (room.next_timeout() <= now) room.handle_timeout(now);
      if (there.next_timeout() <= now) there.handle_timeout(now);
      deliver();
    }
    now = end;
  }
  [[nodiscard]] std::vector<uint16_t> numbers() const {
    std::vector<uint16_t> out;
    for (const auto& view : far.of(kFarOut)) out.push_back(view.sequence().value);
    return out;
  }
  [[nodiscard]] size_t plis() const { return publisher.count(rtc::rtcp::Kind::kPli); }

  Room there;
  Way to_there;
  Way to_here;
  CapturingSink far;
  SendTrackParameters far_subscribe;
};

TEST(RoomParts, VideoCrosses) {
  FarCall call;
  call.start();
  call.frame(100, true);
  call.frame(101);
  call.deliver();
  ASSERT_EQ(call.far.of(kFarOut).size(), 2U);
  EXPECT_EQ(call.room.counters().handed_over, 2U);
  EXPECT_EQ(call.there.counters().handover_refused, 0U);
  // It is the publisher's part that tells of the track.
  RoomEvents here;
  RoomEvents there;
  ASSERT_TRUE(call.room.take_events(here));
  EXPECT_EQ(here.layers.size(), 1U);
  call.there.take_events(there);
  EXPECT_TRUE(there.layers.empty());
}

TEST(RoomParts, EachTellsOfWhatIsInIt) {
  FarCall call;
  call.start();
  call.frame(100, true);
  call.frame(101);
  call.deliver();
  const RoomSnapshot here = call.room.snapshot(call.now, {});
  EXPECT_EQ(here.tracks.size(), 1U);
  EXPECT_TRUE(here.subscriptions.empty());
  const auto there = [&] {
    const RoomSnapshot snapshot = call.there.snapshot(call.now, {});
    EXPECT_TRUE(snapshot.tracks.empty());
    EXPECT_EQ(snapshot.subscriptions.size(), 1U);
    return snapshot.subscriptions.front();
  };
  EXPECT_EQ(there().source, kTrack);
  EXPECT_EQ(there().active_layers, 1);
  EXPECT_EQ(there().current_spatial, 0);
  EXPECT_STREQ(to_string(there().limit), "none");
  const auto& limited = call.there.counters().decisions.limited;
  EXPECT_EQ(limited[static_cast<size_t>(LayerLimit::kNone)], 1U);
  call.room.set_receive_muted(call.now, kTrack, true);
  call.deliver();
  EXPECT_STREQ(to_string(there().limit), "muted");
  EXPECT_EQ(limited[static_cast<size_t>(LayerLimit::kMuted)], 1U);
}

TEST(RoomParts, WhatNobodyWantsThereStaysHere) {
  FarCall call;
  call.start();
  call.frame(100, true);
  call.deliver();
  call.there.remove_send_track(call.now, kFarSubscription);
  call.deliver();
  call.frame(101);
  EXPECT_TRUE(call.to_there.waiting.empty());
  EXPECT_EQ(call.room.counters().handed_over, 1U);
  // And comes again, from a key frame on, for whoever wants it then.
  call.far.clear();
  call.publisher.clear();
  call.advance_both(1s);
  call.there.add_send_track(call.now, call.far_subscribe, {});
  call.deliver();
  EXPECT_EQ(call.plis(), 1U);
  call.frame(102);
  call.deliver();
  EXPECT_TRUE(call.far.of(kFarOut).empty());
  call.frame(103, true);
  call.deliver();
  EXPECT_EQ(call.far.of(kFarOut).size(), 1U);
}

TEST(RoomParts, KeyFrameRequestsOfAllPartsBecomeOne) {
  FarCall call;
  call.start();
  call.room.add_transport(kSubscriber, call.subscriber);
  call.room.transport_connected(call.now, kSubscriber);
  call.room.add_send_track(call.now, call.subscribe, {});
  call.frame(100, true);
  call.deliver();
  call.advance_both(2s);
  call.frame(101);
  call.deliver();
  call.publisher.clear();
  call.pli();
  call.far_rtcp([](auto& writer) { writer.pli(rtc::Ssrc(5), kFarOut); });
  call.deliver();
  EXPECT_EQ(call.plis(), 1U);
  call.advance_both(50ms);
  EXPECT_EQ(call.plis(), 1U);
}

TEST(RoomParts, ASubscriberThereAloneGetsKeyFramesAskedFor) {
  FarCall call;
  call.start();
  call.frame(100);  // no key frame yet
  call.deliver();
  call.advance_both(1ms);
  EXPECT_EQ(call.plis(), 1U);
  EXPECT_TRUE(call.far.of(kFarOut).empty());
}

TEST(RoomParts, LossOnTheWayHereIsRepairedHereAndSentThere) {
  FarCall call;
  call.start();
  call.frame(100, true);
  call.frame(102);
  call.deliver();
  call.advance_both(20ms);
  EXPECT_EQ(call.publisher.count(rtc::rtcp::Kind::kNack), 1U);
  call.frame(101);
  call.deliver();
  auto numbers = call.numbers();
  ASSERT_EQ(numbers.size(), 3U);
  std::sort(numbers.begin(), numbers.end());
  EXPECT_EQ(numbers[1], numbers[0] + 1);
  EXPECT_EQ(numbers[2], numbers[0] + 2);
}

TEST(RoomParts, WhatMayStillComeIsNotFilledUp) {
  FarCall call;
  call.start();
  call.frame(100, true);
  call.frame(102);
  call.deliver();
  const auto ask = [&] {
    call.far_rtcp([&](auto& writer) {
      const std::array numbers = {
          rtc::rtp::SeqNum(static_cast<uint16_t>(call.numbers().front() + 1))};
      writer.nack(rtc::Ssrc(5), kFarOut, numbers);
    });
    return call.numbers().size() + call.far.of(kFarRtx).size();
  };
  EXPECT_EQ(ask(), 2U);
  call.advance_both(2s);
  EXPECT_EQ(call.publisher.count(rtc::rtcp::Kind::kNack), 6U);  // all from here, none from there
  EXPECT_EQ(ask(), 3U);
}

TEST(RoomParts, LossOnTheWayToASubscriberIsRepairedThere) {
  FarCall call;
  call.start();
  call.frame(100, true);
  call.frame(101);
  call.deliver();
  const uint16_t lost = call.numbers().back();
  call.far_rtcp([&](auto& writer) {
    const std::array numbers = {rtc::rtp::SeqNum(lost)};
    writer.nack(rtc::Ssrc(5), kFarOut, numbers);
  });
  EXPECT_EQ(call.far.of(kFarRtx).size(), 1U);
  EXPECT_TRUE(call.to_here.waiting.empty());
}

TEST(RoomParts, EachLayerCrossesAndIsChosenThere) {
  FarCall call;
  call.publish.encodings = {{"", rtc::Ssrc(1001), {}}, {"", rtc::Ssrc(1002), {}}};
  call.start();
  const auto send = [&](uint32_t ssrc, uint16_t number, bool key) {
    call.send(Call::header(number, 96, rtc::Ssrc(ssrc)), Call::vp8(number, key));
    call.deliver();
  };
  send(1001, 10, true);
  send(1002, 50, true);
  EXPECT_EQ(call.far.of(kFarOut).size(), 2U);  // the lower one, until the higher was there
  call.there.set_layer_request(call.now, kFarSubscription, {.max_spatial = 0});
  call.deliver();
  send(1002, 51, false);
  EXPECT_EQ(call.far.of(kFarOut).size(), 3U);  // until the lower one's key frame
  send(1001, 11, true);
  send(1002, 52, false);
  EXPECT_EQ(call.far.of(kFarOut).size(), 4U);
}

TEST(RoomParts, MutingCrossesWithThePackets) {
  FarCall call(rtc::MediaKind::kAudio);
  call.start();
  call.send(Call::header(10, 111), Bytes{1, 2, 3});
  call.deliver();
  const size_t heard = call.far.of(kFarOut).size();
  call.room.set_receive_muted(call.now, kTrack, true);
  call.deliver();
  EXPECT_GT(call.far.of(kFarOut).size(), heard);  // silence
  // Late ones too: whoever subscribes learns of it.
  call.there.remove_send_track(call.now, kFarSubscription);
  call.far_subscribe.id = SubscriptionId(31);
  call.far_subscribe.ssrc = rtc::Ssrc(3441);
  call.there.add_send_track(call.now, call.far_subscribe, {});
  EXPECT_FALSE(call.far.of(rtc::Ssrc(3441)).empty());
}

TEST(RoomParts, AFullWayLosesWholePicturesAndAsksForAKeyFrame) {
  FarCall call;
  call.start();
  call.frame(100, true);
  call.deliver();
  call.advance_both(2s);
  call.publisher.clear();
  call.to_there.full = true;
  call.frame(101);
  EXPECT_EQ(call.plis(), 1U);
  call.to_there.full = false;
  call.frame(102);  // depends on what was dropped
  call.deliver();
  EXPECT_EQ(call.room.counters().handover_dropped, 2U);
  EXPECT_EQ(call.numbers().size(), 1U);
  call.frame(103, true);
  call.frame(104);
  call.deliver();
  const auto numbers = call.numbers();
  ASSERT_EQ(numbers.size(), 3U);
  // What was dropped is no loss to its receivers: nobody could send it.
  EXPECT_EQ(numbers[1], static_cast<uint16_t>(numbers[0] + 1));
}

TEST(RoomParts, StateThatDidNotFitIsToldLater) {
  FarCall call;
  call.start();
  call.frame(100, true);
  call.deliver();
  call.to_there.full = call.to_here.full = true;
  call.there.remove_send_track(call.now, kFarSubscription);
  call.room.set_receive_muted(call.now, kTrack, true);
  call.deliver();
  call.to_there.full = call.to_here.full = false;
  call.advance_both(20ms);
  EXPECT_EQ(call.there.counters().handover_refused, 0U);
  call.room.set_receive_muted(call.now, kTrack, false);
  call.frame(101);
  call.deliver();
  EXPECT_EQ(call.room.counters().handed_over, 1U);
}

TEST(RoomParts, AWantMayOvertakeItsTrack) {
  FarCall call;
  call.room.add_transport(kPublisher, call.publisher);
  call.room.transport_connected(call.now, kPublisher);
  call.connect();
  call.there.add_replica(call.now, kHere, call.publish);
  call.there.add_transport(kFar, call.far);
  call.there.transport_connected(call.now, kFar);
  call.there.add_send_track(call.now, call.far_subscribe, {});
  call.deliver();
  call.room.add_receive_track(call.now, call.publish);
  call.frame(100, true);
  call.deliver();
  EXPECT_EQ(call.far.of(kFarOut).size(), 1U);
}

TEST(RoomParts, ARemovedTrackIsForgottenInAllParts) {
  FarCall call;
  call.start();
  call.frame(100, true);
  call.deliver();
  call.room.remove_transport(call.now, kPublisher);
  call.there.remove_receive_track(call.now, kTrack);
  call.deliver();
  // As if it came again, under the same numbers.
  call.room.add_transport(kPublisher, call.publisher);
  call.room.transport_connected(call.now, kPublisher);
  call.room.add_receive_track(call.now, call.publish);
  call.there.add_replica(call.now, kHere, call.publish);
  call.there.add_send_track(call.now, call.far_subscribe, {});
  call.deliver();
  call.far.clear();
  call.frame(200, true);
  call.deliver();
  EXPECT_EQ(call.far.of(kFarOut).size(), 1U);
}

TEST(RoomParts, ANewStreamOfThePublisherIsOneThereToo) {
  FarCall call;
  call.publish.encodings = {{"", {}, {}}};
  call.publish.extensions.set(rtc::Extension::kMid, 1);
  call.start();
  const auto send = [&](uint32_t ssrc, uint16_t number, bool key) {
    call.send(Call::header(number, 96, rtc::Ssrc(ssrc)), Call::vp8(number, key), {{1, Bytes{'0'}}});
    call.deliver();
  };
  send(1, 100, true);
  send(1, 101, false);
  send(2, 9, false);  // not of the old numbers, and no key frame
  EXPECT_EQ(call.numbers().size(), 2U);
  send(2, 10, true);
  const auto numbers = call.numbers();
  ASSERT_EQ(numbers.size(), 3U);
  EXPECT_EQ(numbers[2], static_cast<uint16_t>(numbers[1] + 1));
}

TEST(RoomParts, ParameterSetsOfBeforeReachASubscriberThere) {
  FarCall call;
  call.publish.codecs = {codec(rtc::Codec::kH264, 96, 97)};
  call.subscribe.codecs = call.far_subscribe.codecs = {codec(rtc::Codec::kH264, 100, 101)};
  call.room.add_transport(kPublisher, call.publisher);
  call.room.transport_connected(call.now, kPublisher);
  call.room.add_receive_track(call.now, call.publish);
  call.connect();
  call.there.add_replica(call.now, kHere, call.publish);
  // SPS and PPS came before anybody was there.
  call.send(Call::header(10, 96), Bytes{0x67, 0x42, 0xC0, 0x1F, 1});
  call.send(Call::header(11, 96), Bytes{0x68, 0xCE, 0x3C, 0x80});
  call.there.add_transport(kFar, call.far);
  call.there.transport_connected(call.now, kFar);
  call.there.add_send_track(call.now, call.far_subscribe, {});
  call.deliver();
  call.send(Call::header(12, 96), Bytes{0x65, 0x88, 1, 2, 3});  // IDR
  call.deliver();
  std::vector<int> types;
  for (const auto& view : call.far.of(kFarOut)) types.push_back(view.payload()[0] & 0x1F);
  EXPECT_EQ(types, (std::vector<int>{7, 8, 5}));
}

// ---- Sound

constexpr uint8_t kLevelId = 1;

/// Two who speak, one in each part; the other part is the home.
struct Conversation {
  explicit Conversation(RoomSettings settings)
      : here(RoomConfig{1, {}, settings}), there(RoomConfig{2, {}, settings}) {
    here.add_part(now, kThere, to_there, true);
    there.add_part(now, kHere, to_here, false);
    for (int i = 0; i < 4; ++i) add(i);
    pass_all();
  }
  [[nodiscard]] Room& room_of(int i) { return i % 2 == 0 ? here : there; }
  static TrackId track(int i) { return TrackId(10 + static_cast<uint64_t>(i)); }
  static TransportId transport(int i) { return TransportId(1 + static_cast<uint64_t>(i)); }
  static rtc::Ssrc ssrc(int from, int to) {
    return rtc::Ssrc(static_cast<uint32_t>(1000 + from * 10 + to));
  }
  void add(int i) {
    room_of(i).add_transport(transport(i), sinks[static_cast<size_t>(i)]);
    room_of(i).transport_connected(now, transport(i));
    ReceiveTrackParameters publish;
    publish.id = track(i);
    publish.transport = transport(i);
    publish.codecs = {codec(rtc::Codec::kOpus, 111)};
    publish.encodings = {{"", rtc::Ssrc(static_cast<uint32_t>(i + 1)), {}}};
    publish.extensions.set(rtc::Extension::kAudioLevel, kLevelId);
    room_of(i).add_receive_track(now, publish);
    room_of(i + 1).add_replica(now, i % 2 == 0 ? kHere : kThere, publish);
    for (int other = 0; other < i; ++other) {
      subscribe(i, other);
      subscribe(other, i);
    }
  }
  void subscribe(int who, int whom) {
    SendTrackParameters p;
    p.id = SubscriptionId(static_cast<uint64_t>(100 + who * 10 + whom));
    p.transport = transport(who);
    p.source = track(whom);
    p.ssrc = ssrc(whom, who);
    p.codecs = {codec(rtc::Codec::kOpus, 109)};
    room_of(who).add_send_track(now, p, {});
  }
  void pass(Way& way, Room& to, PartId from) const {
    std::deque<Bytes> messages = std::move(way.waiting);
    way.waiting.clear();
    std::vector<ByteView> views(messages.begin(), messages.end());
    if (!views.empty()) to.handle_part(now, from, views);
  }
  void pass_all() {
    while (true) {
      here.settle_parts(now);
      there.settle_parts(now);
      if (to_there.waiting.empty() && to_here.waiting.empty()) return;
      pass(to_there, there, kHere);
      pass(to_here, here, kThere);
    }
  }
  /// 20 ms of sound of everyone.
  void speak(std::array<uint8_t, 4> levels) {
    const TimePoint end = now + 20ms;
    for (int i = 0; i < 4; ++i) {
      std::array<uint8_t, 200> buffer;
      const auto n = static_cast<uint16_t>(next);
      rtc::rtp::Header header{true, 111, rtc::rtp::SeqNum(n), rtc::rtp::RtpTime(next * 960),
                              rtc::Ssrc(static_cast<uint32_t>(i + 1))};
      const Bytes level{levels[static_cast<size_t>(i)]};
      const size_t size = rtc::rtp::write_packet(
          buffer, header, std::vector<rtc::rtp::ExtensionValue>{{kLevelId, level}}, Bytes{1, 2, 3});
      room_of(i).handle_rtp(now, transport(i), MutableByteView(buffer).first(size));
    }
    ++next;
    pass_all();
    while (std::min(here.next_timeout(), there.next_timeout()) <= end) {
      now = std::max(now, std::min(here.next_timeout(), there.next_timeout()));
      if (here.next_timeout() <= now) here.handle_timeout(now);
      if (there.next_timeout() <= now) there.handle_timeout(now);
      pass_all();
    }
    now = end;
    if (here.take_events(events) && events.speakers_changed) ++told_here;
    if (there.take_events(events) && events.speakers_changed) speakers = events.speakers;
  }
  [[nodiscard]] size_t heard(int from, int to) {
    return sinks[static_cast<size_t>(to)].of(ssrc(from, to)).size();
  }

  TimePoint now{100s};
  Room here;
  Room there;
  Way to_there;
  Way to_here;
  std::array<CapturingSink, 4> sinks;
  uint32_t next = 1;
  RoomEvents events;
  int told_here = 0;
  std::vector<Speaker> speakers;
};

TEST(RoomParts, TheHomeTellsWhoSpeaksWhereverThatIs) {
  Conversation talk(RoomSettings{});
  for (int i = 0; i < 50; ++i) talk.speak({20, 127, 127, 127});  // in the other part
  ASSERT_EQ(talk.speakers.size(), 1U);
  EXPECT_EQ(talk.speakers[0].track, Conversation::track(0));
  for (int i = 0; i < 100; ++i) talk.speak({127, 20, 127, 127});  // at home
  ASSERT_EQ(talk.speakers.size(), 1U);
  EXPECT_EQ(talk.speakers[0].track, Conversation::track(1));
  EXPECT_EQ(talk.told_here, 0);
}

TEST(RoomParts, AllPartsHearTheSameSelection) {
  RoomSettings settings;
  settings.audio_sources = 1;
  Conversation talk(settings);
  for (int i = 0; i < 100; ++i) talk.speak({20, 127, 127, 127});
  std::array<std::array<size_t, 4>, 4> before{};
  const auto count = [&](auto& into) {
    for (int from = 0; from < 4; ++from) {
      for (int to = 0; to < 4; ++to) {
        if (from != to)
          into[static_cast<size_t>(from)][static_cast<size_t>(to)] = talk.heard(from, to);
      }
    }
  };
  count(before);
  for (int i = 0; i < 50; ++i) talk.speak({20, 127, 127, 127});
  auto after = before;
  count(after);
  for (size_t to = 1; to < 4; ++to) EXPECT_EQ(after[0][to] - before[0][to], 50U) << to;
  for (size_t from = 1; from < 4; ++from) {
    for (size_t to = 0; to < 4; ++to) EXPECT_EQ(after[from][to], before[from][to]) << from << to;
  }
  // Another takes the floor: heard in both parts from the same packet on.
  for (int i = 0; i < 200; ++i) talk.speak({127, 127, 20, 127});
  count(before);
  for (int i = 0; i < 20; ++i) talk.speak({127, 127, 20, 127});
  count(after);
  for (size_t to : {0, 1, 3}) EXPECT_EQ(after[2][to] - before[2][to], 20U) << to;
  EXPECT_EQ(after[2][0], after[2][1]);
  EXPECT_EQ(after[2][0], after[2][3]);
  EXPECT_EQ(after[0][1], after[0][3]);
  // The numbers of both go on without a gap.
  for (int to : {1, 3}) {
    const auto views = talk.sinks[static_cast<size_t>(to)].of(Conversation::ssrc(2, to));
    for (size_t i = 1; i < views.size(); ++i) {
      EXPECT_EQ(views[i].sequence().value,
                static_cast<uint16_t>(views[i - 1].sequence().value + 1));
    }
  }
}

TEST(RoomParts, ForeignMessagesAreRefused) {
  FarCall call;
  call.start();
  const auto refused = [&](const PartMessage& message) {
    Bytes bytes(PartMessage::kHeaderSize + message.payload.size());
    message.write(bytes.data());
    const uint64_t before = call.there.counters().handover_refused;
    const ByteView view = bytes;
    call.there.handle_part(call.now, kHere, {&view, 1});
    return call.there.counters().handover_refused == before + 1;
  };
  using Kind = PartMessage::Kind;
  EXPECT_TRUE(refused({.kind = Kind::kPacket, .track = TrackId(77)}));
  EXPECT_TRUE(refused({.kind = Kind::kPacket, .track = kTrack}));  // no RTP
  EXPECT_TRUE(refused({.kind = Kind::kPacket, .encoding = 2, .track = kTrack}));
  Bytes packet(200);
  const Bytes payload = Call::vp8(100, true);
  packet.resize(rtc::rtp::write_packet(packet, Call::header(100, 96), {}, payload));
  PartMessage message{
      .kind = Kind::kPacket, .track = kTrack, .number = 0x10000000064, .payload = packet};
  EXPECT_FALSE(refused(message));
  message.number = 100;  // long before
  EXPECT_TRUE(refused(message));
  message.number = 0xF000000000000064;
  EXPECT_TRUE(refused(message));
  EXPECT_TRUE(refused({.kind = Kind::kKeyFrame, .track = kTrack}));
  EXPECT_TRUE(refused({.kind = Kind::kLevel, .track = kTrack}));
  const Bytes rubbish(PartMessage::kHeaderSize, 0xFF);
  EXPECT_FALSE(PartMessage::parse(rubbish));
  EXPECT_FALSE(PartMessage::parse(ByteView(rubbish).first(5)));
}

}  // namespace
}  // namespace turms::sfu
