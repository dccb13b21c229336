#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "livekit/peer_connections.h"
#include "livekit/signal.h"
#include "rtc/sdp/negotiate.h"

namespace turms::livekit {

/// A track of Negotiation::add() that the client agreed to receive or did not.
struct SentSection {
  std::string track_id;
  std::string mid;
  /// False: send nothing, and forget the track with remove(). It may be added again.
  bool receiving = false;
  std::vector<rtc::CodecParameters> codecs;
  rtc::ExtensionMap extensions;
};

/// What came of a description that the client sent.
struct Negotiated {
  /// For the client, at once. None after an answer.
  std::optional<SessionDescription> answer;
  /// After an offer: every section of it in which the client may send.
  std::vector<rtc::sdp::ReceivedSection> received;
  std::vector<SentSection> sent;
  /// What could not be read or had to be rejected, and why: for the log.
  std::vector<std::string> notes;
};

/// Which way media goes over a peer connection.
struct Carries {
  bool published = false;
  bool subscribed = false;
};

/// How to answer one section that the client offers; nothing: as it comes.
using DecideSection =
    std::function<std::optional<rtc::sdp::SectionDecision>(const rtc::sdp::MediaSection&)>;

/// The peer connections of one participant and what is said about them: our ICE credentials, which
/// section carries which track, offers and answers. What a participant may publish and receive, and
/// when it is told, is the room's.
///
/// Results are values; the media engine hears of transports through PeerConnections, and of tracks
/// from the room.
class Negotiation {
 public:
  virtual ~Negotiation() = default;

  /// What the client is told when it joins: that its first connection is the one it receives by.
  [[nodiscard]] virtual bool subscriber_primary() const = 0;

  // ---- what the client is to receive

  /// Makes ready to send: what is due then comes from poll().
  virtual void open_subscriber() = 0;
  /// A track to be sent, named by its track_id from here on. It is not sent before a description of
  /// the client accepted it (Negotiated::sent). kResourceExhausted: no description has room for it.
  virtual Status add(rtc::sdp::SentTrack track) = 0;
  virtual void remove(std::string_view track_id) = 0;

  // ---- what both sides say

  /// kInvalidArgument: it is no description. What cannot be used in one is rejected in the answer.
  virtual Result<Negotiated> on_offer(const SessionDescription& offer,
                                      const DecideSection& decide) = 0;
  /// An answer that belongs to no offer under way gives an empty result. kInvalidArgument: it is no
  /// answer to the offer.
  virtual Result<Negotiated> on_answer(const SessionDescription& answer) = 0;
  /// What the client must hear now, if anything: ask at the end of a turn in which something
  /// changed, while it can hear.
  virtual std::optional<ServerMessage> poll() = 0;
  /// Whether the last that poll() gave waits for an answer.
  [[nodiscard]] virtual bool waits_for_answer() const = 0;
  /// The client is back on a new signalling connection, maybe from another network. What it was
  /// offered before may never have arrived. False: it has no connection to receive by.
  virtual bool resume() = 0;

  // ---- what becomes of the connections

  /// True when the client is in: the connection it waits for is up.
  virtual bool on_connected(media::TransportId id) = 0;
  [[nodiscard]] virtual Carries carries(media::TransportId id) const = 0;
  virtual void close(media::TransportId id) = 0;
  virtual void close_all() = 0;
  [[nodiscard]] virtual bool any_connected() const = 0;

  /// Where received tracks come from and sent tracks go to; 0 before it is open.
  [[nodiscard]] virtual media::TransportId publisher() const = 0;
  [[nodiscard]] virtual media::TransportId subscriber() const = 0;
};

/// Two connections (protocol v0): the client offers on the one it sends by, we offer on the other.
/// One offer of ours is under way at a time.
std::unique_ptr<Negotiation> make_dual_negotiation(PeerConnections& connections,
                                                   ParticipantKey owner, bool subscriber_primary);

/// One connection (protocol v1) on which only the client offers. It receives in sections that it
/// offers for that; when they are too few it is told how many more are needed.
std::unique_ptr<Negotiation> make_single_negotiation(PeerConnections& connections,
                                                     ParticipantKey owner);

}  // namespace turms::livekit
