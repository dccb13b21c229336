// Counts what media workers allocate: this program's operator new is replaced.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "base/metrics.h"
#include "media/media_testing.h"

namespace {

thread_local bool on_test_thread = false;
std::atomic<uint64_t> allocations_elsewhere{0};

void* counted(size_t size, size_t alignment) {
  if (!on_test_thread) allocations_elsewhere.fetch_add(1, std::memory_order_relaxed);
  void* p = alignment > alignof(std::max_align_t)
                ? std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)
                : std::malloc(size);
  if (p == nullptr) std::abort();
  return p;
}

}  // namespace

void* operator new(size_t size) {
  return counted(size, 1);
}
void* operator new[](size_t size) {
  return counted(size, 1);
}
void* operator new(size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<size_t>(alignment));
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<size_t>(alignment));
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
void operator delete(void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete(void* p, size_t, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, size_t, std::align_val_t) noexcept {
  std::free(p);
}

namespace turms::media {
namespace {

constexpr uint64_t kSubscribers = 10;
constexpr RoomId kRoom(1);
constexpr TrackId kTrack(1);
constexpr rtc::Ssrc kSsrc(1111);

TEST(Allocation, ForwardingAllocatesNothingOnceWarm) {
  on_test_thread = true;
  net::Loop loop;
  RecordedEvents events;
  auto engine = std::move(*start_engine(
      {.bind_address = "127.0.0.1", .first_udp_port = 0, .make_data_router = MilestoneRouter::make},
      [&](std::function<void()> f) { loop.post(std::move(f)); }, events));
  // These subscribers report nothing: paced, they would get what nobody has confirmed to fit.
  engine->create_room(kRoom, {.follows_bandwidth = false});
  TestClient publisher(loop, *engine, kRoom, TransportId(1));
  std::vector<std::unique_ptr<TestClient>> subscribers;
  for (uint64_t i = 0; i < kSubscribers; ++i) {
    subscribers.push_back(std::make_unique<TestClient>(loop, *engine, kRoom, TransportId(100 + i)));
  }
  ASSERT_TRUE(
      loop.run_until([&] { return events.connected.size() == kSubscribers + 1; }, kTestLimit));
  engine->add_receive_track({.id = kTrack,
                             .transport = publisher.id,
                             .kind = rtc::MediaKind::kVideo,
                             .mid = "0",
                             .codecs = {vp8_codec()},
                             .encodings = {{.ssrc = kSsrc}}});
  for (uint64_t i = 0; i < kSubscribers; ++i) {
    engine->add_send_track({.id = SubscriptionId(i + 1),
                            .transport = subscribers[i]->id,
                            .source = kTrack,
                            .mid = "0",
                            .ssrc = rtc::Ssrc(static_cast<uint32_t>(5000 + i)),
                            .rtx_ssrc = rtc::Ssrc(static_cast<uint32_t>(6000 + i)),
                            .codecs = {vp8_codec()}},
                           {});
  }
  const auto arrived = [&] {
    uint64_t sum = 0;
    for (const auto& subscriber : subscribers) sum += subscriber->rtp_count;
    return sum;
  };
  // A frame at a time, so that no kernel buffer overflows.
  uint32_t sequence = 0;
  const auto forward = [&](uint32_t packets) {
    const uint64_t start = arrived();
    for (uint32_t i = 1; i <= packets; ++i) {
      publisher.send_rtp(vp8_packet(kSsrc, sequence++, 1100));
      if (i % 8 != 0) continue;
      if (!loop.run_until([&] { return arrived() >= start + i * kSubscribers; }, kTestLimit)) {
        return false;
      }
    }
    return true;
  };
  ASSERT_TRUE(commands_done(loop, *engine, kRoom));
  // Far enough that histories and tables are full.
  ASSERT_TRUE(forward(4000));

  const uint64_t before = allocations_elsewhere;
  const TimePoint begun = loop.now();
  ASSERT_TRUE(forward(4000));
  const uint64_t allocations = allocations_elsewhere - before;
  const auto seconds = static_cast<uint64_t>((loop.now() - begun) / 1s);
  // 40,000 packets were written. Events to the control thread (statistics each second, speakers)
  // and consent checks are made of strings and vectors: a few dozen a second, whatever the packets.
  EXPECT_LT(allocations, 100 * (1 + seconds));
  EXPECT_GT(before, 1000u);  // joining did allocate: the count works
}

}  // namespace
}  // namespace turms::media
