#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "media/packet_queue.h"
#include "media/sender.h"
#include "sfu/part_message.h"

/// Between two workers that have parts of the same rooms there is a ring for each direction, for
/// all of these rooms. A message in it is the number of its room, then sfu::PartMessage.
namespace turms::media {

/// Of each direction. 84 ms of 100 Mbit/s; what does not fit is dropped by the room's rule for it
/// (sfu::Room), a video stream until its next key frame.
inline constexpr size_t kPartRingBytes = size_t{1} << 20;

/// From a room to its part on another worker. On the worker's thread.
class PartOutlet final : public sfu::PartSink {
 public:
  PartOutlet(uint32_t worker, sfu::RoomId room, const Sender& sender,
             std::shared_ptr<PacketQueue> queue)
      : worker_(worker), room_(room), sender_(sender), queue_(std::move(queue)) {}

  [[nodiscard]] uint32_t worker() const { return worker_; }

  MutableByteView reserve(size_t size) override {
    const MutableByteView out = queue_->reserve(kRoomSize + size);
    if (out.empty()) return {};
    store_be64(out.data(), room_.value);
    reserved_ = out.size();
    return out.subspan(kRoomSize);
  }
  void commit() override { queue_->commit(sender_.now(), reserved_, sfu::PacketKind::kRtp); }
  void publish() override { queue_->publish(); }

  /// Of what a ring has: written by a PartOutlet.
  static sfu::RoomId room_of(ByteView data) { return sfu::RoomId(load_be64(data.data())); }
  static ByteView message_of(ByteView data) { return data.subspan(kRoomSize); }

 private:
  static constexpr size_t kRoomSize = 8;

  const uint32_t worker_;
  const sfu::RoomId room_;
  const Sender& sender_;
  const std::shared_ptr<PacketQueue> queue_;
  size_t reserved_ = 0;
};

/// What another worker hands over to this one.
struct PartLink {
  /// A turn takes at most so many from each.
  static constexpr size_t kMessagesPerTurn = 256;

  PartLink(uint32_t own, uint32_t other, std::shared_ptr<PacketQueue> from_in)
      : worker(other),
        from(std::move(from_in)),
        waiting(metrics::gauge("turms_media_handover_waiting_bytes",
                               "Between two media workers, when the reader looked last.",
                               {{"from", std::to_string(other)}, {"to", std::to_string(own)}})) {}

  uint32_t worker;
  std::shared_ptr<PacketQueue> from;
  Metric& waiting;
};

}  // namespace turms::media
