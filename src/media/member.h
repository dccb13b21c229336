#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/timer_heap.h"
#include "media/send_buffer.h"
#include "media/worker.h"
#include "rtc/peer.h"
#include "sfu/room.h"
#include "sfu/transport_sink.h"

namespace turms::media {

/// A deadline of a worker: of a member's peer, or of a room.
struct Deadline : TimerNode {
  Member* member = nullptr;
  WorkerRoom* room = nullptr;
};

/// One room on a worker.
struct WorkerRoom {
  WorkerRoom(RoomId id_in, const sfu::RoomConfig& config) : id(id_in), room(config) {
    deadline.room = this;
  }

  RoomId id;
  sfu::Room room;
  Deadline deadline;
  bool touched = false;
  std::vector<Member*> members;
  sfu::RoomCounters counted;  // what the metrics know
};

/// One transport on a worker: the peer, and where its packets gather until the end of the turn.
/// Small while it is idle: the buffer is the pool's.
class Member final : public sfu::TransportSink {
 public:
  Member(Worker& worker, WorkerRoom& room, TransportId id, TimePoint now,
         const rtc::PeerConfig& config, const rtc::PeerResources& resources);

  MutableByteView reserve(size_t size) override;
  void commit(size_t size, sfu::PacketKind kind) override;

  const TransportId id;
  WorkerRoom& room;
  rtc::Peer peer;
  Deadline deadline;
  net::Address destination;  // the selected path
  net::Address source;
  bool has_destination = false;
  std::vector<std::string> ufrags;     // ours, the current one last
  std::vector<rtc::Path> paths;        // verified
  std::unique_ptr<SendBuffer> buffer;  // from the first packet of a turn to its flush

 private:
  Worker& worker_;
  MutableByteView reserved_;
};

}  // namespace turms::media
