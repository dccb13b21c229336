#include "sim/meeting/sim_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "rtc/demultiplexer.h"
#include "rtc/rtp/packet.h"
#include "rtc/stun/message.h"
#include "sfu/transport_sink.h"

namespace turms::sim {

namespace {

/// How long a command or an event is under way at most, as when the other thread is busy.
constexpr Duration kCrossing = 2ms;
constexpr size_t kMaxFaults = 10;

// Making keys is slow and tells nothing: one for all runs of a process.
const rtc::dtls::Context& dtls_context() {
  static const rtc::dtls::Context context;
  return context;
}

}  // namespace

struct SimEngine::WorkerRoom {
  WorkerRoom(uint64_t id_in, const sfu::RoomConfig& config) : id(id_in), room(config) {}

  uint64_t id;
  sfu::Room room;
  std::vector<Member*> members;
  TimePoint wake = kNever;
};

struct SimEngine::Member final : public sfu::TransportSink {
  Member(SimEngine& engine_in, WorkerRoom& room_in, media::TransportId id_in, TimePoint now,
         const rtc::PeerConfig& config)
      : engine(engine_in), room(room_in), id(id_in), peer(now, config, engine.resources_) {}

  MutableByteView reserve(size_t size) override {
    if (!peer.connected() || peer.selected_path() == nullptr) return {};
    return MutableByteView(buffer).first(size);
  }
  void commit(size_t size, sfu::PacketKind kind) override {
    const size_t total = kind == sfu::PacketKind::kRtp ? peer.protect_rtp(buffer, size)
                                                       : peer.protect_rtcp(buffer, size);
    if (total == 0) return;
    engine.send_(peer.selected_path()->remote,
                 Bytes(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(total)));
  }

  SimEngine& engine;
  WorkerRoom& room;
  const media::TransportId id;
  rtc::Peer peer;
  std::vector<std::string> ufrags;
  std::vector<rtc::Path> paths;
  TimePoint next_wake = kNever;
  std::array<uint8_t, 2048> buffer;
};

SimEngine::SimEngine(Simulation& simulation, SendDatagram send)
    : simulation_(simulation),
      send_(std::move(send)),
      resources_{dtls_context(), *srtp_, simulation.rng()} {}

SimEngine::~SimEngine() = default;

rtc::DtlsFingerprint SimEngine::own_fingerprint() {
  return dtls_context().fingerprint();
}

SimEngine::Held SimEngine::held() const {
  return {records_.size(), room_of_transport_.size(), room_of_track_.size(),
          room_of_subscription_.size()};
}

void SimEngine::fault(std::string what) {
  if (faults_.size() < kMaxFaults) faults_.push_back("engine: " + std::move(what));
}

// ---- the control side

std::vector<media::LocalCandidate> SimEngine::candidates(media::TransportId id) const {
  if (!room_of_transport_.contains(id.value)) return {};
  return {{rtc::Protocol::kUdp, "192.0.2.2", kPort}};
}

void SimEngine::set_candidate_policy(media::TransportId id, const media::CandidatePolicy&) {
  record_of(room_of_transport_, id.value, "transport");
}

SimEngine::RoomRecord* SimEngine::record_of(const std::map<uint64_t, uint64_t>& rooms, uint64_t id,
                                            const char* what) {
  const auto it = rooms.find(id);
  if (it != rooms.end()) return &records_.at(it->second);
  fault(fmt::format("{} {:x} is not there", what, id));
  return nullptr;
}

void SimEngine::command(std::function<void()> apply) {
  const auto crossing = Duration(simulation_.rng().below(static_cast<uint64_t>(kCrossing.count())));
  last_command_ = std::max(last_command_, simulation_.now() + crossing);
  simulation_.at(last_command_, std::move(apply));
}

void SimEngine::tell(std::function<void(media::EngineEvents&)> event) {
  const auto crossing = Duration(simulation_.rng().below(static_cast<uint64_t>(kCrossing.count())));
  last_event_ = std::max(last_event_, simulation_.now() + crossing);
  simulation_.at(last_event_, [this, event = std::move(event)] {
    if (events_ != nullptr) event(*events_);
  });
}

void SimEngine::create_room(media::RoomId id, const sfu::RoomSettings& settings) {
  if (!records_.try_emplace(id.value).second) return fault("a room made twice");
  command([this, id, settings] {
    const sfu::RoomConfig config{.seed = simulation_.rng().next(),
                                 .wall_at_zero = WallTime{1'700'000'000'000},
                                 .settings = settings};
    rooms_.emplace(id.value, std::make_unique<WorkerRoom>(id.value, config));
  });
}

void SimEngine::close_room(media::RoomId id) {
  const auto it = records_.find(id.value);
  if (it == records_.end()) return fault("an unknown room closed");
  for (const uint64_t transport : it->second.transports) room_of_transport_.erase(transport);
  for (const uint64_t track : it->second.tracks) {
    room_of_track_.erase(track);
    transport_of_track_.erase(track);
  }
  for (const uint64_t subscription : it->second.subscriptions) {
    room_of_subscription_.erase(subscription);
    transport_of_subscription_.erase(subscription);
  }
  records_.erase(it);
  command([this, id] {
    WorkerRoom& room = *rooms_.at(id.value);
    for (Member* member : std::exchange(room.members, {})) close(*member);
    rooms_.erase(id.value);
  });
}

void SimEngine::create_transport(const media::TransportParameters& parameters) {
  const auto record = records_.find(parameters.room.value);
  if (record == records_.end()) return fault("a transport in an unknown room");
  const uint64_t id = parameters.id.value;
  if (!room_of_transport_.emplace(id, parameters.room.value).second) {
    return fault("a transport made twice");
  }
  record->second.transports.insert(id);
  if (!parameters.local_ice.ufrag.starts_with(ufrag_prefix(parameters.room, parameters.member))) {
    fault("a ufrag that names no worker");
  }
  command([this, parameters] {
    WorkerRoom& room = *rooms_.at(parameters.room.value);
    const rtc::PeerConfig config{.role = rtc::PeerRole::kServer,
                                 .local_ice = parameters.local_ice,
                                 .dtls_role = parameters.dtls_role,
                                 .consent_timeout = media::kConsentTimeout};
    auto made = std::make_unique<Member>(*this, room, parameters.id, simulation_.now(), config);
    Member& member = *made;
    members_.emplace(parameters.id.value, std::move(made));
    room.members.push_back(&member);
    room.room.add_transport(parameters.id, member);
    member.ufrags.push_back(parameters.local_ice.ufrag);
    by_ufrag_[parameters.local_ice.ufrag] = &member;
    settle(member);
  });
}

void SimEngine::set_remote(media::TransportId id, const media::RemoteParameters& remote) {
  if (record_of(room_of_transport_, id.value, "transport") == nullptr) return;
  command([this, id, remote] {
    if (Member* member = find(id)) {
      member->peer.set_remote(simulation_.now(), remote.ice, remote.fingerprint, remote.dtls_role);
      settle(*member);
    }
  });
}

void SimEngine::restart_ice(media::TransportId id, const rtc::IceCredentials& local) {
  if (record_of(room_of_transport_, id.value, "transport") == nullptr) return;
  command([this, id, local] {
    Member* member = find(id);
    if (member == nullptr) return;
    member->peer.restart_ice(simulation_.now(), local);
    member->ufrags.push_back(local.ufrag);
    by_ufrag_[local.ufrag] = member;
    settle(*member);
  });
}

void SimEngine::close_transport(media::TransportId id) {
  RoomRecord* record = record_of(room_of_transport_, id.value, "transport");
  if (record == nullptr) return;
  record->transports.erase(id.value);
  room_of_transport_.erase(id.value);
  // With what it carried.
  const auto forget = [&](std::map<uint64_t, uint64_t>& carriers, std::set<uint64_t>& ids,
                          std::map<uint64_t, uint64_t>& rooms) {
    std::erase_if(carriers, [&](const auto& entry) {
      if (entry.second != id.value) return false;
      ids.erase(entry.first);
      rooms.erase(entry.first);
      return true;
    });
  };
  forget(transport_of_track_, record->tracks, room_of_track_);
  forget(transport_of_subscription_, record->subscriptions, room_of_subscription_);
  command([this, id] {
    if (Member* member = find(id)) {
      std::erase(member->room.members, member);
      close(*member);
    }
  });
}

void SimEngine::add_receive_track(const media::ReceiveTrackParameters& parameters) {
  RoomRecord* record = record_of(room_of_transport_, parameters.transport.value, "transport");
  if (record == nullptr) return;
  const media::RoomId room(room_of_transport_.at(parameters.transport.value));
  if (!room_of_track_.emplace(parameters.id.value, room.value).second) fault("a track made twice");
  record->tracks.insert(parameters.id.value);
  transport_of_track_[parameters.id.value] = parameters.transport.value;
  command([this, room, parameters] {
    with_room(room, [&](sfu::Room& sfu) { sfu.add_receive_track(simulation_.now(), parameters); });
  });
}

void SimEngine::set_receive_muted(media::TrackId id, bool muted) {
  if (record_of(room_of_track_, id.value, "track") == nullptr) return;
  command([this, room = media::RoomId(room_of_track_.at(id.value)), id, muted] {
    with_room(room, [&](sfu::Room& sfu) { sfu.set_receive_muted(simulation_.now(), id, muted); });
  });
}

void SimEngine::remove_receive_track(media::TrackId id) {
  RoomRecord* record = record_of(room_of_track_, id.value, "track");
  if (record == nullptr) return;
  const media::RoomId room(room_of_track_.at(id.value));
  record->tracks.erase(id.value);
  room_of_track_.erase(id.value);
  transport_of_track_.erase(id.value);
  command([this, room, id] {
    with_room(room, [&](sfu::Room& sfu) { sfu.remove_receive_track(simulation_.now(), id); });
  });
}

void SimEngine::add_send_track(const media::SendTrackParameters& parameters,
                               const media::LayerRequest& request) {
  RoomRecord* record = record_of(room_of_transport_, parameters.transport.value, "transport");
  if (record == nullptr) return;
  if (!room_of_track_.contains(parameters.source.value)) fault("a subscription to no track");
  const media::RoomId room(room_of_transport_.at(parameters.transport.value));
  if (!room_of_subscription_.emplace(parameters.id.value, room.value).second) {
    fault("a subscription made twice");
  }
  record->subscriptions.insert(parameters.id.value);
  transport_of_subscription_[parameters.id.value] = parameters.transport.value;
  command([this, room, parameters, request] {
    with_room(room,
              [&](sfu::Room& sfu) { sfu.add_send_track(simulation_.now(), parameters, request); });
  });
}

void SimEngine::set_layer_request(media::SubscriptionId id, const media::LayerRequest& request) {
  if (record_of(room_of_subscription_, id.value, "subscription") == nullptr) return;
  command([this, room = media::RoomId(room_of_subscription_.at(id.value)), id, request] {
    with_room(room, [&](sfu::Room& sfu) { sfu.set_layer_request(simulation_.now(), id, request); });
  });
}

void SimEngine::set_send_source(media::SubscriptionId id, media::TrackId source) {
  if (record_of(room_of_subscription_, id.value, "subscription") == nullptr) return;
  if (!room_of_track_.contains(source.value)) fault("a subscription changed to no track");
  command([this, room = media::RoomId(room_of_subscription_.at(id.value)), id, source] {
    with_room(room, [&](sfu::Room& sfu) { sfu.set_send_source(simulation_.now(), id, source); });
  });
}

void SimEngine::remove_send_track(media::SubscriptionId id) {
  RoomRecord* record = record_of(room_of_subscription_, id.value, "subscription");
  if (record == nullptr) return;
  const media::RoomId room(room_of_subscription_.at(id.value));
  record->subscriptions.erase(id.value);
  room_of_subscription_.erase(id.value);
  transport_of_subscription_.erase(id.value);
  command([this, room, id] {
    with_room(room, [&](sfu::Room& sfu) { sfu.remove_send_track(simulation_.now(), id); });
  });
}

// ---- the workers' side

void SimEngine::with_room(media::RoomId id, const std::function<void(sfu::Room&)>& function) {
  const auto it = rooms_.find(id.value);
  TURMS_CHECK(it != rooms_.end());  // commands keep their order, and a closed room gets none
  function(it->second->room);
  settle(*it->second);
}

SimEngine::Member* SimEngine::find(media::TransportId id) {
  const auto it = members_.find(id.value);
  return it == members_.end() ? nullptr : it->second.get();
}

SimEngine::Member* SimEngine::find_by_ufrag(ByteView datagram) {
  const auto message = rtc::stun::Message::parse(datagram);
  if (!message || !message->username()) return nullptr;
  const std::string_view username = *message->username();
  const auto it = by_ufrag_.find(username.substr(0, username.find(':')));
  return it == by_ufrag_.end() ? nullptr : it->second;
}

void SimEngine::on_datagram(const rtc::TransportAddress& from, Bytes datagram) {
  const auto known = by_address_.find(from);
  Member* member = known == by_address_.end() ? nullptr : known->second;
  if (rtc::classify(datagram) == rtc::DatagramKind::kStun) {
    if (Member* named = find_by_ufrag(datagram)) member = named;
  }
  if (member == nullptr) return;
  const TimePoint now = simulation_.now();
  const rtc::Received received = member->peer.receive(now, {address(), from}, datagram);
  WorkerRoom& room = member->room;
  if (received.kind == rtc::Received::Kind::kRtp) {
    room.room.handle_rtp(now, member->id, received.packet);
  } else if (received.kind == rtc::Received::Kind::kRtcp) {
    room.room.handle_rtcp(now, member->id, received.packet);
  } else {
    settle(*member);
  }
  settle(room);
}

void SimEngine::settle(WorkerRoom& room) {
  if (room.room.take_events(room_events_)) {
    for (const auto& change : room_events_.layers) {
      tell([change](media::EngineEvents& events) {
        if (change.started) {
          events.on_layer_started(change.track, change.spatial);
        } else {
          events.on_layer_stopped(change.track, change.spatial);
        }
      });
    }
    const media::RoomId id(room.id);
    if (room_events_.speakers_changed) {
      tell([id, speakers = room_events_.speakers](media::EngineEvents& events) {
        events.on_speakers(id, speakers);
      });
    }
    if (!room_events_.tracks.empty() || !room_events_.subscriptions.empty()) {
      tell([id, tracks = room_events_.tracks, subscriptions = room_events_.subscriptions](
               media::EngineEvents& events) { events.on_statistics(id, tracks, subscriptions); });
    }
  }
  const TimePoint due = room.room.next_timeout();
  if (due >= room.wake && room.wake > simulation_.now()) return;
  room.wake = due;
  if (due == kNever) return;
  simulation_.at(due, [this, id = room.id, due] {
    const auto it = rooms_.find(id);
    if (it == rooms_.end() || it->second->wake != due) return;
    it->second->wake = kNever;
    it->second->room.handle_timeout(simulation_.now());
    settle(*it->second);
  });
}

void SimEngine::settle(Member& member) {
  while (auto transmit = member.peer.poll_transmit()) {
    send_(transmit->path.remote, Bytes(transmit->datagram.begin(), transmit->datagram.end()));
  }
  while (auto event = member.peer.poll_event()) handle(member, *event);
  wake(member);
}

void SimEngine::wake(Member& member) {
  const TimePoint due = member.peer.next_timeout();
  if (due >= member.next_wake && member.next_wake > simulation_.now()) return;
  member.next_wake = due;
  if (due == kNever) return;
  simulation_.at(due, [this, id = member.id, due] {
    Member* waking = find(id);
    if (waking == nullptr || waking->next_wake != due) return;
    waking->next_wake = kNever;
    if (waking->peer.next_timeout() <= simulation_.now()) {
      waking->peer.handle_timeout(simulation_.now());
    }
    settle(*waking);
  });
}

void SimEngine::handle(Member& member, const rtc::PeerEvent& event) {
  const media::TransportId id = member.id;
  switch (event.kind) {
    case rtc::PeerEvent::Kind::kPathAdded:
      member.paths.push_back(event.path);
      by_address_[event.path.remote] = &member;
      return;
    case rtc::PeerEvent::Kind::kPathRemoved: {
      std::erase(member.paths, event.path);
      const auto it = by_address_.find(event.path.remote);
      if (it != by_address_.end() && it->second == &member) by_address_.erase(it);
      return;
    }
    case rtc::PeerEvent::Kind::kPathSelected:
      return;
    case rtc::PeerEvent::Kind::kConnected:
      member.room.room.transport_connected(simulation_.now(), id);
      settle(member.room);
      return tell([id](media::EngineEvents& events) { events.on_transport_connected(id); });
    case rtc::PeerEvent::Kind::kFailed:
      return tell([id, reason = std::string(to_string(event.reason))](media::EngineEvents& events) {
        events.on_transport_failed(id, reason);
      });
    case rtc::PeerEvent::Kind::kClosed:
      return tell([id](media::EngineEvents& events) { events.on_transport_closed(id); });
  }
}

void SimEngine::close(Member& member) {
  member.room.room.remove_transport(simulation_.now(), member.id);
  settle(member.room);
  member.peer.close(simulation_.now());
  while (auto transmit = member.peer.poll_transmit()) {
    send_(transmit->path.remote, Bytes(transmit->datagram.begin(), transmit->datagram.end()));
  }
  std::erase_if(by_address_, [&](const auto& entry) { return entry.second == &member; });
  std::erase_if(by_ufrag_, [&](const auto& entry) { return entry.second == &member; });
  members_.erase(member.id.value);
}

}  // namespace turms::sim
