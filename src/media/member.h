#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/timer_heap.h"
#include "media/engine.h"
#include "media/outlet.h"
#include "media/part_link.h"
#include "rtc/peer.h"
#include "sfu/room.h"

namespace turms::media {

struct Member;
struct PeerMember;
struct WorkerRoom;
class Stream;

/// A deadline of a worker: of a peer, of a room, or of a stream.
struct Deadline : TimerNode {
  PeerMember* member = nullptr;
  WorkerRoom* room = nullptr;
  Stream* stream = nullptr;
};

/// One room on a worker.
struct WorkerRoom {
  WorkerRoom(RoomId id_in, const sfu::RoomConfig& config) : id(id_in), room(config) {
    deadline.room = this;
  }

  RoomId id;
  std::vector<std::unique_ptr<PartOutlet>> parts;  // on other workers
  sfu::Room room;
  std::unique_ptr<DataRouter> router;
  Deadline deadline;
  bool touched = false;
  std::vector<Member*> members;
  sfu::RoomCounters counted;  // what the metrics know
};

/// One transport of a room on a worker.
struct Member {
  Member(TransportId id_in, WorkerRoom& room_in) : id(id_in), room(room_in) {}
  virtual ~Member() = default;
  virtual Outlet& outlet() = 0;
  virtual PeerMember* as_peer() { return nullptr; }

  const TransportId id;
  WorkerRoom& room;
};

/// A WebRTC peer: what it sends comes in, and its outlet leads to it.
struct PeerMember final : Member {
  PeerMember(TransportId id_in, WorkerRoom& room_in, Sender& sender, TimePoint now,
             const rtc::PeerConfig& config, const rtc::PeerResources& resources)
      : Member(id_in, room_in), peer(now, config, resources), to_peer(sender, peer) {
    deadline.member = this;
  }
  Outlet& outlet() override { return to_peer; }
  PeerMember* as_peer() override { return this; }

  rtc::Peer peer;
  PeerOutlet to_peer;
  Deadline deadline;
  std::vector<rtc::ChannelParameters> channels;  // to be opened
  bool data_waits = false;                       // in Worker::data_members_
  std::vector<std::string> ufrags;               // ours, the current one last
  std::vector<rtc::Path> paths;                  // verified
  std::vector<Stream*> streams;                  // at most kMaxStreams
  std::unique_ptr<Channel> relay;                // to the selected path, when it is a relayed one

  static constexpr size_t kMaxStreams = 8;
};

/// A reader in this process: nothing comes in.
struct QueueMember final : Member {
  QueueMember(TransportId id_in, WorkerRoom& room_in, Sender& sender,
              std::shared_ptr<PacketQueue> queue)
      : Member(id_in, room_in), to_queue(sender, std::move(queue)) {}
  Outlet& outlet() override { return to_queue; }

  QueueOutlet to_queue;
};

}  // namespace turms::media
