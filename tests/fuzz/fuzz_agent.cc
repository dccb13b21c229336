// What agent workers say: decoded, and taken by a dispatcher that has a room and jobs.
#include "livekit/agent_codec.h"
#include "livekit/agent_dispatcher.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  using namespace turms::livekit;
  int made = 0;
  // Ids that an input can name.
  AgentDispatcher dispatcher({}, {[&](size_t) { return std::to_string(++made); },
                                  [](const Grants&, WallTime, Duration) { return "token"; }});
  Now now{TimePoint{} + std::chrono::hours(1), {1'000'000}};
  Notify event;
  event.room.name = "r";
  dispatcher.on_room_event(now, event, {});
  auto worker = dispatcher.connect(now, "key");
  fuzz::check(worker.has_value());
  // Each message: a byte that says how and when, two of length, and itself.
  for (size_t at = 0; at + 3 <= size;) {
    const uint8_t head = data[at];
    const size_t length = std::min<size_t>(data[at + 1] | data[at + 2] << 8, size - at - 3);
    const ByteView bytes(data + at + 3, length);
    at += 3 + length;
    const auto message =
        decode_worker_message((head & 1) != 0 ? Encoding::kJson : Encoding::kProtobuf, bytes);
    if (message) dispatcher.on_message(now, *worker, *message);
    if ((head & 2) != 0) {
      now.monotonic += std::chrono::seconds(head >> 4);
      dispatcher.on_timer(now);
    }
    if ((head & 4) != 0) {
      dispatcher.disconnect(now, *worker);
      worker = dispatcher.connect(now, "key");
    }
    if ((head & 8) != 0) {
      event.event = static_cast<RoomEvent>(head >> 4 & 7);
      event.participant.emplace().identity = std::to_string(head >> 7);
      dispatcher.on_room_event(now, event, {});
    }
    for (const AgentOutput& output : dispatcher.take_outputs()) {
      const auto* sent = std::get_if<SendToWorker>(&output);
      if (sent != nullptr) encode_message_to_worker(Encoding::kProtobuf, sent->message);
    }
    fuzz::check(dispatcher.worker_count() <= 1);
  }
  return 0;
}
