#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "media/advertise.h"
#include "media/data_router.h"
#include "media/packet_queue.h"
#include "net/byte_stream.h"
#include "rtc/parameters.h"
#include "rtc/transport_address.h"
#include "sfu/parameters.h"
#include "sfu/room.h"

/// The control plane's view of the media workers: parameters in, events out, plain values only. No
/// SDP, no protobuf, no sockets.
namespace turms::media {

using sfu::LayerLimit;
using sfu::LayerRequest;
using sfu::LayerStatistics;
using sfu::PathLimits;
using sfu::PathStatistics;
using sfu::PlayoutDelay;
using sfu::ReceiveTrackParameters;
using sfu::RoomId;
using sfu::RoomSettings;
using sfu::RoomSnapshot;
using sfu::SendTrackParameters;
using sfu::Speaker;
using sfu::StreamState;
using sfu::SubscriptionId;
using sfu::SubscriptionStatistics;
using sfu::TrackId;
using sfu::TrackStatistics;
using sfu::TransportId;

/// What a room bears. A worker refuses and counts what is beyond without telling, so the control
/// plane must not ask for more.
inline constexpr size_t kMaxTransportsPerRoom = sfu::Room::kMaxTransports;
inline constexpr size_t kMaxTracksPerTransport = sfu::Room::kMaxTracksPerTransport;
inline constexpr size_t kMaxSubscriptionsPerTransport = sfu::Room::kMaxSubscriptionsPerTransport;
using sfu::kMaxSpatialLayers;

/// Somebody in a room: all that belongs to one member is on one worker. Unique within the room.
using MemberId = StrongInt<struct MemberTag, uint64_t>;

/// Which of our addresses a transport tells its peer. What is left out still works: it only is not
/// offered.
struct CandidatePolicy {
  bool udp = true;
  bool tcp = true;
  bool operator==(const CandidatePolicy&) const = default;
};

/// A WebRTC peer in a room.
struct TransportParameters {
  TransportId id;
  RoomId room;
  /// Whose worker the transport is on. 0: nobody's, where the room began.
  MemberId member = {};
  /// The ufrag begins with Engine::ufrag_prefix() of the room and the member.
  rtc::IceCredentials local_ice;
  rtc::DtlsRole dtls_role = rtc::DtlsRole::kServer;
  CandidatePolicy candidates = {};
  /// Data channels that we open, as soon as the remote side is known to take part.
  std::vector<rtc::ChannelParameters> channels = {};
};

/// A transport without a peer: what the room sends to it goes into a queue as plain packets, for a
/// reader in this process. It takes send tracks and is closed like any other; it is connected from
/// the start and tells no events.
struct QueueParameters {
  TransportId id;
  RoomId room;
  std::shared_ptr<PacketQueue> queue;
};

/// One of our addresses.
struct LocalCandidate {
  rtc::Protocol protocol = rtc::Protocol::kUdp;  // kTcp: we are the passive side (RFC 6544)
  std::string address;
  uint16_t port = 0;
  bool operator==(const LocalCandidate&) const = default;
};

/// A stream that somebody else accepted and has told apart by its first bytes.
struct AdoptedStream {
  enum class Kind : uint8_t {
    kIce,   // RFC 4571 frames, the first of them a connectivity check
    kTurn,  // RFC 8656 over a stream
  };
  Kind kind = Kind::kIce;
  std::unique_ptr<net::ByteStream> stream;
  /// What was read from it so far. Of kIce at least the whole first frame, which names the
  /// transport.
  Bytes received;
};

/// The remote side's part, when its description has arrived. Until then the transport already
/// answers STUN and DTLS but verifies and delivers nothing.
struct RemoteParameters {
  rtc::IceCredentials ice;
  rtc::DtlsFingerprint fingerprint;
  /// Ours, where the other side chose it; the first time only.
  std::optional<rtc::DtlsRole> dtls_role = {};
  /// It takes part in data channels.
  std::optional<rtc::DataParameters> data = {};
};

/// What workers tell. Called on the thread given to Engine::start via its `post` function, in the
/// order things happened on each worker. Of a room on several each tells of its transports and
/// their tracks and subscriptions, and one of them who speaks.
class EngineEvents {
 public:
  virtual ~EngineEvents() = default;
  /// ICE and DTLS are up: media may flow.
  virtual void on_transport_connected(TransportId) = 0;
  /// No consent (nothing valid from the peer) for kConsentTimeout, DTLS failed, or it never came
  /// up. Still there until closed.
  virtual void on_transport_failed(TransportId, std::string reason) = 0;
  /// The remote side said goodbye. Carries nothing any more; still there until closed.
  virtual void on_transport_closed(TransportId) = 0;
  /// First RTP packet of a layer (simulcast encoding or SVC layer) since the track was added, or
  /// since the layer stopped.
  virtual void on_layer_started(TrackId, int spatial) = 0;
  /// The publisher sends it no longer while others of the track go on, or the track was muted.
  /// Both are lost only when thousands of events wait; statistics tell which layers are active.
  virtual void on_layer_stopped(TrackId, int /*spatial*/) {}
  /// Loudest first; sent when the set or the order changes. Empty: nobody speaks.
  virtual void on_speakers(RoomId, std::vector<Speaker>) = 0;
  /// About every second per room with traffic.
  virtual void on_statistics(RoomId, std::vector<TrackStatistics>,
                             std::vector<SubscriptionStatistics>) = 0;
  /// Before on_statistics(), of the paths to their subscribers.
  virtual void on_paths(RoomId, std::vector<PathStatistics>) {}
  /// A part of what request_snapshot() was asked for.
  virtual void on_snapshot(uint64_t /*ticket*/, RoomSnapshot) {}
  /// Subscriptions that were paused for want of bandwidth, or go on; in order.
  virtual void on_stream_states(RoomId, std::vector<StreamState>) {}
  /// From the room's data router. At most kMaxDataNotes wait for this thread.
  virtual void on_data(RoomId, const DataNote&) {}
};
inline constexpr size_t kMaxDataNotes = 4096;

/// What was asked for by request_snapshot(): so many calls of on_snapshot() with this ticket,
/// unless the engine ends before.
struct SnapshotTicket {
  uint64_t ticket = 0;
  /// 0: there is no such room, or no such transport, or its workers are far behind.
  size_t parts = 0;
};

/// The embedded TURN server.
struct TurnConfig {
  bool enabled = false;
  /// Worker i takes UDP clients at this port + i; 0: any free port each. None: only what comes to
  /// adopt_stream().
  std::optional<uint16_t> first_udp_port;
  std::string realm = "turms";
  size_t max_allocations_per_user = 12;
};

struct TurnAccess {
  std::string username;
  std::string password;
  std::string address;    // the best one that candidates say
  uint16_t udp_port = 0;  // 0: no UDP
};

struct EngineConfig {
  int workers = 1;
  std::string bind_address = "0.0.0.0";
  uint16_t first_udp_port = 7882;  // worker i uses first_udp_port + i; 0: any free port each
  /// What candidates say, best first, all IP addresses. Empty: the bind address, or where that is
  /// unspecified those of the machine that `filter` allows, the default route's first. With a
  /// loopback bind address that and one of the machine, reached from this machine only: Firefox
  /// sends nothing to a loopback address.
  std::vector<std::string> advertised_addresses = {};
  AddressFilter filter = {};
  /// As others see this machine; told before those that are found. Empty: unknown.
  std::string external_address;
  /// Ports where somebody accepts TCP streams and hands them to adopt_stream(): candidates name
  /// them, at the same addresses.
  std::vector<uint16_t> tcp_ports = {};
  /// What any transport may tell at most.
  CandidatePolicy candidates = {};
  /// So many of a room's members are on a worker before another one takes further ones
  /// (Placement). 0: a room stays on one worker.
  size_t members_per_worker = 0;
  /// Null: data channels are answered, and what comes on them goes nowhere.
  MakeDataRouter make_data_router = {};
  TurnConfig turn = {};
};

/// All calls but adopt_stream() from one thread, the control thread. None blocks: commands go
/// through a mailbox for each worker. Only a worker that is stuck or far behind lets it fill up;
/// then what closes something still gets in, and anything else fails the transport that it was for
/// (on_transport_failed, "mailbox_full"), so that neither memory nor the caller's time runs away.
class Engine {
 public:
  /// Runs a function on the control thread.
  using Post = std::function<void(std::function<void()>)>;

  virtual ~Engine() = default;  // stops and joins the workers

  /// SHA-256 of the certificate of this process.
  [[nodiscard]] virtual rtc::DtlsFingerprint fingerprint() const = 0;
  /// What the ufrags of a member's transports begin with. It names the worker, so that a stream
  /// whose first check has arrived finds it from any thread. Asked for the first time, it decides
  /// which worker the member is on, until release_member().
  [[nodiscard]] virtual std::string ufrag_prefix(RoomId, MemberId) = 0;
  /// Where the peer of this transport may send, best first: what its policy and the configuration
  /// allow. Known as soon as the transport is created; none once it is closed.
  [[nodiscard]] virtual std::vector<LocalCandidate> candidates(TransportId) const = 0;
  /// Time-limited credentials for the embedded TURN server, where this member's media is (which
  /// may be decided here, as by ufrag_prefix()). Nothing without one, or without the room.
  [[nodiscard]] virtual std::optional<TurnAccess> turn_access(RoomId, MemberId,
                                                              std::string_view user,
                                                              Duration lifetime) = 0;
  /// UDP ports of all workers.
  [[nodiscard]] virtual std::vector<uint16_t> udp_ports() const = 0;
  /// Share of a CPU that each worker used lately, about 0 to 1.
  [[nodiscard]] virtual std::vector<double> worker_loads() const { return {}; }
  /// Received and sent by all of them so far.
  [[nodiscard]] virtual uint64_t packets() const { return 0; }
  /// What this worker sends leaves out so many of the top layers of video: it is short of time.
  virtual void leave_out_layers(size_t /*worker*/, int /*layers*/) {}

  virtual void create_room(RoomId, const RoomSettings& = {}) = 0;
  /// Closes everything in it.
  virtual void close_room(RoomId) = 0;
  /// The member has left, its transports are closed: its place is free.
  virtual void release_member(RoomId, MemberId) {}

  virtual void create_transport(const TransportParameters&) = 0;
  virtual void create_queue(const QueueParameters&) = 0;
  /// For what candidates() says from now on.
  virtual void set_candidate_policy(TransportId, const CandidatePolicy&) = 0;
  /// Again with other credentials: ICE restart; `local` replaces ours.
  virtual void set_remote(TransportId, const RemoteParameters&) = 0;
  virtual void restart_ice(TransportId, const rtc::IceCredentials& local) = 0;
  virtual void close_transport(TransportId) = 0;
  virtual void set_path_limits(TransportId, const PathLimits&) {}

  virtual void add_receive_track(const ReceiveTrackParameters&) = 0;
  /// Muted: packets are dropped at the door, speakers and statistics pause.
  virtual void set_receive_muted(TrackId, bool muted) = 0;
  virtual void remove_receive_track(TrackId) = 0;

  virtual void add_send_track(const SendTrackParameters&, const LayerRequest&) = 0;
  virtual void set_layer_request(SubscriptionId, const LayerRequest&) = 0;
  /// Another published track of the same room takes the place of the source, for instance one in
  /// another codec. SSRC, sequence numbers and timestamps go on; the old source is forwarded until
  /// a key frame of the new one has come.
  virtual void set_send_source(SubscriptionId, TrackId source) = 0;
  virtual void remove_send_track(SubscriptionId) = 0;
  /// For the reader of a queue, which sends no RTCP: its subscription needs a key frame.
  virtual void request_key_frame(SubscriptionId) {}

  /// What the room's workers know at this moment: of everything, or of what these transports
  /// publish and receive. Costs its workers about 1 us for each subscription that is told of (a few
  /// cache misses), and nothing when nobody asks.
  virtual SnapshotTicket request_snapshot(RoomId, std::vector<TransportId>) { return {}; }

  /// For the room's data routers, one on each worker that has members of it. False: not told, or
  /// not all of them, for a mailbox is full or there is no such room.
  virtual bool tell_data(RoomId, std::shared_ptr<const DataNote>) { return false; }
  /// Only for the router where this member is.
  virtual bool tell_member_data(RoomId, MemberId, std::shared_ptr<const DataNote>) { return false; }

  /// Any thread, as long as the engine lives. The worker owns it from then on: closes it when its
  /// transport closes, when it sends what is not framed, or when it stays silent. False, and
  /// closed, when its first frame names no worker.
  virtual bool adopt_stream(AdoptedStream stream) = 0;
};

/// Binds the sockets and starts the workers. kUnavailable when a port is taken.
Result<std::unique_ptr<Engine>> start_engine(const EngineConfig&, Engine::Post post,
                                             EngineEvents& events);

/// How long a transport may hear neither a valid connectivity check nor a report. Clients check
/// consent every 2 to 5 seconds (RFC 7675), or at least report; a dead one should leave the room
/// sooner than the 30 seconds that RFC allows the sending side.
inline constexpr Duration kConsentTimeout = std::chrono::seconds(15);

}  // namespace turms::media
