#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "livekit/room.h"
#include "sim/meeting/signal_pipe.h"
#include "sim/meeting/sim_engine.h"

namespace turms::sim {

/// What a client says when it connects; the token's part is `grants`.
struct ConnectRequest {
  std::string identity;
  livekit::Permission permission;
  bool auto_subscribe = true;
  bool single_connection = false;
  std::optional<livekit::SessionDescription> offer;  // within the join request
  bool reconnect = false;
  std::string sid;  // of a reconnect
};

/// The server of one meeting: livekit::Room with the simulator's engine, and between them and the
/// clients what the service does: connections, turns, timers. A closed room is followed by another
/// of the same name with the next join.
class MeetingServer final : public media::EngineEvents {
 public:
  MeetingServer(Simulation& simulation, SimEngine::SendDatagram send,
                livekit::RoomParameters parameters);
  ~MeetingServer() override;

  /// The upgrade has arrived. A refusal closes the connection without a message.
  void accept(std::shared_ptr<SignalPipe> pipe, const ConnectRequest& request);
  void on_datagram(const rtc::TransportAddress& from, Bytes datagram) {
    engine_.on_datagram(from, std::move(datagram));
  }

  /// For the server API; call touched() afterwards. Null when nobody is in.
  livekit::Room* room() { return room_ == nullptr || room_->closed() ? nullptr : room_.get(); }
  void touched();
  [[nodiscard]] livekit::Now now() const;

  [[nodiscard]] const SimEngine& engine() const { return engine_; }
  [[nodiscard]] size_t connections() const { return connections_.size(); }
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }
  /// Between joined and left, of all rooms so far.
  [[nodiscard]] const std::map<std::string, int>& webhook_balance() const { return balance_; }

  void on_transport_connected(media::TransportId) override;
  void on_transport_failed(media::TransportId, std::string reason) override;
  void on_transport_closed(media::TransportId) override;
  void on_layer_started(media::TrackId, int) override {}
  void on_speakers(media::RoomId, std::vector<media::Speaker>) override;
  void on_statistics(media::RoomId, std::vector<media::TrackStatistics>,
                     std::vector<media::SubscriptionStatistics>) override;

 private:
  void open_room();
  livekit::Room* room_of(media::TransportId id);
  void attach(livekit::ParticipantKey key, std::shared_ptr<SignalPipe> pipe);
  void on_message(livekit::ParticipantKey key, const std::string& text);
  void on_close(livekit::ParticipantKey key, const SignalPipe* pipe);
  void settle();
  void carry_out(livekit::RoomOutput& output);
  void deliver(const livekit::SendMessage& output);
  void notify(const livekit::Notify& event);
  void arm();

  Simulation& simulation_;
  livekit::RoomParameters parameters_;
  SimEngine engine_;
  std::unique_ptr<livekit::Room> room_;
  media::RoomId last_room_;
  bool touched_ = false;
  TimePoint armed_ = kNever;
  std::map<livekit::ParticipantKey, std::shared_ptr<SignalPipe>> connections_;
  std::vector<std::string> faults_;
  std::map<std::string, int> balance_;
};

}  // namespace turms::sim
