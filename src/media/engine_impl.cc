#include "media/engine_impl.h"

#include <algorithm>
#include <utility>

#include "base/metrics.h"
#include "rtc/stream_framing.h"
#include "rtc/stun/message.h"

namespace turms::media {

namespace {

/// Which worker a ufrag names, as its first character: those of RFC 8839 section 5.4.
constexpr std::string_view kWorkerNames =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static_assert(kWorkerNames.size() == EngineImpl::kMaxWorkers);

template <class Map, class Id>
auto owner_of(const Map& map, Id id) {
  const auto it = map.find(id);
  return it == map.end() ? typename Map::mapped_type() : it->second;
}

template <class Map, class Id>
auto take(Map& map, Id id) {
  const auto owner = owner_of(map, id);
  map.erase(id);
  return owner;
}

}  // namespace

EngineImpl::EngineImpl(std::vector<std::unique_ptr<Worker>> workers,
                       std::unique_ptr<rtc::dtls::Context> dtls, const EngineConfig& config,
                       std::vector<std::string> advertised,
                       const std::optional<rtc::turn::Secret>& turn_secret)
    : dtls_(std::move(dtls)),
      workers_(std::move(workers)),
      counts_(workers_.size()),
      spreads_(workers_.size() > 1 && config.members_per_worker > 0),
      placement_(config.members_per_worker),
      rings_(workers_.size() * workers_.size()),
      advertised_(std::move(advertised)),
      tcp_ports_(config.tcp_ports),
      allowed_(config.candidates),
      turn_secret_(turn_secret) {}

EngineImpl::~EngineImpl() {
  for (const auto& worker : workers_) worker->stop();
}

void EngineImpl::start(const Post& post, EngineEvents& events,
                       const MakeDataRouter& make_data_router) {
  const Worker::SendTo send_to = [this](uint32_t to, Command command) {
    return to < workers_.size() && workers_[to]->send(std::move(command));
  };
  for (const auto& worker : workers_) worker->start(post, events, send_to, make_data_router);
  post_ = post;
  listener_ = std::make_shared<Listener>(&events);
}

// ---- Where things are

EngineImpl::RoomRecord* EngineImpl::find(RoomId id) {
  const auto it = rooms_.find(id);
  return it == rooms_.end() ? nullptr : &it->second;
}

std::vector<Placement::Worker> EngineImpl::loads() const {
  std::vector<Placement::Worker> loads;
  for (size_t i = 0; i < workers_.size(); ++i) {
    loads.push_back({workers_[i]->load(), counts_[i].transports, counts_[i].rooms});
  }
  return loads;
}

std::optional<size_t> EngineImpl::place(RoomId id, MemberId member) {
  RoomRecord* const room = find(id);
  if (room == nullptr) return std::nullopt;
  const size_t first = room->parts.front().worker;
  if (member == MemberId()) return first;
  if (const auto it = room->members.find(member); it != room->members.end()) return it->second;
  size_t worker = first;
  if (spreads_ && !room->refused) {
    worker = placement_.for_member(loads(), room->parts);
    const auto is_it = [&](const Placement::Part& part) { return part.worker == worker; };
    if (std::none_of(room->parts.begin(), room->parts.end(), is_it) &&
        !add_part(id, *room, worker)) {
      worker = first;
    }
  }
  for (Placement::Part& part : room->parts) {
    if (part.worker == worker) ++part.members;
  }
  room->members.emplace(member, worker);
  return worker;
}

bool EngineImpl::add_part(RoomId id, RoomRecord& room, size_t worker) {
  if (!workers_[worker]->send(command::CreateRoom{id, room.settings})) return false;
  const size_t home = room.parts.front().worker;
  const auto introduce = [&](size_t to, size_t other) {
    return workers_[to]->send(command::AddPart{.room = id,
                                               .worker = static_cast<uint32_t>(other),
                                               .home = other == home,
                                               .to = ring(to, other),
                                               .from = ring(other, to)});
  };
  bool all = true;
  for (const Placement::Part& part : room.parts) {
    all = all && introduce(worker, part.worker) && introduce(part.worker, worker);
  }
  for (const auto& [track, parameters] : room.tracks) {
    const auto from = static_cast<uint32_t>(tracks_.at(track).worker);
    all = all && workers_[worker]->send(command::AddReplica{id, from, parameters});
  }
  if (!all) {
    // The others keep a way to it that leads nowhere, which costs nothing.
    (void)workers_[worker]->send(command::CloseRoom{id});
    return false;
  }
  room.parts.push_back({worker, 0});
  ++counts_[worker].rooms;
  return true;
}

const std::shared_ptr<PacketQueue>& EngineImpl::ring(size_t from, size_t to) {
  auto& ring = rings_[from * workers_.size() + to];
  if (!ring) {
    ring = std::make_shared<PacketQueue>(kPartRingBytes,
                                         [worker = workers_[to].get()] { worker->wake(); });
  }
  return ring;
}

std::string EngineImpl::ufrag_prefix(RoomId id, MemberId member) {
  const auto worker = place(id, member);
  return worker ? std::string(1, kWorkerNames[*worker]) : std::string();
}

std::vector<LocalCandidate> EngineImpl::candidates(TransportId id) const {
  const auto it = transports_.find(id);
  if (it == transports_.end()) return {};
  const size_t worker = it->second.worker;
  const CandidatePolicy& policy = it->second.candidates;
  std::vector<LocalCandidate> out;
  for (const std::string& address : advertised_) {
    if (policy.udp && allowed_.udp) {
      out.push_back({rtc::Protocol::kUdp, address, workers_[worker]->local().port()});
    }
  }
  for (const uint16_t port : tcp_ports_) {
    for (const std::string& address : advertised_) {
      if (policy.tcp && allowed_.tcp) out.push_back({rtc::Protocol::kTcp, address, port});
    }
  }
  return out;
}

std::optional<TurnAccess> EngineImpl::turn_access(RoomId id, MemberId member, std::string_view user,
                                                  Duration lifetime) {
  if (!turn_secret_) return std::nullopt;
  const auto worker = place(id, member);
  if (!worker) return std::nullopt;
  rtc::turn::Credentials minted = rtc::turn::mint(*turn_secret_, monotonic_now() + lifetime,
                                                  static_cast<uint32_t>(*worker), user);
  return TurnAccess{std::move(minted.username), std::move(minted.password), advertised_.front(),
                    workers_[*worker]->turn_port()};
}

std::vector<uint16_t> EngineImpl::udp_ports() const {
  std::vector<uint16_t> ports;
  for (const auto& worker : workers_) ports.push_back(worker->local().port());
  return ports;
}

std::vector<double> EngineImpl::worker_loads() const {
  std::vector<double> loads;
  for (const auto& worker : workers_) loads.push_back(worker->load());
  return loads;
}

uint64_t EngineImpl::packets() const {
  const WorkerMetrics& all = workers_.front()->metrics();
  return static_cast<uint64_t>(all.received.value() + all.sent.value());
}

void EngineImpl::leave_out_layers(size_t worker, int layers) {
  if (worker < workers_.size()) (void)workers_[worker]->send(command::LeaveOutLayers{layers});
}

// ---- Rooms and members

void EngineImpl::create_room(RoomId id, const RoomSettings& settings) {
  const auto [it, is_new] = rooms_.try_emplace(id);
  if (!is_new) return;
  const size_t least = Placement::for_room(loads());
  RoomRecord& room = it->second;
  room.settings = settings;
  room.parts.push_back({least, 0});
  ++counts_[least].rooms;
  room.refused = !workers_[least]->send(command::CreateRoom{id, settings});
}

void EngineImpl::close_room(RoomId id) {
  const auto it = rooms_.find(id);
  if (it == rooms_.end()) return;
  const RoomRecord record = std::move(it->second);
  rooms_.erase(it);
  for (const TransportId transport : record.transports) {
    const TransportRecord gone = take(transports_, transport);
    --counts_[gone.worker].transports;
  }
  for (const auto& [track, parameters] : record.tracks) tracks_.erase(track);
  for (const SubscriptionId subscription : record.subscriptions) subscriptions_.erase(subscription);
  for (const Placement::Part& part : record.parts) {
    --counts_[part.worker].rooms;
    if (!record.refused) (void)workers_[part.worker]->send(command::CloseRoom{id});
  }
}

void EngineImpl::release_member(RoomId id, MemberId member) {
  RoomRecord* const room = find(id);
  if (room == nullptr) return;
  const auto it = room->members.find(member);
  if (it == room->members.end()) return;
  for (Placement::Part& part : room->parts) {
    if (part.worker == it->second) --part.members;
  }
  room->members.erase(it);
}

// ---- Transports

bool EngineImpl::add_transport(TransportId id, RoomId room_id, MemberId member,
                               const CandidatePolicy& candidates) {
  const auto worker = place(room_id, member);
  if (!worker ||
      !transports_.try_emplace(id, TransportRecord{room_id, *worker, candidates}).second) {
    return false;
  }
  rooms_.at(room_id).transports.insert(id);
  ++counts_[*worker].transports;
  return true;
}

void EngineImpl::create_transport(const TransportParameters& parameters) {
  if (!add_transport(parameters.id, parameters.room, parameters.member, parameters.candidates)) {
    return;
  }
  TransportRecord& transport = transports_.at(parameters.id);
  if (!catch_up(parameters.room, rooms_.at(parameters.room), transport.worker)) {
    return fail(parameters.id, transport);
  }
  send(parameters.id, command::CreateTransport{parameters});
}
void EngineImpl::create_queue(const QueueParameters& parameters) {
  if (!add_transport(parameters.id, parameters.room, {}, {})) return;
  send(parameters.id, command::CreateQueue{parameters});
}
void EngineImpl::set_candidate_policy(TransportId id, const CandidatePolicy& policy) {
  const auto it = transports_.find(id);
  if (it != transports_.end()) it->second.candidates = policy;
}
void EngineImpl::set_remote(TransportId id, const RemoteParameters& remote) {
  send(id, command::SetRemote{id, remote});
}
void EngineImpl::restart_ice(TransportId id, const rtc::IceCredentials& local) {
  send(id, command::RestartIce{id, local});
}
void EngineImpl::set_path_limits(TransportId id, const PathLimits& limits) {
  send(id, command::SetPathLimits{id, limits});
}

void EngineImpl::close_transport(TransportId id) {
  send(id, command::CloseTransport{id});
  const auto it = transports_.find(id);
  if (it == transports_.end()) return;
  RoomRecord& room = rooms_.at(it->second.room);
  room.transports.erase(id);
  forget_tracks(room, id);
  --counts_[it->second.worker].transports;
  transports_.erase(it);
}

/// What a transport carried is gone with it, and its room may stay for days.
void EngineImpl::forget_tracks(RoomRecord& room, TransportId transport) {
  std::erase_if(room.tracks, [&](const auto& entry) {
    const TrackId id = entry.first;
    const auto owner = tracks_.find(id);
    if (owner == tracks_.end() || owner->second.transport != transport) return false;
    const Owner gone = owner->second;
    tracks_.erase(owner);
    // Its worker sees the transport close; the others have replicas.
    send_to_others(room, gone.worker, [&] { return command::RemoveReceiveTrack{gone.room, id}; });
    return true;
  });
  std::erase_if(room.subscriptions, [&](const SubscriptionId id) {
    const auto owner = subscriptions_.find(id);
    if (owner == subscriptions_.end() || owner->second.transport != transport) return false;
    subscriptions_.erase(owner);
    return true;
  });
}

// ---- Tracks

void EngineImpl::add_receive_track(const ReceiveTrackParameters& parameters) {
  const auto it = transports_.find(parameters.transport);
  if (it == transports_.end()) return;
  const auto [id, worker] = std::pair(it->second.room, it->second.worker);
  if (!send(parameters.transport, command::AddReceiveTrack{id, parameters})) return;
  RoomRecord& room = rooms_.at(id);
  tracks_[parameters.id] = {id, parameters.transport, worker};
  auto& kept = room.tracks[parameters.id];
  if (!spreads_) return;
  kept = std::make_shared<const ReceiveTrackParameters>(parameters);
  for (const Placement::Part& part : room.parts) {
    if (part.worker == worker) continue;
    if (!workers_[part.worker]->send(
            command::AddReplica{id, static_cast<uint32_t>(worker), kept})) {
      room.untold[part.worker].push_back(parameters.id);
      fail_part(room, part.worker);
    }
  }
}

/// The worker has not heard of a track of the room: who is there could not have it, and joins anew.
void EngineImpl::fail_part(const RoomRecord& room, size_t worker) {
  for (const TransportId id : room.transports) {
    TransportRecord& transport = transports_.at(id);
    if (transport.worker == worker && !transport.failed) fail(id, transport);
  }
}

bool EngineImpl::catch_up(RoomId id, RoomRecord& room, size_t worker) {
  const auto untold = room.untold.find(worker);
  if (untold == room.untold.end()) return true;
  std::erase_if(untold->second, [&](const TrackId track) {
    const auto it = room.tracks.find(track);
    if (it == room.tracks.end()) return true;  // gone meanwhile
    const auto from = static_cast<uint32_t>(tracks_.at(track).worker);
    return workers_[worker]->send(command::AddReplica{id, from, it->second});
  });
  if (!untold->second.empty()) return false;
  room.untold.erase(untold);
  return true;
}

void EngineImpl::set_receive_muted(TrackId id, bool muted) {
  const Owner owner = owner_of(tracks_, id);
  send(owner, command::SetReceiveMuted{owner.room, id, muted});
}

void EngineImpl::remove_receive_track(TrackId id) {
  const Owner owner = take(tracks_, id);
  send(owner, command::RemoveReceiveTrack{owner.room, id});
  RoomRecord* const room = find(owner.room);
  if (room == nullptr) return;
  room->tracks.erase(id);
  send_to_others(*room, owner.worker, [&] { return command::RemoveReceiveTrack{owner.room, id}; });
}

void EngineImpl::add_send_track(const SendTrackParameters& parameters,
                                const LayerRequest& request) {
  const auto it = transports_.find(parameters.transport);
  if (it == transports_.end()) return;
  const auto [room, worker] = std::pair(it->second.room, it->second.worker);
  if (!send(parameters.transport, command::AddSendTrack{room, parameters, request})) return;
  rooms_.at(room).subscriptions.insert(parameters.id);
  subscriptions_[parameters.id] = {room, parameters.transport, worker};
}
void EngineImpl::set_layer_request(SubscriptionId id, const LayerRequest& request) {
  const Owner owner = owner_of(subscriptions_, id);
  send(owner, command::SetLayerRequest{owner.room, id, request});
}
void EngineImpl::set_send_source(SubscriptionId id, TrackId source) {
  const Owner owner = owner_of(subscriptions_, id);
  send(owner, command::SetSendSource{owner.room, id, source});
}
void EngineImpl::request_key_frame(SubscriptionId id) {
  const Owner owner = owner_of(subscriptions_, id);
  send(owner, command::RequestKeyFrame{owner.room, id});
}
void EngineImpl::remove_send_track(SubscriptionId id) {
  const Owner owner = take(subscriptions_, id);
  if (RoomRecord* const room = find(owner.room)) room->subscriptions.erase(id);
  send(owner, command::RemoveSendTrack{owner.room, id});
}

// ---- Data and streams

SnapshotTicket EngineImpl::request_snapshot(RoomId id, std::vector<TransportId> transports) {
  const RoomRecord* const room = find(id);
  if (room == nullptr || room->refused) return {};
  SnapshotTicket asked{.ticket = ++last_ticket_};
  for (const Placement::Part& part : room->parts) {
    std::vector<TransportId> here;
    for (const TransportId transport : transports) {
      const auto it = transports_.find(transport);
      if (it != transports_.end() && it->second.worker == part.worker) here.push_back(transport);
    }
    if (!transports.empty() && here.empty()) continue;
    const bool taken =
        workers_[part.worker]->send(command::TakeSnapshot{id, asked.ticket, std::move(here)});
    if (taken) ++asked.parts;
  }
  return asked;
}

bool EngineImpl::tell_data(RoomId id, std::shared_ptr<const DataNote> note) {
  const RoomRecord* const room = find(id);
  if (room == nullptr || room->refused) return false;
  bool all = true;
  for (const Placement::Part& part : room->parts) {
    if (!workers_[part.worker]->send(command::TellData{id, note})) all = false;
  }
  return all;
}

bool EngineImpl::tell_member_data(RoomId id, MemberId member,
                                  std::shared_ptr<const DataNote> note) {
  const auto worker = place(id, member);
  if (!worker || find(id)->refused) return false;
  return workers_[*worker]->send(command::TellData{id, std::move(note)});
}

bool EngineImpl::adopt_stream(AdoptedStream stream) {
  if (stream.kind == AdoptedStream::Kind::kTurn) {
    // Only its second message says whose it is: that worker gets it then.
    if (!turn_secret_) return false;
    return hand_to(next_turn_worker_++ % workers_.size(), std::move(stream));
  }
  const rtc::StreamFrame frame = rtc::next_stream_frame(stream.received);
  if (frame.kind != rtc::StreamFrame::Kind::kDatagram) return false;
  const auto check =
      rtc::stun::Message::parse(ByteView(stream.received).subspan(frame.offset, frame.size));
  if (!check || !check->username() || check->username()->empty()) return false;
  const size_t worker = kWorkerNames.find(check->username()->front());
  return worker < workers_.size() && hand_to(worker, std::move(stream));
}

bool EngineImpl::hand_to(size_t worker, AdoptedStream stream) {
  return workers_[worker]->send(command::AdoptStream{std::move(stream)});
}

// ---- Commands

bool EngineImpl::send(TransportId id, Command command) {
  const auto it = transports_.find(id);
  if (it == transports_.end() || it->second.failed) return false;
  const RoomRecord& room = rooms_.at(it->second.room);
  if (!room.refused && workers_[it->second.worker]->send(std::move(command))) return true;
  fail(id, it->second);
  return false;
}

void EngineImpl::send(const Owner& owner, Command command) {
  if (transports_.contains(owner.transport)) {
    send(owner.transport, std::move(command));
  } else if (find(owner.room) != nullptr) {
    (void)workers_[owner.worker]->send(std::move(command));
  }
}

void EngineImpl::fail(TransportId id, TransportRecord& record) {
  record.failed = true;
  const RoomRecord& room = rooms_.at(record.room);
  if (!room.refused) (void)workers_[record.worker]->send(command::CloseTransport{id});
  metrics::counter("turms_media_overflowed_transports_total",
                   "Transports that failed because the mailbox of their worker was full.")
      .add();
  post_([listener = std::weak_ptr(listener_), id] {
    if (const auto alive = listener.lock()) {
      alive->events->on_transport_failed(id, "mailbox_full");
    }
  });
}

}  // namespace turms::media
