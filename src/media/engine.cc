#include "media/engine.h"

#include <algorithm>
#include <atomic>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/crypto.h"
#include "base/metrics.h"
#include "media/worker.h"
#include "net/interfaces.h"
#include "rtc/stream_framing.h"
#include "rtc/stun/message.h"
#include "rtc/turn/credentials.h"

namespace turms::media {

namespace {

/// Which worker a ufrag names, as its first character: those of RFC 8839 section 5.4.
constexpr std::string_view kWorkerNames =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The control thread's side: which worker has what.
class EngineImpl final : public Engine {
 public:
  EngineImpl(std::vector<std::unique_ptr<Worker>> workers, std::unique_ptr<rtc::dtls::Context> dtls,
             const EngineConfig& config, std::vector<std::string> advertised,
             const std::optional<rtc::turn::Secret>& turn_secret)
      : dtls_(std::move(dtls)),
        workers_(std::move(workers)),
        loads_(workers_.size()),
        advertised_(std::move(advertised)),
        tcp_ports_(config.tcp_ports),
        allowed_(config.candidates),
        turn_secret_(turn_secret) {}

  ~EngineImpl() override {
    for (const auto& worker : workers_) worker->stop();
  }

  void start(const Post& post, EngineEvents& events, const MakeDataRouter& make_data_router) {
    const Worker::HandOver hand_over = [this](uint32_t to, AdoptedStream stream) {
      if (to < workers_.size()) hand_to(to, std::move(stream));
    };
    for (const auto& worker : workers_) {
      worker->start(post, events, hand_over, make_data_router);
    }
    post_ = post;
    listener_ = std::make_shared<Listener>(&events);
  }

  rtc::DtlsFingerprint fingerprint() const override { return dtls_->fingerprint(); }

  std::string ufrag_prefix(RoomId id) const override {
    const auto it = rooms_.find(id);
    return it == rooms_.end() ? std::string() : std::string(1, kWorkerNames[it->second.worker]);
  }

  std::vector<LocalCandidate> candidates(TransportId id) const override {
    const auto it = transports_.find(id);
    if (it == transports_.end()) return {};
    const size_t worker = rooms_.at(it->second.room).worker;
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

  std::optional<TurnAccess> turn_access(RoomId id, std::string_view user,
                                        Duration lifetime) const override {
    const auto it = rooms_.find(id);
    if (it == rooms_.end() || !turn_secret_) return std::nullopt;
    const size_t worker = it->second.worker;
    rtc::turn::Credentials minted = rtc::turn::mint(*turn_secret_, monotonic_now() + lifetime,
                                                    static_cast<uint32_t>(worker), user);
    return TurnAccess{std::move(minted.username), std::move(minted.password), advertised_.front(),
                      workers_[worker]->turn_port()};
  }

  std::vector<uint16_t> udp_ports() const override {
    std::vector<uint16_t> ports;
    for (const auto& worker : workers_) ports.push_back(worker->local().port());
    return ports;
  }

  void create_room(RoomId id, const RoomSettings& settings) override {
    size_t least = 0;
    for (size_t i = 1; i < loads_.size(); ++i) {
      if (loads_[i] < loads_[least]) least = i;
    }
    const auto [it, is_new] = rooms_.try_emplace(id, RoomRecord{.worker = least});
    if (!is_new) return;
    ++loads_[least].rooms;
    it->second.refused = !workers_[least]->send(command::CreateRoom{id, settings});
  }

  void close_room(RoomId id) override {
    const auto it = rooms_.find(id);
    if (it == rooms_.end()) return;
    const RoomRecord record = std::move(it->second);
    rooms_.erase(it);
    for (const TransportId transport : record.transports) transports_.erase(transport);
    for (const TrackId track : record.tracks) tracks_.erase(track);
    for (const SubscriptionId subscription : record.subscriptions) {
      subscriptions_.erase(subscription);
    }
    loads_[record.worker].transports -= record.transports.size();
    --loads_[record.worker].rooms;
    if (!record.refused) (void)workers_[record.worker]->send(command::CloseRoom{id});
  }

  void create_transport(const TransportParameters& parameters) override {
    if (!add_transport(parameters.id, parameters.room, parameters.candidates)) return;
    send(parameters.id, command::CreateTransport{parameters});
  }
  void create_queue(const QueueParameters& parameters) override {
    if (!add_transport(parameters.id, parameters.room, {})) return;
    send(parameters.id, command::CreateQueue{parameters});
  }
  void set_candidate_policy(TransportId id, const CandidatePolicy& policy) override {
    const auto it = transports_.find(id);
    if (it != transports_.end()) it->second.candidates = policy;
  }
  void set_remote(TransportId id, const RemoteParameters& remote) override {
    send(id, command::SetRemote{id, remote});
  }
  void restart_ice(TransportId id, const rtc::IceCredentials& local) override {
    send(id, command::RestartIce{id, local});
  }
  void set_path_limits(TransportId id, const PathLimits& limits) override {
    send(id, command::SetPathLimits{id, limits});
  }
  void close_transport(TransportId id) override {
    send(id, command::CloseTransport{id});
    const auto it = transports_.find(id);
    if (it == transports_.end()) return;
    RoomRecord& room = rooms_.at(it->second.room);
    room.transports.erase(id);
    // What it carried is gone with it, and its room may stay for days.
    forget(room.tracks, tracks_, id);
    forget(room.subscriptions, subscriptions_, id);
    --loads_[room.worker].transports;
    transports_.erase(it);
  }

  void add_receive_track(const ReceiveTrackParameters& parameters) override {
    const auto it = transports_.find(parameters.transport);
    if (it == transports_.end()) return;
    const RoomId room = it->second.room;
    if (!send(parameters.transport, command::AddReceiveTrack{room, parameters})) return;
    rooms_.at(room).tracks.insert(parameters.id);
    tracks_[parameters.id] = {room, parameters.transport};
  }
  void set_receive_muted(TrackId id, bool muted) override {
    const Owner owner = owner_of(tracks_, id);
    send(owner, command::SetReceiveMuted{owner.room, id, muted});
  }
  void remove_receive_track(TrackId id) override {
    const Owner owner = take(tracks_, id);
    if (RoomRecord* record = find(owner.room)) record->tracks.erase(id);
    send(owner, command::RemoveReceiveTrack{owner.room, id});
  }

  void add_send_track(const SendTrackParameters& parameters, const LayerRequest& request) override {
    const auto it = transports_.find(parameters.transport);
    if (it == transports_.end()) return;
    const RoomId room = it->second.room;
    if (!send(parameters.transport, command::AddSendTrack{room, parameters, request})) return;
    rooms_.at(room).subscriptions.insert(parameters.id);
    subscriptions_[parameters.id] = {room, parameters.transport};
  }
  void set_layer_request(SubscriptionId id, const LayerRequest& request) override {
    const Owner owner = owner_of(subscriptions_, id);
    send(owner, command::SetLayerRequest{owner.room, id, request});
  }
  void set_send_source(SubscriptionId id, TrackId source) override {
    const Owner owner = owner_of(subscriptions_, id);
    send(owner, command::SetSendSource{owner.room, id, source});
  }
  bool tell_data(RoomId id, std::shared_ptr<const DataNote> note) override {
    const RoomRecord* room = find(id);
    if (room == nullptr || room->refused) return false;
    return workers_[room->worker]->send(command::TellData{id, std::move(note)});
  }
  void remove_send_track(SubscriptionId id) override {
    const Owner owner = take(subscriptions_, id);
    if (RoomRecord* record = find(owner.room)) record->subscriptions.erase(id);
    send(owner, command::RemoveSendTrack{owner.room, id});
  }

  bool adopt_stream(AdoptedStream stream) override;

 private:
  struct RoomRecord {
    size_t worker = 0;
    bool refused = false;  // the worker never heard of it
    std::unordered_set<TransportId> transports{};
    std::unordered_set<TrackId> tracks{};
    std::unordered_set<SubscriptionId> subscriptions{};
  };
  struct TransportRecord {
    RoomId room;
    CandidatePolicy candidates;
    bool failed = false;  // closed on the worker, and told so
  };
  struct Owner {
    RoomId room;
    TransportId transport;
  };

  template <class Id>
  static void forget(std::unordered_set<Id>& of_room, std::unordered_map<Id, Owner>& owners,
                     TransportId transport) {
    std::erase_if(of_room, [&](const Id id) {
      const auto owner = owners.find(id);
      if (owner == owners.end() || owner->second.transport != transport) return false;
      owners.erase(owner);
      return true;
    });
  }
  struct Load {
    size_t transports = 0;
    size_t rooms = 0;
    auto operator<=>(const Load&) const = default;
  };
  /// Who is told of what happened here, as long as there is an engine.
  struct Listener {
    explicit Listener(EngineEvents* events_in) : events(events_in) {}
    EngineEvents* events;
  };

  RoomRecord* find(RoomId id) {
    const auto it = rooms_.find(id);
    return it == rooms_.end() ? nullptr : &it->second;
  }
  template <class Id>
  static Owner owner_of(const std::unordered_map<Id, Owner>& map, Id id) {
    const auto it = map.find(id);
    return it == map.end() ? Owner() : it->second;
  }
  template <class Id>
  static Owner take(std::unordered_map<Id, Owner>& map, Id id) {
    const Owner owner = owner_of(map, id);
    map.erase(id);
    return owner;
  }

  bool add_transport(TransportId id, RoomId room_id, const CandidatePolicy& candidates) {
    RoomRecord* room = find(room_id);
    if (room == nullptr ||
        !transports_.try_emplace(id, TransportRecord{room_id, candidates}).second)
      return false;
    room->transports.insert(id);
    ++loads_[room->worker].transports;
    return true;
  }

  /// What names something that is gone goes nowhere: its room may just have been closed. False: it
  /// did not get there, and the transport it was for has failed.
  bool send(TransportId id, Command command) {
    const auto it = transports_.find(id);
    if (it == transports_.end() || it->second.failed) return false;
    const RoomRecord& room = rooms_.at(it->second.room);
    if (!room.refused && workers_[room.worker]->send(std::move(command))) return true;
    fail(id, it->second);
    return false;
  }
  /// The transport that the command was for may be gone already, its tracks may not.
  void send(const Owner& owner, Command command) {
    if (transports_.contains(owner.transport)) {
      send(owner.transport, std::move(command));
    } else if (const RoomRecord* room = find(owner.room)) {
      (void)workers_[room->worker]->send(std::move(command));
    }
  }

  bool hand_to(size_t worker, AdoptedStream stream) {
    return workers_[worker]->send(command::AdoptStream{std::move(stream)});
  }

  void fail(TransportId id, TransportRecord& record) {
    record.failed = true;
    const RoomRecord& room = rooms_.at(record.room);
    if (!room.refused) (void)workers_[room.worker]->send(command::CloseTransport{id});
    metrics::counter("turms_media_overflowed_transports_total",
                     "Transports that failed because the mailbox of their worker was full.")
        .add();
    post_([listener = std::weak_ptr(listener_), id] {
      if (const auto alive = listener.lock()) {
        alive->events->on_transport_failed(id, "mailbox_full");
      }
    });
  }

  std::unique_ptr<rtc::dtls::Context> dtls_;  // outlives the workers
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Load> loads_;
  std::vector<std::string> advertised_;
  std::vector<uint16_t> tcp_ports_;
  CandidatePolicy allowed_;
  std::optional<rtc::turn::Secret> turn_secret_;
  std::atomic<uint32_t> next_turn_worker_{0};
  Post post_;
  std::shared_ptr<Listener> listener_;
  std::unordered_map<RoomId, RoomRecord> rooms_;
  std::unordered_map<TransportId, TransportRecord> transports_;
  std::unordered_map<TrackId, Owner> tracks_;
  std::unordered_map<SubscriptionId, Owner> subscriptions_;
};

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

/// Where the workers listen, and what clients are told of it.
struct Listening {
  net::Address address;
  net::UdpOptions options;
  std::vector<std::string> advertised;
};

Result<Listening> listening(const EngineConfig& config) {
  const Result<net::Address> bind = net::Address::parse(config.bind_address, 0);
  if (!bind) return std::unexpected(bind.error());
  if (!config.advertised_addresses.empty()) {
    for (const std::string& text : config.advertised_addresses) {
      const Result<net::Address> told = net::Address::parse(text, 0);
      if (!told) return std::unexpected(told.error());
      const bool reaches = bind->is_v4() ? told->is_v4() : !told->is_v4() || bind->is_unspecified();
      if (!reaches) {
        return turms::fail(ErrorCode::kInvalidArgument,
                           text + " is not of the family of " + config.bind_address);
      }
    }
    return Listening{*bind, {}, config.advertised_addresses};
  }
  if (bind->is_unspecified()) {
    std::vector<std::string> all =
        addresses_to_advertise(*bind,
                               {net::machine_addresses(), net::default_route_source(true),
                                net::default_route_source(false)},
                               config.filter);
    if (all.empty()) all.push_back(net::machine_address(bind->is_v4()).ip());
    if (!config.external_address.empty() &&
        std::ranges::find(all, config.external_address) == all.end()) {
      all.insert(all.begin(), config.external_address);
    }
    return Listening{*bind, {}, std::move(all)};
  }
  const net::Address machine = net::machine_address(bind->is_v4());
  if (!bind->is_loopback() || machine.is_loopback()) return Listening{*bind, {}, {bind->ip()}};
  // What this machine sends to any of its own addresses goes over the loopback device.
  const net::Address any = bind->is_v4() ? net::Address() : *net::Address::parse("::", 0);
  return Listening{any, {.this_machine_only = true}, {bind->ip(), machine.ip()}};
}

}  // namespace

Result<std::unique_ptr<Engine>> start_engine(const EngineConfig& config, Engine::Post post,
                                             EngineEvents& events) {
  Result<Listening> listen = listening(config);
  if (!listen) return std::unexpected(listen.error());
  if (config.workers < 1 || static_cast<size_t>(config.workers) > kWorkerNames.size()) {
    return turms::fail(ErrorCode::kInvalidArgument, "1 to 64 media workers");
  }
  auto dtls = std::make_unique<rtc::dtls::Context>();
  std::optional<rtc::turn::Secret> turn_secret;
  if (config.turn.enabled) secure_random(turn_secret.emplace());
  const auto nth_port = [](uint16_t first, int i) {
    return first == 0 ? 0 : static_cast<int>(first) + i;
  };
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < config.workers; ++i) {
    WorkerConfig worker{.index = static_cast<uint32_t>(i),
                        .udp = listen->options,
                        .advertised = listen->advertised};
    const int port = nth_port(config.first_udp_port, i);
    const int turn_port = nth_port(config.turn.first_udp_port.value_or(0), i);
    if (std::max(port, turn_port) > UINT16_MAX) {
      return turms::fail(ErrorCode::kInvalidArgument, "UDP ports beyond 65535");
    }
    worker.address = listen->address.with_port(static_cast<uint16_t>(port));
    if (turn_secret) {
      worker.turn =
          rtc::turn::ServerConfig{.realm = config.turn.realm,
                                  .secret = *turn_secret,
                                  .max_allocations_per_user = config.turn.max_allocations_per_user};
      if (config.turn.first_udp_port) {
        worker.turn_address = listen->address.with_port(static_cast<uint16_t>(turn_port));
      }
    }
    auto bound = Worker::bind(std::move(worker), *dtls);
    if (!bound) return std::unexpected(bound.error());
    workers.push_back(std::move(*bound));
  }
  auto engine = std::make_unique<EngineImpl>(std::move(workers), std::move(dtls), config,
                                             std::move(listen->advertised), turn_secret);
  engine->start(post, events, config.make_data_router);
  return engine;
}

}  // namespace turms::media
