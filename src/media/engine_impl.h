#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "media/engine.h"
#include "media/placement.h"
#include "media/worker.h"
#include "rtc/turn/credentials.h"

namespace turms::media {

/// The control thread's side: which worker has what.
///
/// A room has a part on each worker that has members of it; the first is where it began. A track is
/// known to all parts, as itself where its publisher is and as a replica elsewhere, so that
/// subscriptions can be made on any of them.
class EngineImpl final : public Engine {
 public:
  static constexpr size_t kMaxWorkers = 64;  // their names

  EngineImpl(std::vector<std::unique_ptr<Worker>> workers, std::unique_ptr<rtc::dtls::Context> dtls,
             const EngineConfig& config, std::vector<std::string> advertised,
             const std::optional<rtc::turn::Secret>& turn_secret);
  ~EngineImpl() override;

  void start(const Post& post, EngineEvents& events, const MakeDataRouter& make_data_router);

  rtc::DtlsFingerprint fingerprint() const override { return dtls_->fingerprint(); }
  std::string ufrag_prefix(RoomId id, MemberId member) override;
  std::vector<LocalCandidate> candidates(TransportId id) const override;
  std::optional<TurnAccess> turn_access(RoomId id, MemberId member, std::string_view user,
                                        Duration lifetime) override;
  std::vector<uint16_t> udp_ports() const override;
  std::vector<double> worker_loads() const override;
  uint64_t packets() const override;
  void leave_out_layers(size_t worker, int layers) override;

  void create_room(RoomId id, const RoomSettings& settings) override;
  void close_room(RoomId id) override;
  void release_member(RoomId id, MemberId member) override;

  void create_transport(const TransportParameters& parameters) override;
  void create_queue(const QueueParameters& parameters) override;
  void set_candidate_policy(TransportId id, const CandidatePolicy& policy) override;
  void set_remote(TransportId id, const RemoteParameters& remote) override;
  void restart_ice(TransportId id, const rtc::IceCredentials& local) override;
  void set_path_limits(TransportId id, const PathLimits& limits) override;
  void close_transport(TransportId id) override;

  void add_receive_track(const ReceiveTrackParameters& parameters) override;
  void set_receive_muted(TrackId id, bool muted) override;
  void remove_receive_track(TrackId id) override;
  void add_send_track(const SendTrackParameters& parameters, const LayerRequest& request) override;
  void set_layer_request(SubscriptionId id, const LayerRequest& request) override;
  void set_send_source(SubscriptionId id, TrackId source) override;
  void remove_send_track(SubscriptionId id) override;
  void request_key_frame(SubscriptionId id) override;

  SnapshotTicket request_snapshot(RoomId id, std::vector<TransportId> transports) override;
  bool tell_data(RoomId id, std::shared_ptr<const DataNote> note) override;
  bool tell_member_data(RoomId id, MemberId member, std::shared_ptr<const DataNote> note) override;
  bool adopt_stream(AdoptedStream stream) override;

 private:
  struct RoomRecord {
    RoomSettings settings;
    bool refused = false;  // the first worker never heard of it
    std::vector<Placement::Part> parts{};
    std::unordered_map<MemberId, size_t> members{};  // which worker has it
    std::unordered_set<TransportId> transports{};
    /// With parameters only where another part may come to need them.
    std::unordered_map<TrackId, std::shared_ptr<const ReceiveTrackParameters>> tracks{};
    std::unordered_set<SubscriptionId> subscriptions{};
    /// Of a worker that could not be told of these tracks.
    std::map<size_t, std::vector<TrackId>> untold{};
  };
  struct TransportRecord {
    RoomId room;
    size_t worker = 0;
    CandidatePolicy candidates;
    bool failed = false;  // closed on the worker, and told so
  };
  /// Of a track or a subscription.
  struct Owner {
    RoomId room;
    TransportId transport;
    size_t worker = 0;
  };
  struct Count {
    size_t transports = 0;
    size_t rooms = 0;
  };
  /// Who is told of what happened here, as long as there is an engine.
  struct Listener {
    explicit Listener(EngineEvents* events_in) : events(events_in) {}
    EngineEvents* events;
  };

  RoomRecord* find(RoomId id);
  /// Where the member is, decided now if it was not. Nothing: there is no such room.
  std::optional<size_t> place(RoomId id, MemberId member);
  [[nodiscard]] std::vector<Placement::Worker> loads() const;
  /// False: a mailbox is full, and there is none.
  bool add_part(RoomId id, RoomRecord& room, size_t worker);
  const std::shared_ptr<PacketQueue>& ring(size_t from, size_t to);
  /// To all parts but that of `worker`: what closes something, which always gets in.
  template <class MakeCommand>
  void send_to_others(const RoomRecord& room, size_t worker, MakeCommand make) {
    for (const Placement::Part& part : room.parts) {
      if (part.worker != worker) (void)workers_[part.worker]->send(make());
    }
  }

  bool add_transport(TransportId id, RoomId room_id, MemberId member,
                     const CandidatePolicy& candidates);
  void forget_tracks(RoomRecord& room, TransportId transport);
  /// What names something that is gone goes nowhere: its room may just have been closed. False: it
  /// did not get there, and the transport it was for has failed.
  bool send(TransportId id, Command command);
  /// The transport that the command was for may be gone already, its tracks may not.
  void send(const Owner& owner, Command command);
  bool hand_to(size_t worker, AdoptedStream stream);
  void fail(TransportId id, TransportRecord& record);
  void fail_part(const RoomRecord& room, size_t worker);
  /// Tells a worker of what it could not be told of before. False: it still cannot.
  bool catch_up(RoomId id, RoomRecord& room, size_t worker);

  std::unique_ptr<rtc::dtls::Context> dtls_;  // outlives the workers
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Count> counts_;
  const bool spreads_;  // a room may be on several workers
  Placement placement_;
  /// From worker i to worker j at i × workers + j; made when they first share a room.
  std::vector<std::shared_ptr<PacketQueue>> rings_;
  std::vector<std::string> advertised_;
  std::vector<uint16_t> tcp_ports_;
  CandidatePolicy allowed_;
  std::optional<rtc::turn::Secret> turn_secret_;
  std::atomic<uint32_t> next_turn_worker_{0};
  Post post_;
  std::shared_ptr<Listener> listener_;
  uint64_t last_ticket_ = 0;
  std::unordered_map<RoomId, RoomRecord> rooms_;
  std::unordered_map<TransportId, TransportRecord> transports_;
  std::unordered_map<TrackId, Owner> tracks_;
  std::unordered_map<SubscriptionId, Owner> subscriptions_;
};

}  // namespace turms::media
