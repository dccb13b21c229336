// Of a worker among others: what they hand over, and how much it has to do.
#include <time.h>

#include "media/member.h"
#include "media/worker.h"

namespace turms::media {

namespace {

constexpr Duration kLoadInterval = std::chrono::milliseconds(500);
/// Without a turn for this long it had nothing to do.
constexpr Duration kLoadAge = std::chrono::seconds(2);

Duration thread_cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

void Worker::measure_load() {
  const Duration since = now_ - measured_;
  if (since < kLoadInterval) return;
  const Duration cpu = thread_cpu_time();
  const Duration used = cpu - cpu_;
  cpu_ = cpu;
  const bool is_first = measured_ == TimePoint();
  measured_ = now_;
  if (is_first) return;
  // Half of what it was: one busy moment is no load.
  const auto now_permille = static_cast<uint32_t>(used * 1000 / since);
  const uint32_t before = since > kLoadAge ? 0 : load_permille_.load(std::memory_order_relaxed);
  load_permille_.store((before + now_permille) / 2, std::memory_order_relaxed);
  load_at_.store(now_.time_since_epoch().count(), std::memory_order_relaxed);
  cpu_ms_.set(to_ms(cpu));
  load_metric_.set((before + now_permille) / 2);
}

double Worker::load() const {
  const TimePoint at{Duration(load_at_.load(std::memory_order_relaxed))};
  if (monotonic_now() - at > kLoadAge) return 0;
  return load_permille_.load(std::memory_order_relaxed) / 1000.0;
}

void Worker::receive_parts() {
  parts_unread_ = false;
  for (PartLink& link : links_) receive_parts(link);
}

void Worker::receive_parts(PartLink& link) {
  WorkerRoom* room = nullptr;
  const auto deliver = [&] {
    if (room != nullptr && !part_messages_.empty()) {
      room->room.handle_part(now_, sfu::PartId(link.worker), part_messages_);
      touch(*room);
    }
    part_messages_.clear();
  };
  size_t count = 0;
  for (; count < PartLink::kMessagesPerTurn; ++count) {
    const auto message = link.from->read_on();
    if (!message) break;
    if (count == 0) {
      link.waiting.set(static_cast<int64_t>(link.from->waiting()));
      sender_.set_time(now_, message->time);
    }
    const RoomId id = PartOutlet::room_of(message->data);
    if (room == nullptr || room->id != id) {
      deliver();
      const auto it = rooms_.find(id);
      room = it == rooms_.end() ? nullptr : it->second.get();
    }
    // Of a room that was closed here a moment ago, or not yet there: dropped.
    if (room != nullptr) part_messages_.push_back(PartOutlet::message_of(message->data));
  }
  deliver();
  link.from->release();
  if (count == PartLink::kMessagesPerTurn) parts_unread_ = true;
}

}  // namespace turms::media
