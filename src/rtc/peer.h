#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/shared_bytes.h"
#include "base/time.h"
#include "rtc/data.h"
#include "rtc/parameters.h"
#include "rtc/srtp/session.h"
#include "rtc/transport_address.h"

namespace turms::rtc {

namespace dtls {
class Context;
class Transport;
}  // namespace dtls
namespace ice {
class Agent;
}  // namespace ice

/// What the peers of one thread share. Outlives them.
struct PeerResources {
  const dtls::Context& dtls;
  srtp::Backend& srtp;
  /// Transaction ids, tie-breakers, pacing. Keys of DTLS come from OpenSSL's own generator, so a
  /// simulation is reproducible in what happens and when, not in the bytes of the handshake.
  Rng& rng;
};

/// kServer: ICE-lite, controlled. kClient: sends checks; a controlling one nominates.
enum class PeerRole : uint8_t { kServer, kClient };

struct PeerConfig {
  PeerRole role = PeerRole::kServer;
  IceCredentials local_ice;
  DtlsRole dtls_role = DtlsRole::kServer;
  /// Fails after hearing no valid check (server) or response (client) for this long.
  Duration consent_timeout = std::chrono::seconds(15);
  /// Fails when not connected this long after set_remote.
  Duration connect_timeout = std::chrono::seconds(30);
  /// Client: the ICE role to start with, settled with the remote side where they clash. The side
  /// that offered controls, unless only one of them is lite (RFC 8445 section 6.1.1): that one
  /// never does.
  bool controlling = true;
  /// Client: USE-CANDIDATE in every check (connects one round trip sooner) instead of a separate
  /// nominating check of the best pair.
  bool aggressive_nomination = false;
};

enum class DropReason : uint8_t {
  kUnknownProtocol,      // no STUN, DTLS, RTP or RTCP by its first byte, or too short to tell
  kStunMalformed,        // broken framing, attribute or FINGERPRINT
  kStunUnauthenticated,  // unknown ufrag or wrong MESSAGE-INTEGRITY
  kStunUnexpected,       // an indication, another method, a response to nothing we asked
  kUnknownPath,          // DTLS from where no valid check came
  kDtlsMalformed,        // not framed as DTLS; what OpenSSL then refuses it drops uncounted
  kNotConnected,         // media before the handshake is done and the fingerprint verified
  kSrtpMalformed,
  kSrtpAuthentication,
  kSrtpReplay,  // duplicate, or behind the replay window
  kSrtpStreamLimit,
  kClosed,  // after close() or a failure
};
inline constexpr size_t kDropReasonCount = static_cast<size_t>(DropReason::kClosed) + 1;
const char* to_string(DropReason reason);

/// What a datagram was.
struct Received {
  enum class Kind : uint8_t {
    kNone,  // consumed: look at poll_transmit() and poll_event()
    kRtp,
    kRtcp,
    kDropped,
  };
  Kind kind = Kind::kNone;
  DropReason reason{};     // of kDropped
  MutableByteView packet;  // of kRtp and kRtcp: plain, inside the datagram given
};

enum class FailReason : uint8_t {
  kConnectTimeout,
  kConsentExpired,
  kDtlsHandshake,
  kFingerprintMismatch,
  kNoSrtpProfile,
};
const char* to_string(FailReason reason);

struct PeerEvent {
  enum class Kind : uint8_t {
    kPathAdded,     // `path` was verified by a check: datagrams on it belong to this peer
    kPathRemoved,   // and no longer
    kPathSelected,  // media and DTLS go to `path` from now on
    kConnected,     // ICE, DTLS and fingerprint are good: media may flow. Again after silence.
    // For `reason`; nothing works any more. Last, but for a peer that was connected and lost
    // consent (kConsentExpired): it sends nothing until a check comes, as after an ICE restart, and
    // is then connected again with the keys it had. A new remote description gives it
    // connect_timeout.
    kFailed,
    kClosed,  // the remote side said goodbye (close_notify). Once, and last.
  };
  Kind kind{};
  FailReason reason{};
  Path path;
};

/// The transport of one WebRTC peer connection: ICE, DTLS, SRTP, without sockets, threads or
/// clocks. Owned by a worker, a simulation or a load generator, and used on one thread.
///
/// Contract: after every call that takes `now`, drain poll_transmit() and poll_event(), then ask
/// next_timeout() again and call handle_timeout() when that time has come. Calls at times that go
/// back are not allowed.
///
/// Bounds: kMaxPaths verified paths (the one longest without a check makes room), kMaxQueued
/// datagrams waiting in poll_transmit (further ones are lost, as a network would lose them, and
/// counted), the stream tables of srtp::Session.
class Peer {
 public:
  static constexpr size_t kMaxPaths = 8;
  static constexpr size_t kMaxQueued = 32;
  static constexpr size_t kMaxDataDatagram = 1200;

  Peer(TimePoint now, const PeerConfig& config, const PeerResources& resources);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// The remote side's credentials and certificate. Until then a server answers checks and does the
  /// handshake, but is not connected and delivers nothing; a client does nothing. Again with other
  /// credentials: an ICE restart by the remote side. The fingerprint of a connected peer does not
  /// change: another one fails it. `role`: ours, where the remote side chose it; the first time
  /// only, and before anything of the handshake came.
  void set_remote(TimePoint now, const IceCredentials& ice, const DtlsFingerprint& fingerprint,
                  std::optional<DtlsRole> role = std::nullopt);

  /// New local credentials. Media goes on over the selected path. A server takes checks with either
  /// credentials until the first valid one with the new; a client starts to check its pairs again
  /// when set_remote() brings the other half.
  void restart_ice(TimePoint now, const IceCredentials& local);

  /// Client: a pair to check. `priority` orders pairs, greater first.
  void add_candidate_pair(TimePoint now, const Path& path, uint32_t priority);
  /// Client: forgets all pairs, since the network they belong to is gone. Media goes on over the
  /// selected path until another one is.
  void clear_candidate_pairs();

  /// A path over a stream that was closed. Media takes another verified path; without any, nothing
  /// can be sent until the remote side opens one, for which it has the consent timeout.
  void lose_path(TimePoint now, const Path& path);

  /// Decrypts media in place; takes STUN and DTLS.
  [[nodiscard]] Received receive(TimePoint now, const Path& path, MutableByteView datagram);

  /// Encrypts for this peer, as srtp::Session does; 0 also when not connected. Send the result to
  /// selected_path().
  [[nodiscard]] size_t protect_rtp(MutableByteView buffer, size_t size) {
    return connected_ ? srtp_->protect_rtp(buffer, size) : 0;
  }
  [[nodiscard]] size_t protect_rtcp(MutableByteView buffer, size_t size) {
    return connected_ ? srtp_->protect_rtcp(buffer, size) : 0;
  }
  /// For srtp::Session::protect_rtp_batch; null unless connected.
  [[nodiscard]] srtp::Session* srtp() { return connected_ ? srtp_.get() : nullptr; }

  struct Transmit {
    Path path;
    ByteView datagram;  // valid until the next call of this peer that is not const
  };
  enum class Drain : uint8_t { kAll, kWithoutData };
  /// Without data: it is taken by write_data().
  [[nodiscard]] std::optional<Transmit> poll_transmit(Drain drain = Drain::kAll);
  [[nodiscard]] std::optional<PeerEvent> poll_event();

  /// kNever when there is nothing to wait for.
  [[nodiscard]] TimePoint next_timeout() const;
  void handle_timeout(TimePoint now);

  // ---- data channels

  /// The remote side takes part in data channels (a=sctp-port): starts the association as soon as
  /// the peer is connected. Without it one is accepted when the remote side starts it.
  void open_data(TimePoint now, const DataParameters& parameters);
  /// Opens a channel; before the peer is connected as well. Nothing when open_data() was not called
  /// or there are too many.
  std::optional<ChannelId> open_channel(TimePoint now, const ChannelParameters& parameters);
  /// Any number of peers may be given the same payload; it is not copied. A `lifetime` after which
  /// the message is not worth sending any more holds on top of the channel's own limits.
  DataSendStatus send_data(TimePoint now, ChannelId channel, const SharedBytes& payload,
                           bool binary, std::optional<Duration> lifetime = std::nullopt);
  void close_channel(TimePoint now, ChannelId channel);
  /// There are, or may soon be, channels: ask poll_data() and write_data().
  [[nodiscard]] bool has_data() const { return data_ != nullptr; }
  [[nodiscard]] std::optional<DataEvent> poll_data();
  /// The next datagram with data, written to `out` of at least kMaxDataDatagram bytes, for
  /// selected_path(); 0 when there is none. Whoever does not call it finds them in poll_transmit().
  size_t write_data(TimePoint now, MutableByteView out);
  [[nodiscard]] DataStatistics data_statistics() const;

  /// Says goodbye to the remote side (close_notify in poll_transmit()). Media stops at once; no
  /// event.
  void close(TimePoint now);

  [[nodiscard]] bool connected() const { return connected_; }
  /// Where media goes; null before the first verified path.
  [[nodiscard]] const Path* selected_path() const;

 private:
  struct Queue;
  struct Data;

  Received receive_stun(TimePoint now, const Path& path, ByteView datagram);
  Received receive_dtls(TimePoint now, const Path& path, ByteView datagram);
  Received receive_media(MutableByteView datagram, bool rtcp);
  void after_ice(TimePoint now);
  void after_dtls();
  void read_data(TimePoint now);
  void start_data(TimePoint now);
  Data& data();
  [[nodiscard]] TimePoint data_timeout() const;
  void handle_data_timeout(TimePoint now);
  std::optional<Transmit> transmit_data();
  void update_connected();
  void transmit(const Path& path, Bytes datagram);
  void end(const PeerEvent& event);
  void fail(FailReason reason);
  void close_dtls();

  PeerResources resources_;
  std::unique_ptr<ice::Agent> ice_;
  std::unique_ptr<dtls::Transport> dtls_;
  std::unique_ptr<srtp::Session> srtp_;
  std::unique_ptr<Queue> transmits_;  // only while something waits
  std::vector<PeerEvent> events_;     // taken from the front; only while something waits
  size_t next_event_ = 0;
  std::unique_ptr<Data> data_;  // from the first sign of data channels on
  std::optional<DtlsFingerprint> remote_fingerprint_;
  Duration connect_timeout_;
  TimePoint connect_deadline_ = kNever;
  PeerRole role_;
  DtlsRole dtls_role_;
  bool dtls_heard_ = false;
  bool connected_ = false;
  bool silent_ = false;  // was connected, and consent expired
  bool ended_ = false;   // closed or failed
};

}  // namespace turms::rtc
