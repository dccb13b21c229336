#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "media/engine.h"
#include "rtc/dtls/context.h"
#include "rtc/peer.h"
#include "rtc/srtp/backend.h"
#include "sfu/room.h"
#include "sim/simulation.h"

namespace turms::sim {

/// What the media workers do, on virtual time: the same parameters and events, forwarding and peers
/// of the server, and no thread. Commands and events each take a moment to cross over, in order, so
/// that they pass each other as they do between two threads.
class SimEngine final : public media::Engine {
 public:
  using SendDatagram = std::function<void(const rtc::TransportAddress& to, Bytes)>;

  SimEngine(Simulation& simulation, SendDatagram send);
  ~SimEngine() override;

  void set_events(media::EngineEvents* events) { events_ = events; }
  void on_datagram(const rtc::TransportAddress& from, Bytes datagram);
  /// The one address of the server.
  static rtc::TransportAddress address() {
    return rtc::TransportAddress::ipv4(192, 0, 2, 2, kPort);
  }
  static rtc::DtlsFingerprint own_fingerprint();

  [[nodiscard]] rtc::DtlsFingerprint fingerprint() const override { return own_fingerprint(); }
  [[nodiscard]] std::string ufrag_prefix(media::RoomId, media::MemberId) override { return "S"; }
  [[nodiscard]] std::vector<media::LocalCandidate> candidates(media::TransportId) const override;
  [[nodiscard]] std::optional<media::TurnAccess> turn_access(media::RoomId, media::MemberId,
                                                             std::string_view, Duration) override {
    return std::nullopt;
  }
  [[nodiscard]] std::vector<uint16_t> udp_ports() const override { return {kPort}; }
  void create_room(media::RoomId, const sfu::RoomSettings&) override;
  void close_room(media::RoomId) override;
  void create_transport(const media::TransportParameters&) override;
  void set_remote(media::TransportId, const media::RemoteParameters&) override;
  void restart_ice(media::TransportId, const rtc::IceCredentials& local) override;
  void close_transport(media::TransportId) override;
  void set_candidate_policy(media::TransportId, const media::CandidatePolicy&) override;
  // Queues serve other readers than clients, and all streams end in the workers.
  void create_queue(const media::QueueParameters&) override { fault("a queue"); }
  bool adopt_stream(media::AdoptedStream) override { return false; }
  void add_receive_track(const media::ReceiveTrackParameters&) override;
  void set_receive_muted(media::TrackId, bool muted) override;
  void remove_receive_track(media::TrackId) override;
  void add_send_track(const media::SendTrackParameters&, const media::LayerRequest&) override;
  void set_layer_request(media::SubscriptionId, const media::LayerRequest&) override;
  void set_send_source(media::SubscriptionId, media::TrackId source) override;
  void remove_send_track(media::SubscriptionId) override;

  /// What the control side has not taken back.
  struct Held {
    size_t rooms = 0;
    size_t transports = 0;
    size_t tracks = 0;
    size_t subscriptions = 0;
    bool operator==(const Held&) const = default;
  };
  [[nodiscard]] Held held() const;
  /// Peers, addresses and credentials on the workers' side.
  [[nodiscard]] size_t members() const { return members_.size(); }
  [[nodiscard]] size_t addresses() const { return by_address_.size() + by_ufrag_.size(); }
  /// What was asked of something that never was, or twice.
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }

 private:
  static constexpr uint16_t kPort = 7882;
  struct Member;
  struct WorkerRoom;
  struct RoomRecord {
    std::set<uint64_t> transports;
    std::set<uint64_t> tracks;
    std::set<uint64_t> subscriptions;
  };

  RoomRecord* record_of(const std::map<uint64_t, uint64_t>& rooms, uint64_t id, const char* what);
  void fault(std::string what);
  /// On the workers' side, soon.
  void command(std::function<void()> apply);
  void tell(std::function<void(media::EngineEvents&)> event);

  void with_room(media::RoomId id, const std::function<void(sfu::Room&)>& function);
  Member* find(media::TransportId id);
  Member* find_by_ufrag(ByteView datagram);
  void settle(WorkerRoom& room);
  void settle(Member& member);
  void wake(Member& member);
  void handle(Member& member, const rtc::PeerEvent& event);
  void close(Member& member);

  Simulation& simulation_;
  SendDatagram send_;
  media::EngineEvents* events_ = nullptr;
  std::unique_ptr<rtc::srtp::Backend> srtp_ = rtc::srtp::Backend::create();
  rtc::PeerResources resources_;
  TimePoint last_command_;
  TimePoint last_event_;

  // The control side.
  std::map<uint64_t, RoomRecord> records_;
  std::map<uint64_t, uint64_t> room_of_transport_;
  std::map<uint64_t, uint64_t> room_of_track_;
  std::map<uint64_t, uint64_t> room_of_subscription_;
  std::map<uint64_t, uint64_t> transport_of_track_;
  std::map<uint64_t, uint64_t> transport_of_subscription_;
  std::vector<std::string> faults_;

  // The workers' side.
  std::map<uint64_t, std::unique_ptr<WorkerRoom>> rooms_;
  std::map<uint64_t, std::unique_ptr<Member>> members_;
  std::unordered_map<rtc::TransportAddress, Member*> by_address_;
  std::map<std::string, Member*, std::less<>> by_ufrag_;
  sfu::RoomEvents room_events_;
};

}  // namespace turms::sim
