#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "livekit/types.h"
#include "media/engine.h"
#include "rtc/sdp/negotiate.h"

namespace turms::livekit {

/// One peer connection of a participant, as far as it is negotiated.
struct PeerConnection {
  media::TransportId id;                         // 0: not opened
  rtc::IceCredentials ice;                       // ours
  std::string remote_ufrag;                      // empty: no description of the other side yet
  bool connected = false;                        // has been up once
  bool data = false;                             // the other side takes part in data channels
  std::vector<rtc::ChannelParameters> channels;  // that we open
};

/// The peer connections of a room: who each belongs to, and what the media engine knows of it. The
/// connections themselves are values of their negotiations.
class PeerConnections {
 public:
  using NextId = std::function<uint64_t()>;
  using Token = std::function<std::string(size_t length)>;

  /// `token` gives characters that nobody can guess, for ICE credentials.
  PeerConnections(media::Engine& engine, media::RoomId room, NextId next_id, Token token);

  /// `channels`: data channels that we open, when the other side takes part in them.
  void open(PeerConnection& connection, ParticipantKey owner, rtc::DtlsRole role,
            std::vector<rtc::ChannelParameters> channels = {});
  /// Nothing when it is not open.
  void close(PeerConnection& connection);
  /// New credentials of ours: the other side checks its paths anew (RFC 8839 section 4.4.3.1.1).
  void restart(PeerConnection& connection);
  /// Which of our addresses those of this owner tell, the present ones and later ones. Until
  /// forget().
  void set_candidates(ParticipantKey owner, const media::CandidatePolicy& policy);
  /// It has left, and its connections are closed.
  void forget(ParticipantKey owner);
  /// Before an offer with this transport is answered: opens the connection, or restarts it when the
  /// other side has new credentials. Our side of the answer; empty without a transport.
  rtc::sdp::LocalTransport prepare(PeerConnection& connection, ParticipantKey owner,
                                   const Result<rtc::sdp::RemoteTransport>& remote);
  /// What the other side's description says of its transport, and of the SCTP association over it.
  void set_remote(PeerConnection& connection, const rtc::sdp::RemoteTransport& remote,
                  const std::optional<rtc::sdp::DataSection>& data);

  /// Our side of a description.
  [[nodiscard]] rtc::sdp::LocalTransport local(const PeerConnection& connection) const;
  /// Whose connections were opened or closed since the last call.
  std::set<ParticipantKey> take_changed() { return std::exchange(changed_, {}); }
  [[nodiscard]] std::optional<ParticipantKey> owner(media::TransportId id) const;

 private:
  rtc::IceCredentials make_ice(ParticipantKey owner) const;
  void create(const PeerConnection& connection, rtc::DtlsRole role);

  media::Engine& engine_;
  media::RoomId room_;
  NextId next_id_;
  Token token_;
  [[nodiscard]] media::CandidatePolicy policy_of(ParticipantKey owner) const;

  std::set<ParticipantKey> changed_;
  std::unordered_map<uint64_t, ParticipantKey> owners_;
  std::map<ParticipantKey, media::CandidatePolicy> policies_;  // other than the usual one
};

}  // namespace turms::livekit
