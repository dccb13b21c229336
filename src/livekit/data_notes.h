#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/shared_bytes.h"
#include "base/time.h"
#include "livekit/types.h"
#include "media/data_router.h"

/// What a room and its data router tell each other: plain values, from thread to thread.
namespace turms::livekit {

/// A member of the room as far as its data goes. Told again when something of it changes.
struct DataMember {
  ParticipantKey key;
  std::string identity;
  std::string sid;
  /// Where its messages come from and where messages for it go; 0: not open yet. The same where it
  /// has one peer connection.
  media::TransportId publisher;
  media::TransportId subscriber;
  bool may_publish = false;
  bool may_see_metrics = false;
  bool hidden = false;
  bool agent = false;
  /// Without a signalling connection (WHIP): knows no DataPacket. It is sent the payloads of user
  /// messages, on the first channel that it opened with a label of its own.
  bool raw = false;
  /// Sequence of the last reliable message that came from it: written by the router, read when it
  /// resumes, which must be answered at once.
  std::shared_ptr<std::atomic<uint32_t>> last_sequence;
  bool operator==(const DataMember&) const = default;
};
struct DataMemberGone {
  ParticipantKey key;
};

/// What a client that has resumed says it received last, by sid of the publisher.
struct DataReceived {
  ParticipantKey key;
  std::vector<std::pair<std::string, uint32_t>> last_sequences;
};

/// A message of the server's own.
struct ServerData {
  bool reliable = true;
  std::string packet;                               // serialized DataPacket
  std::vector<std::string> destination_identities;  // both empty: everyone
  std::vector<std::string> destination_sids;
  std::string nonce;  // not empty: only once
};
/// A call by the server; its acknowledgement and its answer are reported, not routed.
struct ServerCall {
  std::string id;
  ParticipantKey to;
  std::string packet;
};
struct ServerCallOver {
  std::string id;
};

/// Who receives the frames of a data track, in place of all said before. None: it is gone.
struct DataTrackRoute {
  ParticipantKey publisher;
  uint16_t pub_handle = 0;
  struct Subscriber {
    ParticipantKey key;
    uint16_t handle = 0;
    uint32_t target_fps = 0;  // 0: every frame
  };
  std::vector<Subscriber> subscribers;
};

// ---- what the routers of one room tell each other, each on a worker of its own

/// A packet on its way, as its receivers get it.
struct RoutedPacket {
  bool reliable = true;
  bool metrics = false;  // for those who may see them, the sender too
  std::string sender_sid;
  uint32_t sequence = 0;                // of the sender's reliable ones; 0: it does not count them
  std::vector<std::string> identities;  // both empty: everyone
  std::vector<std::string> sids;
  std::string nonce;  // of a user message
  SharedBytes packet;
};

struct HandedPacket {
  std::shared_ptr<const RoutedPacket> packet;
  std::shared_ptr<const void> router;  // that it comes from
  /// Counts its reliable packets, from 1 on: one that did not get here shows.
  uint64_t number = 0;
  bool gap = false;  // one of those before may not have
};

struct HandedFrame {
  ParticipantKey publisher;
  SharedBytes frame;
};

struct DataCommand : media::DataNote {
  std::variant<DataMember, DataMemberGone, DataReceived, ServerData, ServerCall, ServerCallOver,
               DataTrackRoute, HandedPacket, HandedFrame>
      value;
};

// ---- what the router reports

struct ServerCallAcknowledged {
  std::string id;
};
struct ServerCallAnswered {
  std::string id;
  std::string payload;
  std::optional<uint32_t> error_code;
  std::string error_message;
  std::string error_data;
};
/// More than a reliable channel holds waits for this member: its channel was closed.
struct DataReceiverSlow {
  ParticipantKey key;
};

/// What a member wishes to receive (receive_profile.h), as it said it.
struct ReceiveProfileSaid {
  ParticipantKey key;
  std::string payload;
};

struct DataReport : media::DataNote {
  std::variant<ServerCallAcknowledged, ServerCallAnswered, DataReceiverSlow, ReceiveProfileSaid>
      value;
};

}  // namespace turms::livekit
