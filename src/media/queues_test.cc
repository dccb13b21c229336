#include <gtest/gtest.h>

#include <thread>

#include "media/event_channel.h"
#include "media/mailbox.h"
#include "media/packet_queue.h"
#include "media/send_buffer.h"

namespace turms::media {
namespace {

TEST(SendBuffer, GroupsWhatTheKernelCanSegment) {
  struct Case {
    std::vector<size_t> sizes;
    std::vector<std::pair<uint16_t, uint16_t>> groups;  // segment size and count
  };
  const std::vector<size_t> seventy(70, 100);
  const Case cases[] = {
      {{}, {}},
      {{500}, {{500, 1}}},
      {{500, 500, 500}, {{500, 3}}},
      {{500, 500, 400}, {{500, 3}}},
      {{500, 400, 400}, {{500, 2}, {400, 1}}},
      {{500, 501, 501}, {{500, 1}, {501, 2}}},
      {{100, 1000, 100, 100}, {{100, 1}, {1000, 2}, {100, 1}}},
      {seventy, {{100, 64}, {100, 6}}},
  };
  auto buffer = std::make_unique<SendBuffer>();
  for (const Case& c : cases) {
    buffer->clear();
    uint8_t mark = 0;
    for (const size_t size : c.sizes) {
      const MutableByteView place = buffer->reserve(size + 20);
      ASSERT_EQ(place.size(), size + 20);
      place[0] = mark++;
      buffer->add(size);
    }
    std::vector<std::pair<uint16_t, uint16_t>> groups;
    mark = 0;
    for (const SendBuffer::Group& group : buffer->groups()) {
      groups.emplace_back(group.segment, group.count);
      const ByteView bytes = buffer->bytes(group);
      for (size_t at = 0; at < bytes.size(); at += group.segment) EXPECT_EQ(bytes[at], mark++);
    }
    EXPECT_EQ(groups, c.groups);
    EXPECT_EQ(mark, c.sizes.size());
  }
}

TEST(SendBuffer, SaysWhenItIsFull) {
  auto buffer = std::make_unique<SendBuffer>();
  size_t added = 0;
  while (!buffer->reserve(1000).empty()) {
    buffer->add(1000);
    ++added;
  }
  EXPECT_EQ(added, SendBuffer::kCapacity / 1000);
  buffer->clear();
  // Growing sizes share no group.
  for (size_t i = 1; !buffer->reserve(i).empty(); ++i) buffer->add(i);
  EXPECT_EQ(buffer->groups().size(), SendBuffer::kMaxGroups);
}

TEST(Mailbox, WakesOnceAndKeepsOrder) {
  Mailbox<int> mailbox;
  std::vector<int> out;
  mailbox.take(out);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(mailbox.push(1), Push::kWake);
  EXPECT_EQ(mailbox.push(2), Push::kTaken);
  mailbox.take(out);
  EXPECT_EQ(out, (std::vector<int>{1, 2}));
  EXPECT_EQ(mailbox.push(3), Push::kWake);
}

TEST(Mailbox, AFullOneTakesOnlyWhatAlwaysGetsIn) {
  Mailbox<int> mailbox;
  constexpr int kCount = static_cast<int>(Mailbox<int>::kCapacity);
  for (int i = 0; i < kCount; ++i) EXPECT_NE(mailbox.push(i), Push::kFull);
  EXPECT_EQ(mailbox.push(-1), Push::kFull);
  EXPECT_EQ(mailbox.push(kCount, true), Push::kTaken);
  std::vector<int> out;
  mailbox.take(out);
  ASSERT_EQ(out.size(), size_t{kCount} + 1);
  for (int i = 0; i <= kCount; ++i) ASSERT_EQ(out[static_cast<size_t>(i)], i);
  EXPECT_EQ(mailbox.push(1), Push::kWake);
  mailbox.close();
  EXPECT_EQ(mailbox.push(2), Push::kTaken);
  mailbox.take(out);
  EXPECT_EQ(out, std::vector<int>{1});
}

TEST(Mailbox, KeepsOrderBetweenThreads) {
  Mailbox<int> mailbox;
  constexpr int kCount = static_cast<int>(Mailbox<int>::kCapacity) * 3;
  std::thread writer([&] {
    for (int i = 0; i < kCount;) {
      if (mailbox.push(i) == Push::kFull) {
        std::this_thread::yield();
      } else {
        ++i;
      }
    }
  });
  int next = 0;
  std::vector<int> out;
  while (next < kCount) {
    mailbox.take(out);
    ASSERT_LE(out.size(), Mailbox<int>::kCapacity);
    for (const int value : out) ASSERT_EQ(value, next++);
  }
  writer.join();
}

bool write(PacketQueue& queue, uint32_t number, size_t size) {
  const MutableByteView place = queue.reserve(size + 100);
  if (place.empty()) return false;
  std::fill_n(place.begin(), size, static_cast<uint8_t>(number));
  store_be32(place.data(), number);
  queue.commit(TimePoint(Duration(number)), size,
               number % 7 == 0 ? sfu::PacketKind::kRtcp : sfu::PacketKind::kRtp);
  return true;
}

void expect_packet(const PacketQueue::Packet& packet, uint32_t number, size_t size) {
  ASSERT_EQ(packet.data.size(), size);
  ASSERT_EQ(load_be32(packet.data.data()), number);
  ASSERT_EQ(packet.data.back(), size > 4 ? static_cast<uint8_t>(number) : packet.data.back());
  ASSERT_EQ(packet.kind, number % 7 == 0 ? sfu::PacketKind::kRtcp : sfu::PacketKind::kRtp);
  ASSERT_EQ(packet.time, TimePoint(Duration(number)));
}

TEST(PacketQueue, RefusesWhatDoesNotFitAndTakesItAgainOnceThatIsRead) {
  int wakes = 0;
  PacketQueue queue(1, [&] { ++wakes; });
  EXPECT_EQ(queue.capacity(), PacketQueue::kMinCapacity);
  EXPECT_FALSE(queue.read());
  uint32_t written = 0;
  const auto size_of = [](uint32_t number) { return 500 + number % 700; };
  while (write(queue, written, size_of(written))) ++written;
  EXPECT_GE(written, PacketQueue::kMinCapacity / 1300);
  EXPECT_FALSE(queue.read());  // nothing was published
  queue.publish();
  EXPECT_EQ(wakes, 1);
  uint32_t read = 0;
  // Over the end of the ring many times, in sizes that leave all kinds of rests.
  while (written < 5000) {
    const auto packet = queue.read();
    ASSERT_TRUE(packet);
    expect_packet(*packet, read, size_of(read));
    ++read;
    while (write(queue, written, size_of(written))) ++written;
    queue.publish();
  }
  while (queue.read()) ++read;
  EXPECT_EQ(read, written);
  // Woken once for all that came while it was busy.
  EXPECT_EQ(wakes, 1);
  EXPECT_TRUE(write(queue, 1, 100));
  queue.publish();
  EXPECT_EQ(wakes, 2);
}

TEST(PacketQueue, AnUnusedReservationIsVoid) {
  PacketQueue queue(1, nullptr);
  EXPECT_FALSE(queue.reserve(1000).empty());
  EXPECT_TRUE(write(queue, 1, 50));
  queue.publish();
  expect_packet(queue.read().value(), 1, 50);
  EXPECT_FALSE(queue.read());
}

TEST(PacketQueue, KeepsOrderBetweenThreadsAndWakesASleepingReader) {
  constexpr uint32_t kCount = 200'000;
  std::atomic<uint32_t> signals = 0;
  PacketQueue queue(1, [&] {
    ++signals;
    signals.notify_one();
  });
  std::thread writer([&] {
    for (uint32_t i = 0; i < kCount;) {
      if (write(queue, i, 4 + i % 1300)) {
        ++i;
        if (i % 3 == 0) queue.publish();
      } else {
        queue.publish();
        std::this_thread::yield();
      }
    }
    queue.publish();
  });
  uint32_t next = 0;
  while (next < kCount) {
    const uint32_t seen = signals;
    while (const auto packet = queue.read()) {
      expect_packet(*packet, next, 4 + next % 1300);
      ++next;
    }
    // A missed wake would leave it here for good.
    if (next < kCount) signals.wait(seen);
  }
  writer.join();
}

/// Counts what it is told.
struct Counter final : EngineEvents {
  void on_transport_connected(TransportId) override { ++connected; }
  void on_transport_failed(TransportId, std::string) override {
    ++failed;
    if (when_failed) when_failed();
  }
  void on_transport_closed(TransportId) override {}
  void on_layer_started(TrackId, int) override {}
  void on_speakers(RoomId, std::vector<Speaker>) override { ++speakers; }
  void on_statistics(RoomId, std::vector<TrackStatistics>,
                     std::vector<SubscriptionStatistics>) override {}
  int connected = 0;
  int failed = 0;
  size_t speakers = 0;
  std::function<void()> when_failed;
};

TEST(EventChannel, OneBatchIsUnderWayAndRepeatingEventsAreBounded) {
  Counter counter;
  std::vector<std::function<void()>> posted;
  int wakes = 0;
  auto channel = std::make_shared<EventChannel>(
      [&](std::function<void()> f) { posted.push_back(std::move(f)); }, counter, [&] { ++wakes; });
  channel->publish();
  EXPECT_TRUE(posted.empty());
  channel->add(event::TransportConnected{TransportId(1)});
  channel->publish();
  ASSERT_EQ(posted.size(), 1u);
  for (size_t i = 0; i < 3 * EventChannel::kMaxRepeating; ++i) {
    channel->add(event::Speakers{RoomId(1), {}});
  }
  channel->add(event::TransportConnected{TransportId(2)});
  channel->publish();
  EXPECT_EQ(posted.size(), 1u);
  posted[0]();
  EXPECT_EQ(counter.connected, 1);
  EXPECT_EQ(wakes, 1);
  channel->publish();  // as the woken worker does
  ASSERT_EQ(posted.size(), 2u);
  posted[1]();
  EXPECT_EQ(counter.connected, 2);
  EXPECT_EQ(counter.speakers, EventChannel::kMaxRepeating);
  EXPECT_EQ(wakes, 1);
}

TEST(EventChannel, NothingIsDeliveredAfterDisconnecting) {
  Counter counter;
  std::vector<std::function<void()>> posted;
  auto channel = std::make_shared<EventChannel>(
      [&](std::function<void()> f) { posted.push_back(std::move(f)); }, counter,
      [] { FAIL() << "wakes what is gone"; });
  // The listener destroys the engine in the middle of a batch.
  counter.when_failed = [&] { channel->disconnect(); };
  channel->add(event::TransportFailed{TransportId(1), "why"});
  channel->add(event::TransportConnected{TransportId(2)});
  channel->publish();
  posted[0]();
  EXPECT_EQ(counter.failed, 1);
  EXPECT_EQ(counter.connected, 0);
}

}  // namespace
}  // namespace turms::media
