#include "livekit/peer_connections.h"

#include <utility>

#include "base/check.h"

namespace turms::livekit {

PeerConnections::PeerConnections(media::Engine& engine, media::RoomId room, NextId next_id,
                                 Token token)
    : engine_(engine), room_(room), next_id_(std::move(next_id)), token_(std::move(token)) {}

rtc::IceCredentials PeerConnections::make_ice(ParticipantKey owner) const {
  return {engine_.ufrag_prefix(room_, media::MemberId(owner.value)) + token_(8), token_(24)};
}

void PeerConnections::forget(ParticipantKey owner) {
  policies_.erase(owner);
  engine_.release_member(room_, media::MemberId(owner.value));
}

void PeerConnections::open(PeerConnection& connection, ParticipantKey owner, rtc::DtlsRole role,
                           std::vector<rtc::ChannelParameters> channels) {
  TURMS_CHECK(!connection.id);
  connection.id = media::TransportId(next_id_());
  connection.ice = make_ice(owner);
  connection.channels = std::move(channels);
  owners_.emplace(connection.id.value, owner);
  create(connection, role);
}

void PeerConnections::create(const PeerConnection& connection, rtc::DtlsRole role) {
  const ParticipantKey owner = owners_.at(connection.id.value);
  changed_.insert(owner);
  engine_.create_transport({.id = connection.id,
                            .room = room_,
                            .member = media::MemberId(owner.value),
                            .local_ice = connection.ice,
                            .dtls_role = role,
                            .candidates = policy_of(owner),
                            .channels = connection.channels});
}

void PeerConnections::close(PeerConnection& connection) {
  if (!connection.id) return;
  engine_.close_transport(connection.id);
  const auto owner = owners_.extract(connection.id.value);
  if (!owner.empty()) changed_.insert(owner.mapped());
  connection = {};
}

void PeerConnections::restart(PeerConnection& connection) {
  connection.ice = make_ice(owners_.at(connection.id.value));
  engine_.restart_ice(connection.id, connection.ice);
}

rtc::sdp::LocalTransport PeerConnections::prepare(PeerConnection& connection, ParticipantKey owner,
                                                  const Result<rtc::sdp::RemoteTransport>& remote) {
  if (!remote) return {};
  if (!connection.id) {
    open(connection, owner, remote->local_role);
  } else if (connection.remote_ufrag != remote->ice.ufrag) {
    restart(connection);
  }
  return local(connection);
}

void PeerConnections::set_remote(PeerConnection& connection,
                                 const rtc::sdp::RemoteTransport& remote,
                                 const std::optional<rtc::sdp::DataSection>& data) {
  const bool data_is_new = data && !connection.data;
  if (connection.remote_ufrag == remote.ice.ufrag && !data_is_new) return;
  connection.remote_ufrag = remote.ice.ufrag;
  connection.data = connection.data || data_is_new;
  media::RemoteParameters parameters{remote.ice, remote.fingerprint, remote.local_role};
  if (data) {
    parameters.data = rtc::DataParameters{.local_port = rtc::sdp::kSctpPort,
                                          .remote_port = data->remote_sctp_port,
                                          .max_message_size = data->remote_max_message_size};
  }
  engine_.set_remote(connection.id, parameters);
}

rtc::sdp::LocalTransport PeerConnections::local(const PeerConnection& connection) const {
  rtc::sdp::LocalTransport out;
  out.ice = connection.ice;
  out.fingerprint = engine_.fingerprint();
  uint16_t rank = 0;
  for (const media::LocalCandidate& candidate : engine_.candidates(connection.id)) {
    out.candidates.push_back(
        candidate.protocol == rtc::Protocol::kTcp
            ? rtc::sdp::tcp_candidate(candidate.address, candidate.port, rank)
            : rtc::sdp::host_candidate(candidate.address, candidate.port, UINT16_MAX - rank));
    ++rank;
  }
  return out;
}

void PeerConnections::set_candidates(ParticipantKey owner, const media::CandidatePolicy& policy) {
  if (policy_of(owner) == policy) return;
  if (policy == media::CandidatePolicy()) {
    policies_.erase(owner);
  } else {
    policies_[owner] = policy;
  }
  for (const auto& [id, its] : owners_) {
    if (its == owner) engine_.set_candidate_policy(media::TransportId(id), policy);
  }
}

media::CandidatePolicy PeerConnections::policy_of(ParticipantKey owner) const {
  const auto it = policies_.find(owner);
  return it == policies_.end() ? media::CandidatePolicy() : it->second;
}

std::optional<ParticipantKey> PeerConnections::owner(media::TransportId id) const {
  const auto it = owners_.find(id.value);
  if (it == owners_.end()) return std::nullopt;
  return it->second;
}

}  // namespace turms::livekit
