// Forwarding allocates nothing once it has warmed up.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <utility>

#include "sfu/room_testing.h"

namespace {
bool g_counting = false;
uint64_t g_allocations = 0;

void* counted(size_t size) {
  if (g_counting) ++g_allocations;
  void* p = std::malloc(size == 0 ? 1 : size);
  if (p == nullptr) std::abort();
  return p;
}
}  // namespace

void* operator new(size_t size) {
  return counted(size);
}
void* operator new[](size_t size) {
  return counted(size);
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete[](void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, size_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, size_t) noexcept {
  std::free(p);
}

namespace turms::sfu {
namespace {

using namespace testing_support;

TEST(RoomAllocation, NoneWhileForwardingWithLossAndRepair) {
  Call call;
  call.publish.extensions.set(rtc::Extension::kTransportSequence, 3);
  call.subscribe.extensions.set(rtc::Extension::kMid, 1);
  call.start();
  std::vector<std::unique_ptr<CapturingSink>> sinks;
  for (uint64_t i = 0; i < 10; ++i) {
    sinks.push_back(std::make_unique<CapturingSink>());
    sinks.back()->keep = false;
    TransportId id(1000 + i);
    call.room.add_transport(id, *sinks.back());
    call.room.transport_connected(call.now, id);
    SendTrackParameters send = call.subscribe;
    send.id = SubscriptionId(1000 + i);
    send.transport = id;
    call.room.add_send_track(call.now, send, {});
  }
  call.publisher.keep = false;
  call.subscriber.keep = false;
  RoomEvents events;
  std::array<uint8_t, 1200> buffer;
  uint16_t transport_sequence = 0;
  auto run = [&](uint16_t first, int count) {
    for (int i = 0; i < count; ++i) {
      auto n = static_cast<uint16_t>(first + i);
      uint8_t sequence[2];
      store_be16(sequence, transport_sequence++);
      std::array<uint8_t, 1100> payload{};
      const uint8_t head[] = {0x90, 0x80, 0x80, static_cast<uint8_t>(n),
                              static_cast<uint8_t>(n == 0 ? 0x10 : 0x11)};
      std::copy(std::begin(head), std::end(head), payload.begin());
      rtc::rtp::ExtensionValue extension{3, sequence};
      auto write = [&] {
        return rtc::rtp::write_packet(buffer, Call::header(n, 96), std::span(&extension, 1),
                                      payload);
      };
      // Every 20th is lost and sent again a little later; every 50th is asked for downstream.
      if (n % 20 != 7) {
        call.room.handle_rtp(call.now, kPublisher, MutableByteView(buffer).first(write()));
      }
      if (n % 50 == 0) {
        std::array<uint8_t, 32> rtcp;
        rtc::rtcp::Writer writer(rtcp);
        rtc::rtp::SeqNum lost(n);
        writer.nack(rtc::Ssrc(5), kOut, std::span(&lost, 1));
        call.room.handle_rtcp(call.now, kSubscriber, writer.written());
      }
      call.advance(4ms);
      call.room.take_events(events);
    }
  };
  run(0, 3000);
  uint64_t before = call.room.counters().forwarded_packets;
  g_allocations = 0;
  g_counting = true;
  run(3000, 3000);
  g_counting = false;
  EXPECT_GT(call.room.counters().forwarded_packets - before, 30'000U);
  EXPECT_EQ(g_allocations, 0U);
}

/// From one part to another, in memory that is there.
class FixedWay final : public PartSink {
 public:
  MutableByteView reserve(size_t size) override {
    return count_ == sizes_.size()
               ? MutableByteView()
               : MutableByteView(messages_[count_]).first(sizes_[count_] = size);
  }
  void commit() override { ++count_; }
  void publish() override {}
  void deliver(TimePoint now, Room& to, PartId from) {
    for (size_t i = 0; i < count_; ++i) views_[i] = ByteView(messages_[i]).first(sizes_[i]);
    to.handle_part(now, from, std::span(views_).first(std::exchange(count_, 0)));
  }

 private:
  std::array<std::array<uint8_t, 1600>, 32> messages_{};
  std::array<size_t, 32> sizes_{};
  std::array<ByteView, 32> views_;
  size_t count_ = 0;
};

TEST(RoomAllocation, NoneWhileAPacketGoesToAnotherPart) {
  Call call;
  Room there{RoomConfig{2, {}}};
  FixedWay to_there;
  FixedWay to_here;
  call.room.add_transport(kPublisher, call.publisher);
  call.room.transport_connected(call.now, kPublisher);
  call.room.add_receive_track(call.now, call.publish);
  call.room.add_part(call.now, PartId(1), to_there, false);
  there.add_part(call.now, PartId(0), to_here, true);
  there.add_replica(call.now, PartId(0), call.publish);
  there.add_transport(kSubscriber, call.subscriber);
  there.transport_connected(call.now, kSubscriber);
  there.add_send_track(call.now, call.subscribe, {});
  call.publisher.keep = call.subscriber.keep = false;
  RoomEvents events;
  const auto turn = [&](Room& room) {
    if (room.next_timeout() <= call.now) room.handle_timeout(call.now);
    room.settle_parts(call.now);
    room.take_events(events);
  };
  std::array<uint8_t, 1200> buffer;
  const std::array<uint8_t, 5> head = {0x90, 0x80, 0x80, 0, 0x11};
  const auto run = [&](int first, int count) {
    for (int i = first; i < first + count; ++i) {
      const auto n = static_cast<uint16_t>(i);
      std::array<uint8_t, 1100> payload{};
      std::copy(head.begin(), head.end(), payload.begin());
      payload[3] = static_cast<uint8_t>(n);
      if (n % 1000 == 0) payload[4] = 0x10;
      const size_t size = rtc::rtp::write_packet(buffer, Call::header(n, 96), {}, payload);
      // Every 20th is lost, and comes a little later.
      if (n % 20 == 7) continue;
      call.room.handle_rtp(call.now, kPublisher, MutableByteView(buffer).first(size));
      if (n % 20 == 9) {
        const auto late = static_cast<uint16_t>(n - 2);
        const size_t again = rtc::rtp::write_packet(buffer, Call::header(late, 96), {}, payload);
        call.room.handle_rtp(call.now, kPublisher, MutableByteView(buffer).first(again));
      }
      turn(call.room);
      to_there.deliver(call.now, there, PartId(0));
      turn(there);
      to_here.deliver(call.now, call.room, PartId(1));
      call.now += 4ms;
    }
  };
  run(0, 3000);
  const uint64_t before = there.counters().forwarded_packets;
  g_allocations = 0;
  g_counting = true;
  run(3000, 3000);
  g_counting = false;
  EXPECT_EQ(there.counters().forwarded_packets - before, 3000U);
  EXPECT_EQ(call.room.counters().handover_dropped, 0U);
  EXPECT_EQ(g_allocations, 0U);
}

}  // namespace
}  // namespace turms::sfu
