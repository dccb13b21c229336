#include "sim/meeting/meeting_server.h"

#include <fmt/format.h>

#include <utility>

#include "livekit/signal_codec.h"

namespace turms::sim {

using livekit::ParticipantKey;
using livekit::RoomEvent;

namespace {
constexpr int64_t kWallAtZero = 1'700'000'000'000;
}  // namespace

MeetingServer::MeetingServer(Simulation& simulation, SimEngine::SendDatagram send,
                             livekit::RoomParameters parameters)
    : simulation_(simulation),
      parameters_(std::move(parameters)),
      engine_(simulation, std::move(send)) {
  engine_.set_events(this);
}

MeetingServer::~MeetingServer() {
  engine_.set_events(nullptr);
}

livekit::Now MeetingServer::now() const {
  return {simulation_.now(), {kWallAtZero + to_ms(simulation_.now().time_since_epoch())}};
}

void MeetingServer::open_room() {
  if (room() != nullptr) return;
  if (room_ != nullptr) settle();
  last_room_ = livekit::Room::id_after(last_room_);
  livekit::RoomParameters parameters = parameters_;
  parameters.id = last_room_;
  room_ = std::make_unique<livekit::Room>(
      std::move(parameters), now(), engine_,
      livekit::RoomSecrets{
          [](const livekit::Grants& grants, WallTime) { return "token of " + grants.identity; },
          [this](size_t length) { return simulation_.rng().token(length); }});
  touched();
}

void MeetingServer::accept(std::shared_ptr<SignalPipe> pipe, const ConnectRequest& request) {
  if (!pipe->open(SignalPipe::kServer)) return;  // it hung up meanwhile
  if (request.reconnect) {
    livekit::Room* there = room();
    const auto ended = there == nullptr ? std::nullopt : there->ended(request.sid);
    const auto key = there == nullptr || ended
                         ? fail(ErrorCode::kNotFound, "")
                         : there->resume(now(), request.identity, request.single_connection);
    if (!key) {
      const livekit::server::Leave leave{livekit::DisconnectReason::kStateMismatch,
                                         livekit::server::LeaveAction::kReconnect};
      pipe->send(SignalPipe::kServer,
                 encode_server_message(livekit::Encoding::kProtobuf, ended.value_or(leave)));
      return pipe->close(SignalPipe::kServer);
    }
    attach(*key, std::move(pipe));
    return touched();
  }
  open_room();
  livekit::JoinParameters join;
  join.grants.api_key = "devkey";
  join.grants.identity = request.identity;
  join.grants.video.emplace();
  join.grants.video->room_join = true;
  join.grants.video->room = parameters_.name;
  join.grants.video->set_permission(request.permission);
  join.auto_subscribe = request.auto_subscribe;
  join.single_connection = request.single_connection;
  const auto key = room_->join(now(), std::move(join));
  touched();
  if (!key) {
    faults_.push_back("a join was refused: " + key.error().message);
    return pipe->close(SignalPipe::kServer);
  }
  attach(*key, std::move(pipe));
  if (request.offer) {
    room_->on_message(now(), *key, livekit::client::Description{*request.offer});
  }
}

void MeetingServer::attach(ParticipantKey key, std::shared_ptr<SignalPipe> pipe) {
  pipe->attach(SignalPipe::kServer,
               {[this, key](const std::string& text) { on_message(key, text); },
                [this, key, raw = pipe.get()] { on_close(key, raw); }});
  auto& connection = connections_[key];
  if (connection != nullptr) connection->close(SignalPipe::kServer);
  connection = std::move(pipe);
}

void MeetingServer::on_message(ParticipantKey key, const std::string& text) {
  const auto message = decode_client_message(livekit::Encoding::kProtobuf, as_bytes(text));
  if (!message) {
    faults_.push_back("a request cannot be read: " + message.error().message);
    return;
  }
  if (livekit::Room* there = room()) {
    there->on_message(now(), key, *message);
    touched();
  }
}

void MeetingServer::on_close(ParticipantKey key, const SignalPipe* pipe) {
  const auto it = connections_.find(key);
  if (it == connections_.end() || it->second.get() != pipe) return;
  connections_.erase(it);
  if (livekit::Room* there = room()) {
    there->on_signal_closed(now(), key);
    touched();
  }
}

void MeetingServer::touched() {
  if (std::exchange(touched_, true)) return;
  simulation_.after(Duration{}, [this] { settle(); });
}

void MeetingServer::settle() {
  touched_ = false;
  if (room_ == nullptr) return;
  for (livekit::RoomOutput& output : room_->take_outputs(now())) carry_out(output);
  if (room_->closed()) {
    room_.reset();
  } else {
    arm();
  }
}

void MeetingServer::arm() {
  const TimePoint next = room_->next_timeout();
  if (next == armed_) return;
  armed_ = next;
  if (next == kNever) return;
  simulation_.at(next, [this, next] {
    if (armed_ != next) return;
    armed_ = kNever;
    if (livekit::Room* there = room()) {
      there->on_timer(now());
      touched();
    }
  });
}

void MeetingServer::carry_out(livekit::RoomOutput& output) {
  if (const auto* message = std::get_if<livekit::SendMessage>(&output)) {
    deliver(*message);
  } else if (const auto* close = std::get_if<livekit::CloseSignal>(&output)) {
    const auto node = connections_.extract(close->participant);
    if (!node.empty()) node.mapped()->close(SignalPipe::kServer);
  } else if (const auto* event = std::get_if<livekit::Notify>(&output)) {
    notify(*event);
  }
}

void MeetingServer::deliver(const livekit::SendMessage& output) {
  const std::string text = encode_server_message(livekit::Encoding::kProtobuf, output.message);
  for (const ParticipantKey key : output.to) {
    const auto it = connections_.find(key);
    if (it != connections_.end()) it->second->send(SignalPipe::kServer, text);
  }
}

void MeetingServer::notify(const livekit::Notify& event) {
  const auto count = [&](const std::string& what, int step) {
    int& balance = balance_[what];
    balance += step;
    if (balance < 0 || balance > 1) {
      faults_.push_back(fmt::format("webhooks of {} are not in pairs", what));
    }
  };
  switch (event.event) {
    case RoomEvent::kRoomStarted:
      return count("room " + event.room.sid, 1);
    case RoomEvent::kRoomFinished:
      return count("room " + event.room.sid, -1);
    case RoomEvent::kParticipantJoined:
      return count("participant " + event.participant->sid, 1);
    case RoomEvent::kParticipantLeft:
      return count("participant " + event.participant->sid, -1);
    case RoomEvent::kTrackPublished:
      return count("track " + event.track->sid, 1);
    case RoomEvent::kTrackUnpublished:
      return count("track " + event.track->sid, -1);
    default:
      return;
  }
}

// ---- engine events

livekit::Room* MeetingServer::room_of(media::TransportId id) {
  livekit::Room* there = room();
  return there != nullptr && livekit::Room::room_of(id) == there->id() ? there : nullptr;
}

void MeetingServer::on_transport_connected(media::TransportId id) {
  if (livekit::Room* there = room_of(id)) {
    there->on_transport_connected(now(), id);
    touched();
  }
}

void MeetingServer::on_transport_failed(media::TransportId id, std::string) {
  if (livekit::Room* there = room_of(id)) {
    there->on_transport_failed(now(), id);
    touched();
  }
}

void MeetingServer::on_transport_closed(media::TransportId id) {
  if (livekit::Room* there = room_of(id)) {
    there->on_transport_closed(now(), id);
    touched();
  }
}

void MeetingServer::on_speakers(media::RoomId id, std::vector<media::Speaker> speakers) {
  if (room() == nullptr || room()->id() != id) return;
  room()->on_speakers(now(), speakers);
  touched();
}

void MeetingServer::on_statistics(media::RoomId id, std::vector<media::TrackStatistics> tracks,
                                  std::vector<media::SubscriptionStatistics> subscriptions) {
  if (room() == nullptr || room()->id() != id) return;
  room()->on_statistics(now(), tracks, subscriptions);
  touched();
}

}  // namespace turms::sim
