#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "livekit/room.h"
#include "media/engine.h"
#include "rtc/sdp/description.h"
#include "rtc/sdp/negotiate.h"

/// For this module's tests: an engine that only writes down what it was told, and the client's half
/// of the negotiation.
namespace turms::livekit::testing {

class RecordingEngine : public media::Engine {
 public:
  std::vector<std::shared_ptr<const media::DataNote>> notes;
  bool takes_notes = true;
  std::vector<double> loads{0};
  std::map<size_t, int> left_out;  // by worker
  struct Transport {
    media::TransportParameters parameters;
    std::optional<media::RemoteParameters> remote;
    int restarts = 0;
  };

  [[nodiscard]] rtc::DtlsFingerprint fingerprint() const override { return {}; }
  [[nodiscard]] std::string ufrag_prefix(media::RoomId, media::MemberId) override { return "A"; }
  [[nodiscard]] std::vector<media::LocalCandidate> candidates(media::TransportId) const override {
    return {{rtc::Protocol::kUdp, "127.0.0.1", 7882}, {rtc::Protocol::kUdp, "192.0.2.1", 7882}};
  }
  [[nodiscard]] std::optional<media::TurnAccess> turn_access(media::RoomId, media::MemberId,
                                                             std::string_view, Duration) override {
    return std::nullopt;
  }
  [[nodiscard]] std::vector<uint16_t> udp_ports() const override { return {7882}; }
  bool tell_data(media::RoomId, std::shared_ptr<const media::DataNote> note) override {
    if (takes_notes) notes.push_back(std::move(note));
    return takes_notes;
  }
  bool tell_member_data(media::RoomId room, media::MemberId,
                        std::shared_ptr<const media::DataNote> note) override {
    return tell_data(room, std::move(note));
  }
  void release_member(media::RoomId, media::MemberId member) override {
    released.push_back(member);
  }
  void create_room(media::RoomId, const media::RoomSettings& settings) override {
    ++rooms;
    room_settings = settings;
  }
  void close_room(media::RoomId) override { --rooms; }
  void create_transport(const media::TransportParameters& p) override {
    transports[p.id.value] = {p, std::nullopt, 0};
  }
  void create_queue(const media::QueueParameters& p) override { queues[p.id.value] = p.queue; }
  void set_candidate_policy(media::TransportId id, const media::CandidatePolicy& policy) override {
    transports.at(id.value).parameters.candidates = policy;
  }
  void set_remote(media::TransportId id, const media::RemoteParameters& remote) override {
    transports.at(id.value).remote = remote;
  }
  void restart_ice(media::TransportId id, const rtc::IceCredentials& local) override {
    transports.at(id.value).parameters.local_ice = local;
    ++transports.at(id.value).restarts;
  }
  void close_transport(media::TransportId id) override {
    transports.erase(id.value);
    queues.erase(id.value);
  }
  [[nodiscard]] std::vector<double> worker_loads() const override { return loads; }
  void leave_out_layers(size_t worker, int count) override { left_out[worker] = count; }
  void set_path_limits(media::TransportId id, const media::PathLimits& limits) override {
    path_limits[id.value] = limits;
  }
  void add_receive_track(const media::ReceiveTrackParameters& p) override {
    received[p.id.value] = p;
  }
  void set_receive_muted(media::TrackId id, bool value) override { muted[id.value] = value; }
  void remove_receive_track(media::TrackId id) override { received.erase(id.value); }
  void add_send_track(const media::SendTrackParameters& p,
                      const media::LayerRequest& request) override {
    sent[p.id.value] = p;
    layers[p.id.value] = request;
  }
  void set_layer_request(media::SubscriptionId id, const media::LayerRequest& request) override {
    layers[id.value] = request;
  }
  void set_send_source(media::SubscriptionId id, media::TrackId source) override {
    sent.at(id.value).source = source;
  }
  void remove_send_track(media::SubscriptionId id) override { sent.erase(id.value); }
  bool adopt_stream(media::AdoptedStream) override { return false; }
  media::SnapshotTicket request_snapshot(media::RoomId room,
                                         std::vector<media::TransportId> asked) override {
    snapshots.emplace_back(room, std::move(asked));
    return {snapshots.size(), snapshot_parts};
  }

  /// What was asked for; the ticket is the place, from 1 on.
  std::vector<std::pair<media::RoomId, std::vector<media::TransportId>>> snapshots;
  size_t snapshot_parts = 1;

  /// What sends this published track.
  [[nodiscard]] std::vector<media::SendTrackParameters> sends_of(media::TrackId source) const {
    std::vector<media::SendTrackParameters> out;
    for (const auto& [id, parameters] : sent) {
      if (parameters.source == source) out.push_back(parameters);
    }
    return out;
  }

  std::vector<media::MemberId> released;
  int rooms = 0;
  media::RoomSettings room_settings;
  std::map<uint64_t, Transport> transports;
  std::map<uint64_t, std::shared_ptr<media::PacketQueue>> queues;  // by transport
  std::map<uint64_t, media::ReceiveTrackParameters> received;
  std::map<uint64_t, bool> muted;
  std::map<uint64_t, media::SendTrackParameters> sent;
  std::map<uint64_t, media::LayerRequest> layers;
  std::map<uint64_t, media::PathLimits> path_limits;  // by transport
};

/// A track in a client's offer.
struct OfferedTrack {
  std::string mid;
  rtc::MediaKind kind = rtc::MediaKind::kAudio;
  std::string cid;
  std::vector<std::string> rids;
  bool sending = true;
  bool receiving = false;
};

/// What a browser would offer on its publisher connection, or on its only one.
std::string client_offer(const std::vector<OfferedTrack>& tracks,
                         const std::string& ufrag = "client");
/// What a browser would answer to the server's offer: one that cannot decode `unknown`, if that is
/// the name of a format.
std::string client_answer(const std::string& offer, const std::string& ufrag = "client",
                          std::string_view unknown = {});

}  // namespace turms::livekit::testing
