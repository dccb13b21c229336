#include <algorithm>

#include "media/data_link.h"
#include "media/member.h"
#include "media/worker.h"

namespace turms::media {

/// What the control thread asked for, on the worker's thread. Commands of different rooms and
/// transports cross with what happens here, so an id that is not there is counted, not an error.
struct Worker::Apply {
  Worker& worker;

  void operator()(const command::CreateRoom& c) {
    // Sender reports need the wall clock; the room counts on from its reading at time zero.
    const int64_t since_zero = to_ms(worker.now_.time_since_epoch());
    const sfu::RoomConfig config{.seed = worker.rng_.next(),
                                 .wall_at_zero = {wall_now().unix_ms - since_zero},
                                 .settings = c.settings};
    auto& room = worker.rooms_[c.room];
    if (room) return worker.metrics_.refused_commands.add();
    room = std::make_unique<WorkerRoom>(c.room, config);
    room->room.leave_out_layers(worker.now_, worker.left_out_layers_);
    if (worker.make_data_router_) room->router = worker.make_data_router_(c.room);
    worker.metrics_.rooms.add();
  }
  void operator()(const command::CloseRoom& c) { worker.close_room(c.room); }

  void operator()(const command::AddPart& c) {
    WorkerRoom* room = worker.find_room(c.room);
    if (room == nullptr) return;
    auto& links = worker.links_;
    const auto is_there = [&](const PartLink& link) { return link.worker == c.worker; };
    if (std::none_of(links.begin(), links.end(), is_there)) {
      links.emplace_back(worker.index_, c.worker, c.from);
    }
    auto& parts = room->parts;
    auto part = std::find_if(parts.begin(), parts.end(),
                             [&](const auto& known) { return known->worker() == c.worker; });
    if (part == parts.end()) {
      part =
          parts.insert(part, std::make_unique<PartOutlet>(c.worker, c.room, worker.sender_, c.to));
    }
    room->room.add_part(worker.now_, sfu::PartId(c.worker), **part, c.home);
    worker.touch(*room);
  }
  void operator()(const command::AddReplica& c) {
    with_room(c.room, [&](sfu::Room& room) {
      room.add_replica(worker.now_, sfu::PartId(c.worker), *c.parameters);
    });
  }

  void operator()(const command::CreateTransport& c) {
    const TransportParameters& parameters = c.parameters;
    WorkerRoom* room = worker.find_room(parameters.room);
    if (room == nullptr) return;
    const rtc::PeerConfig config{.role = rtc::PeerRole::kServer,
                                 .local_ice = parameters.local_ice,
                                 .dtls_role = parameters.dtls_role,
                                 .consent_timeout = kConsentTimeout};
    auto member = std::make_unique<PeerMember>(parameters.id, *room, worker.sender_, worker.now_,
                                               config, worker.peer_resources_);
    PeerMember& added = *member;
    added.channels = parameters.channels;
    if (!worker.add_member(std::move(member))) return;
    worker.add_ufrag(added, parameters.local_ice.ufrag);
    worker.settle_member(added);
  }
  void operator()(const command::CreateQueue& c) {
    WorkerRoom* room = worker.find_room(c.parameters.room);
    if (room == nullptr) return;
    if (!worker.add_member(std::make_unique<QueueMember>(c.parameters.id, *room, worker.sender_,
                                                         c.parameters.queue))) {
      return;
    }
    room->room.transport_connected(worker.now_, c.parameters.id);
    worker.touch(*room);
  }
  void operator()(command::AdoptStream& c) {
    if (c.stream.kind == AdoptedStream::Kind::kTurn && !worker.relay_) return;
    worker.streams_.adopt(worker.now_, std::move(c.stream));
  }
  void operator()(const command::SetRemote& c) {
    if (PeerMember* member = worker.find_peer(c.transport)) {
      member->peer.set_remote(worker.now_, c.remote.ice, c.remote.fingerprint, c.remote.dtls_role);
      if (c.remote.data) {
        member->peer.open_data(worker.now_, *c.remote.data);
        for (const auto& channel : std::exchange(member->channels, {})) {
          member->peer.open_channel(worker.now_, channel);
        }
      }
      worker.settle_member(*member);
    }
  }
  void operator()(const command::RestartIce& c) {
    if (PeerMember* member = worker.find_peer(c.transport)) {
      member->peer.restart_ice(worker.now_, c.local);
      worker.add_ufrag(*member, c.local.ufrag);
      worker.settle_member(*member);
    }
  }
  void operator()(const command::CloseTransport& c) {
    const auto it = worker.members_.find(c.transport);
    if (it == worker.members_.end()) return worker.metrics_.refused_commands.add();
    Member& member = *it->second;
    std::erase(member.room.members, &member);
    worker.close_member(member);
  }

  void operator()(const command::AddReceiveTrack& c) {
    with_room(c.room, [&](sfu::Room& room) { room.add_receive_track(worker.now_, c.parameters); });
  }
  void operator()(const command::SetReceiveMuted& c) {
    with_room(c.room,
              [&](sfu::Room& room) { room.set_receive_muted(worker.now_, c.track, c.muted); });
  }
  void operator()(const command::RemoveReceiveTrack& c) {
    with_room(c.room, [&](sfu::Room& room) { room.remove_receive_track(worker.now_, c.track); });
  }
  void operator()(const command::AddSendTrack& c) {
    with_room(c.room,
              [&](sfu::Room& room) { room.add_send_track(worker.now_, c.parameters, c.request); });
  }
  void operator()(const command::SetLayerRequest& c) {
    with_room(c.room, [&](sfu::Room& room) {
      room.set_layer_request(worker.now_, c.subscription, c.request);
    });
  }
  void operator()(const command::RequestKeyFrame& c) {
    with_room(c.room,
              [&](sfu::Room& room) { room.request_key_frame(worker.now_, c.subscription); });
  }
  void operator()(const command::SetPathLimits& c) {
    const auto it = worker.members_.find(c.transport);
    if (it == worker.members_.end()) return worker.metrics_.refused_commands.add();
    WorkerRoom& room = it->second->room;
    room.room.set_path_limits(worker.now_, c.transport, c.limits);
    worker.touch(room);
  }
  void operator()(const command::LeaveOutLayers& c) {
    worker.left_out_layers_ = c.layers;
    for (const auto& [id, room] : worker.rooms_) {
      room->room.leave_out_layers(worker.now_, c.layers);
      worker.touch(*room);
    }
  }
  void operator()(const command::SetSendSource& c) {
    with_room(c.room, [&](sfu::Room& room) {
      room.set_send_source(worker.now_, c.subscription, c.source);
    });
  }
  void operator()(const command::RemoveSendTrack& c) {
    with_room(c.room,
              [&](sfu::Room& room) { room.remove_send_track(worker.now_, c.subscription); });
  }

  void operator()(const command::TellData& c) {
    WorkerRoom* room = worker.find_room(c.room);
    if (room == nullptr || !room->router) return;
    DataLink link(worker, *room);
    room->router->on_note(worker.now_, *c.note, link);
  }

  void operator()(const command::TakeSnapshot& c) {
    const auto it = worker.rooms_.find(c.room);
    worker.events_->add(
        event::Snapshot{c.ticket, it == worker.rooms_.end()
                                      ? RoomSnapshot()
                                      : it->second->room.snapshot(worker.now_, c.transports)});
  }

  template <class Function>
  void with_room(RoomId id, Function function) {
    if (WorkerRoom* room = worker.find_room(id)) {
      function(room->room);
      worker.touch(*room);
    }
  }
};

void Worker::apply_commands() {
  mailbox_.take(commands_);
  for (Command& command : commands_) std::visit(Apply{*this}, command);
}

WorkerRoom* Worker::find_room(RoomId id) {
  const auto it = rooms_.find(id);
  if (it != rooms_.end()) return it->second.get();
  metrics_.refused_commands.add();
  return nullptr;
}

PeerMember* Worker::find_peer(TransportId id) {
  const auto it = members_.find(id);
  PeerMember* const peer = it == members_.end() ? nullptr : it->second->as_peer();
  if (peer == nullptr) metrics_.refused_commands.add();
  return peer;
}

bool Worker::add_member(std::unique_ptr<Member> member) {
  auto& place = members_[member->id];
  if (place) {
    metrics_.refused_commands.add();
    return false;
  }
  place = std::move(member);
  place->room.members.push_back(place.get());
  place->room.room.add_transport(place->id, place->outlet(), place->as_peer() != nullptr);
  metrics_.transports.add();
  return true;
}

void Worker::add_ufrag(PeerMember& member, const std::string& ufrag) {
  // The former one stays good until the next restart, for checks on their way.
  constexpr size_t kGenerations = 2;
  if (member.ufrags.size() == kGenerations) {
    remove_ufrag(member, member.ufrags.front());
    member.ufrags.erase(member.ufrags.begin());
  }
  member.ufrags.push_back(ufrag);
  by_ufrag_[ufrag] = &member;
}

void Worker::remove_ufrag(PeerMember& member, const std::string& ufrag) {
  const auto it = by_ufrag_.find(ufrag);
  if (it != by_ufrag_.end() && it->second == &member) by_ufrag_.erase(it);
}

void Worker::close_member(Member& member) {
  // The room may still write to the outlet; then what waits goes out before the goodbye.
  member.room.room.remove_transport(now_, member.id);
  touch(member.room);
  sender_.flush();
  if (PeerMember* const peer = member.as_peer()) {
    if (member.room.router) {
      DataLink link(*this, member.room);
      member.room.router->on_transport_closed(now_, member.id, link);
    }
    peer->peer.close(now_);
    settle_member(*peer);
    // Its goodbye is on the way; the streams close behind it.
    for (Stream* stream : std::exchange(peer->streams, {})) {
      stream->member = nullptr;
      streams_.close_after_flush(*stream);
    }
    for (const rtc::Path& path : std::exchange(peer->paths, {})) forget_address(*peer, path.remote);
    for (const std::string& ufrag : peer->ufrags) remove_ufrag(*peer, ufrag);
    last_member_ = nullptr;
    std::erase(data_members_, peer);
  }
  metrics_.transports.add(-1);
  members_.erase(member.id);
}

void Worker::close_room(RoomId id) {
  WorkerRoom* room = find_room(id);
  if (room == nullptr) return;
  for (Member* member : std::exchange(room->members, {})) close_member(*member);
  count(*room);
  std::erase(touched_rooms_, room);
  metrics_.rooms.add(-1);
  rooms_.erase(id);
}

}  // namespace turms::media
