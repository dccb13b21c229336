#pragma once

#include <variant>

#include "media/engine.h"

/// What crosses between the control thread and a worker: plain values.
namespace turms::media {

namespace command {
struct CreateRoom {
  RoomId room;
  RoomSettings settings;
};
struct CloseRoom {
  RoomId room;
};
/// Another worker has a part of the room too.
struct AddPart {
  RoomId room;
  uint32_t worker = 0;
  bool home = false;                  // the room began there
  std::shared_ptr<PacketQueue> to;    // that worker
  std::shared_ptr<PacketQueue> from;  // it
};
/// A track whose publisher is on another worker.
struct AddReplica {
  RoomId room;
  uint32_t worker = 0;
  std::shared_ptr<const ReceiveTrackParameters> parameters;
};
struct CreateTransport {
  TransportParameters parameters;
};
struct CreateQueue {
  QueueParameters parameters;
};
struct AdoptStream {
  AdoptedStream stream;
};
struct SetRemote {
  TransportId transport;
  RemoteParameters remote;
};
struct RestartIce {
  TransportId transport;
  rtc::IceCredentials local;
};
struct CloseTransport {
  TransportId transport;
};
struct AddReceiveTrack {
  RoomId room;
  ReceiveTrackParameters parameters;
};
struct SetReceiveMuted {
  RoomId room;
  TrackId track;
  bool muted = false;
};
struct RemoveReceiveTrack {
  RoomId room;
  TrackId track;
};
struct AddSendTrack {
  RoomId room;
  SendTrackParameters parameters;
  LayerRequest request;
};
struct SetLayerRequest {
  RoomId room;
  SubscriptionId subscription;
  LayerRequest request;
};
struct SetPathLimits {
  TransportId transport;
  PathLimits limits;
};
struct LeaveOutLayers {
  int layers = 0;
};
struct SetSendSource {
  RoomId room;
  SubscriptionId subscription;
  TrackId source;
};
struct RequestKeyFrame {
  RoomId room;
  SubscriptionId subscription;
};
struct RemoveSendTrack {
  RoomId room;
  SubscriptionId subscription;
};
struct TellData {
  RoomId room;
  std::shared_ptr<const DataNote> note;
};
struct TakeSnapshot {
  RoomId room;
  uint64_t ticket = 0;
  std::vector<TransportId> transports;  // empty: all
};
}  // namespace command

using Command =
    std::variant<command::CreateRoom, command::CloseRoom, command::AddPart, command::AddReplica,
                 command::CreateTransport, command::CreateQueue, command::AdoptStream,
                 command::SetRemote, command::RestartIce, command::CloseTransport,
                 command::AddReceiveTrack, command::SetReceiveMuted, command::RemoveReceiveTrack,
                 command::AddSendTrack, command::SetLayerRequest, command::SetPathLimits,
                 command::SetSendSource, command::RequestKeyFrame, command::RemoveSendTrack,
                 command::TellData, command::LeaveOutLayers, command::TakeSnapshot>;

/// Frees more than it costs, at most once for each thing there is: it gets into a full mailbox.
inline bool is_closing(const Command& command) {
  return std::holds_alternative<command::CloseRoom>(command) ||
         std::holds_alternative<command::CloseTransport>(command) ||
         std::holds_alternative<command::RemoveReceiveTrack>(command) ||
         std::holds_alternative<command::RemoveSendTrack>(command);
}

namespace event {
struct TransportConnected {
  TransportId transport;
};
struct TransportFailed {
  TransportId transport;
  std::string reason;
};
struct TransportClosed {
  TransportId transport;
};
struct LayerStarted {
  TrackId track;
  int spatial = 0;
};
struct LayerStopped {
  TrackId track;
  int spatial = 0;
};
struct Speakers {
  RoomId room;
  std::vector<Speaker> speakers;
};
struct Statistics {
  RoomId room;
  std::vector<TrackStatistics> tracks;
  std::vector<SubscriptionStatistics> subscriptions;
  std::vector<PathStatistics> paths;
};
struct Snapshot {
  uint64_t ticket = 0;
  RoomSnapshot snapshot;
};
struct StreamStates {
  RoomId room;
  std::vector<StreamState> states;
};
struct Data {
  RoomId room;
  std::shared_ptr<const DataNote> note;
};
}  // namespace event

using Event =
    std::variant<event::TransportConnected, event::TransportFailed, event::TransportClosed,
                 event::LayerStarted, event::LayerStopped, event::Speakers, event::Statistics,
                 event::Snapshot, event::StreamStates, event::Data>;

}  // namespace turms::media
