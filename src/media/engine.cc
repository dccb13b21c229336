#include "media/engine.h"

#include <unordered_map>
#include <unordered_set>

#include "media/worker.h"
#include "net/interfaces.h"

namespace turms::media {

namespace {

/// The control thread's side: which worker has what.
class EngineImpl final : public Engine {
 public:
  EngineImpl(std::vector<std::unique_ptr<Worker>> workers, std::unique_ptr<rtc::dtls::Context> dtls,
             std::vector<std::string> advertised)
      : dtls_(std::move(dtls)),
        workers_(std::move(workers)),
        loads_(workers_.size()),
        advertised_(std::move(advertised)) {}

  ~EngineImpl() override {
    for (const auto& worker : workers_) worker->stop();
  }

  void start(const Post& post, EngineEvents& events) {
    for (size_t i = 0; i < workers_.size(); ++i) {
      workers_[i]->start(static_cast<int>(i), post, events);
    }
  }

  rtc::DtlsFingerprint fingerprint() const override { return dtls_->fingerprint(); }

  Endpoint endpoint(RoomId id) const override {
    const auto it = rooms_.find(id);
    if (it == rooms_.end()) return {};
    return {advertised_, workers_[it->second.worker]->local().port()};
  }

  std::vector<uint16_t> udp_ports() const override {
    std::vector<uint16_t> ports;
    for (const auto& worker : workers_) ports.push_back(worker->local().port());
    return ports;
  }

  void create_room(RoomId id) override {
    size_t least = 0;
    for (size_t i = 1; i < loads_.size(); ++i) {
      if (loads_[i] < loads_[least]) least = i;
    }
    if (!rooms_.try_emplace(id, RoomRecord{.worker = least}).second) return;
    ++loads_[least].rooms;
    workers_[least]->send(command::CreateRoom{id});
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
    workers_[record.worker]->send(command::CloseRoom{id});
  }

  void create_transport(const TransportParameters& parameters) override {
    RoomRecord* room = find(parameters.room);
    if (room == nullptr || !transports_.try_emplace(parameters.id, parameters.room).second) return;
    room->transports.insert(parameters.id);
    ++loads_[room->worker].transports;
    send(parameters.room, command::CreateTransport{parameters});
  }
  void set_remote(TransportId id, const RemoteParameters& remote) override {
    send(room_of(transports_, id), command::SetRemote{id, remote});
  }
  void restart_ice(TransportId id, const rtc::IceCredentials& local) override {
    send(room_of(transports_, id), command::RestartIce{id, local});
  }
  void close_transport(TransportId id) override {
    const RoomId room = take(transports_, id);
    if (RoomRecord* record = find(room)) {
      record->transports.erase(id);
      --loads_[record->worker].transports;
    }
    send(room, command::CloseTransport{id});
  }

  void add_receive_track(const ReceiveTrackParameters& parameters) override {
    const RoomId room = room_of(transports_, parameters.transport);
    if (RoomRecord* record = find(room)) {
      record->tracks.insert(parameters.id);
      tracks_[parameters.id] = room;
    }
    send(room, command::AddReceiveTrack{room, parameters});
  }
  void set_receive_muted(TrackId id, bool muted) override {
    const RoomId room = room_of(tracks_, id);
    send(room, command::SetReceiveMuted{room, id, muted});
  }
  void remove_receive_track(TrackId id) override {
    const RoomId room = take(tracks_, id);
    if (RoomRecord* record = find(room)) record->tracks.erase(id);
    send(room, command::RemoveReceiveTrack{room, id});
  }

  void add_send_track(const SendTrackParameters& parameters, const LayerRequest& request) override {
    const RoomId room = room_of(transports_, parameters.transport);
    if (RoomRecord* record = find(room)) {
      record->subscriptions.insert(parameters.id);
      subscriptions_[parameters.id] = room;
    }
    send(room, command::AddSendTrack{room, parameters, request});
  }
  void set_layer_request(SubscriptionId id, const LayerRequest& request) override {
    const RoomId room = room_of(subscriptions_, id);
    send(room, command::SetLayerRequest{room, id, request});
  }
  void remove_send_track(SubscriptionId id) override {
    const RoomId room = take(subscriptions_, id);
    if (RoomRecord* record = find(room)) record->subscriptions.erase(id);
    send(room, command::RemoveSendTrack{room, id});
  }

 private:
  struct RoomRecord {
    size_t worker = 0;
    std::unordered_set<TransportId> transports{};
    std::unordered_set<TrackId> tracks{};
    std::unordered_set<SubscriptionId> subscriptions{};
  };
  struct Load {
    size_t transports = 0;
    size_t rooms = 0;
    auto operator<=>(const Load&) const = default;
  };

  RoomRecord* find(RoomId id) {
    const auto it = rooms_.find(id);
    return it == rooms_.end() ? nullptr : &it->second;
  }
  template <class Id>
  static RoomId room_of(const std::unordered_map<Id, RoomId>& map, Id id) {
    const auto it = map.find(id);
    return it == map.end() ? RoomId() : it->second;
  }
  template <class Id>
  static RoomId take(std::unordered_map<Id, RoomId>& map, Id id) {
    const RoomId room = room_of(map, id);
    map.erase(id);
    return room;
  }
  /// What names something that is gone goes nowhere: its room may just have been closed.
  void send(RoomId room, Command command) {
    if (const RoomRecord* record = find(room)) workers_[record->worker]->send(std::move(command));
  }

  std::unique_ptr<rtc::dtls::Context> dtls_;  // outlives the workers
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Load> loads_;
  std::vector<std::string> advertised_;
  std::unordered_map<RoomId, RoomRecord> rooms_;
  std::unordered_map<TransportId, RoomId> transports_;
  std::unordered_map<TrackId, RoomId> tracks_;
  std::unordered_map<SubscriptionId, RoomId> subscriptions_;
};

/// Where the workers listen, and what clients are told of it.
struct Listening {
  net::Address address;
  net::UdpOptions options;
  std::vector<std::string> advertised;
};

Result<Listening> listening(const EngineConfig& config) {
  const Result<net::Address> bind = net::Address::parse(config.bind_address, 0);
  if (!bind) return std::unexpected(bind.error());
  const std::string& told = config.advertised_address;
  if (!told.empty()) return Listening{*bind, {}, {told}};
  const net::Address machine = net::machine_address(bind->is_v4());
  if (bind->is_unspecified()) return Listening{*bind, {}, {machine.ip()}};
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
  auto dtls = std::make_unique<rtc::dtls::Context>();
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < config.workers; ++i) {
    const int port = config.first_udp_port == 0 ? 0 : config.first_udp_port + i;
    if (port > UINT16_MAX) return fail(ErrorCode::kInvalidArgument, "UDP ports beyond 65535");
    auto worker = Worker::bind(listen->address.with_port(static_cast<uint16_t>(port)),
                               listen->options, *dtls);
    if (!worker) return std::unexpected(worker.error());
    workers.push_back(std::move(*worker));
  }
  if (workers.empty()) return fail(ErrorCode::kInvalidArgument, "no media worker");
  auto engine = std::make_unique<EngineImpl>(std::move(workers), std::move(dtls),
                                             std::move(listen->advertised));
  engine->start(post, events);
  return engine;
}

}  // namespace turms::media
