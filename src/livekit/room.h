#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "livekit/ice_servers.h"
#include "livekit/one_offer.h"
#include "livekit/rpc.h"
#include "livekit/signal.h"
#include "livekit/token.h"
#include "media/engine.h"

namespace turms::rtc::sdp {
struct MediaSection;
struct ReceivedSection;
struct SectionDecision;
}  // namespace turms::rtc::sdp

namespace turms::livekit {

/// Both clocks at the moment of an input: cores do not read them.
struct Now {
  TimePoint monotonic;
  WallTime wall;
};

// ---- what a room wants done, in order

struct SendMessage {
  std::vector<ParticipantKey> to;
  ServerMessage message;
};
/// Its signalling connection ends after what was sent before: the participant is gone, or shall
/// come back on another.
struct CloseSignal {
  ParticipantKey participant;
};
enum class RoomEvent : uint8_t {
  kRoomStarted,
  kRoomFinished,
  kParticipantJoined,
  kParticipantLeft,
  kParticipantConnectionAborted,  // left without ever having been connected
  kTrackPublished,
  kTrackUnpublished,
};
struct Notify {
  RoomEvent event = RoomEvent::kRoomStarted;
  WallTime at;
  RoomInfo room;
  std::optional<ParticipantInfo> participant;
  std::optional<TrackInfo> track;
};
/// For the log: something that a client did and that an operator would ask about.
struct Remark {
  std::string text;
};
using RoomOutput = std::variant<SendMessage, CloseSignal, Notify, Remark>;

// ---- what it is made from

struct RoomParameters {
  media::RoomId id;
  std::string name;
  std::string metadata;
  uint32_t empty_timeout_s = 300;
  uint32_t departure_timeout_s = 20;
  uint32_t max_participants = 0;
  bool enable_remote_unmute = false;
  std::vector<rtc::Codec> enabled_codecs;
  server::ServerInfo server;
  std::shared_ptr<const IceServerConfig> ice;  // none: clients are told no STUN or TURN servers
  size_t max_metadata = 512 * 1024;
  size_t max_attributes = 64 * 1024;
  size_t max_name = 256;
  size_t max_tracks = media::kMaxTracksPerTransport;
  /// Bytes of all data blobs of one participant. 0: there are none.
  size_t max_data_blobs = 0;
  /// What the jitter buffers of receivers of video are asked to keep to.
  std::optional<media::PlayoutDelay> playout_delay;
  uint32_t audio_sources = 0;  // media::RoomSettings
  /// Tracks of one stream of a publisher are offered as one stream, which browsers play in step.
  bool sync_streams = false;
  /// As in media::RoomSettings.
  bool follows_bandwidth = true;
  bool allow_pause = true;
  std::vector<RequestedAgent> agents;  // of its configuration
  /// Whoever they are; max_participants counts people only. Each has up to two connections.
  size_t max_members = media::kMaxTransportsPerRoom / 2;
  /// Ids (of participants, connections, tracks, subscriptions) after which the room closes at the
  /// end of the turn: half of what its numbers hold, more than any one turn can use.
  uint32_t max_ids = uint32_t{1} << 31;
};

struct JoinParameters {
  Grants grants;
  bool auto_subscribe = true;
  bool auto_subscribe_data_tracks = false;
  /// It asks for the layers that it shows: until it has, the lowest will do.
  bool adaptive_stream = false;
  /// Video that does not fit its bandwidth is paused; else as the room says.
  std::optional<bool> allow_pause;
  int32_t protocol = kProtocolVersion;  // of signalling, as the client speaks it
  /// One peer connection for both directions (protocol v1) instead of two.
  bool single_connection = false;
  /// Has no signalling connection: see Room::publish().
  bool one_offer = false;
  /// Firefox tells tracks apart by the id of their stream, so that each needs its own.
  bool firefox = false;
  int32_t client_protocol = 0;
  std::vector<uint8_t> capabilities;
};

/// What a room needs from outside to make up names and secrets. All three may be called at any
/// time while the room works.
struct RoomSecrets {
  /// Signs a token like the given one with the secret of its key: for refresh_token.
  std::function<std::string(const Grants&, WallTime now)> mint;
  /// `length` characters of [A-Za-z0-9] that nobody can guess: ICE credentials, sids.
  std::function<std::string(size_t length)> token;
};

/// Tracks that reach subscribers, once for each of both.
struct SubscribedTracks {
  uint32_t audio = 0;
  uint32_t video = 0;
  uint64_t ever = 0;  // began to

  uint32_t& of(TrackType type) { return type == TrackType::kVideo ? video : audio; }
};

/// A track on its way into a queue, for a recorder in this process.
struct TrackTap {
  media::SubscriptionId subscription;
  std::string publisher;  // identity
  TrackInfo info;
  std::vector<rtc::CodecParameters> codecs;  // what the payload types in the queue mean
};

class PeerConnections;
class RoomData;
struct Negotiated;
struct Participant;
struct PublishedCodec;
struct PublishedTrack;
struct RoomReport;
struct Subscription;
struct WishedTrack;

/// A room in LiveKit's words: who is in it, what each may do, which tracks are published and who
/// receives them. Sans-IO: inputs with the time, commands to the media engine, and outputs that the
/// owner collects with take_outputs() after each turn. SDP is negotiated here; media is the
/// engine's. One thread.
///
/// Bounds: participants by max_participants and max_members, tracks per participant by max_tracks,
/// text by the limits in RoomParameters.
class Room {
 public:
  /// How long a participant whose signalling connection broke may come back (resume).
  static constexpr Duration kResumeGrace = std::chrono::seconds(10);
  /// How long a participant may be without a connected transport after joining.
  static constexpr Duration kConnectTimeout = std::chrono::seconds(60);
  /// How long one whose transport fell silent may take to resume: it was asked to.
  static constexpr Duration kSilenceGrace = std::chrono::seconds(5);
  /// How long after the last of its transports was closed by the client: as long as one whose
  /// transport fell silent.
  static constexpr Duration kMediaTimeout = media::kConsentTimeout;
  static constexpr Duration kTokenRefreshInterval = std::chrono::minutes(5);
  /// Answers to requests with an id wait so long: the Rust SDK (and all built on it) notes the id
  /// only after it has sent the request, and loses an answer that is faster.
  static constexpr Duration kRequestResponseDelay = std::chrono::milliseconds(20);
  /// How long a client may take to answer an offer of ours; then it shall start afresh.
  static constexpr Duration kAnswerTimeout = std::chrono::seconds(12);
  /// How long a track may wait for the offer that carries it: longer than any SDK waits for itself.
  static constexpr Duration kPublishTimeout = std::chrono::seconds(30);
  /// Participant counts reach clients at most this often; everything else at once.
  static constexpr Duration kCountUpdateInterval = std::chrono::seconds(1);
  /// In rooms of more than kLargeRoom, what changes about members is told to the others at most
  /// this often; in smaller ones at once.
  static constexpr size_t kLargeRoom = 100;
  static constexpr Duration kUpdateInterval = std::chrono::milliseconds(100);
  /// So many of those who left are remembered for members who were away when they did, and for so
  /// long. Who was away longer joins anew.
  static constexpr size_t kMaxGone = 4096;
  static constexpr Duration kGoneMemory = std::chrono::minutes(2);
  /// How often a participant without a signalling connection may restart ICE.
  static constexpr Duration kMinIceRestartInterval = std::chrono::seconds(1);
  /// How long a test scenario that concerns the next resume waits for one.
  static constexpr Duration kScenarioLife = std::chrono::seconds(10);

  Room(RoomParameters parameters, Now now, media::Engine& engine, RoomSecrets secrets);
  ~Room();
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  // ---- signalling

  /// The join answer is the first message of the outputs. kResourceExhausted: max_participants or
  /// max_members.
  /// An older participant of the same identity is removed first.
  Result<ParticipantKey> join(Now now, JoinParameters parameters);
  /// A participant that is still here comes back on a new connection; kNotFound otherwise. The
  /// answer to the reconnect is the first message of the outputs. The sid may be missing or
  /// another: whoever has a token of this identity is the participant, if it has as many peer
  /// connections.
  Result<ParticipantKey> resume(Now now, std::string_view identity, bool single_connection);
  /// What a client must be told instead that would resume this session, if it ended for good: it
  /// was removed, or another took its identity while it could not hear of it.
  [[nodiscard]] std::optional<server::Leave> ended(std::string_view sid) const;
  void on_message(Now now, ParticipantKey from, const ClientMessage& message);
  void on_signal_closed(Now now, ParticipantKey who);

  // ---- participants without a signalling connection

  /// Joins and publishes what one offer says. It hears nothing, so it is gone as soon as its
  /// transport fails or closes. The result is valid until the next input. Errors as those of join()
  /// and publishable(), which the caller asks before.
  Result<const OneOffer*> publish(Now now, JoinParameters parameters, const std::string& offer);
  /// Null when there is no such participant of this kind. Valid until the next input.
  [[nodiscard]] const OneOffer* one_offer(std::string_view identity, std::string_view sid) const;
  /// The client has new credentials; ours are in one_offer() then. Nothing when it has them
  /// already. kNotFound; kResourceExhausted within kMinIceRestartInterval of the last.
  Status restart_ice(Now now, std::string_view identity, std::string_view sid,
                     const rtc::IceCredentials& remote);
  /// kNotFound, unless it left within kGoneMemory.
  Status end_one_offer(Now now, std::string_view identity, std::string_view sid);

  // ---- media

  void on_transport_connected(Now now, media::TransportId transport);
  void on_transport_failed(Now now, media::TransportId transport);
  /// The client closed one of its peer connections: what it carried ends, and the participant stays
  /// while it has another or its signalling connection (then for kMediaTimeout).
  void on_transport_closed(Now now, media::TransportId transport);
  /// From the room's data router.
  void on_data(Now now, const media::DataNote& note);
  void on_speakers(Now now, const std::vector<media::Speaker>& speakers);
  void on_statistics(Now now, const std::vector<media::TrackStatistics>& tracks,
                     const std::vector<media::SubscriptionStatistics>& subscriptions);
  void on_stream_states(const std::vector<media::StreamState>& states);
  void on_paths(const std::vector<media::PathStatistics>& paths);

  // ---- statistics

  /// What a participant publishes and receives by: for media::Engine::request_snapshot().
  /// kNotFound.
  [[nodiscard]] Result<std::vector<media::TransportId>> transports_of(
      std::string_view identity) const;
  /// What the snapshot says, of this participant alone unless `identity` is empty.
  [[nodiscard]] RoomReport report(const media::RoomSnapshot& snapshot,
                                  std::string_view identity) const;

  // ---- server API

  [[nodiscard]] RoomInfo info() const;
  [[nodiscard]] std::vector<ParticipantInfo> participants() const;
  [[nodiscard]] std::optional<ParticipantInfo> participant(std::string_view identity) const;
  [[nodiscard]] const SubscribedTracks& subscribed() const { return subscribed_; }
  Status remove_participant(Now now, std::string_view identity);
  /// kResourceExhausted: this one would be one too many.
  [[nodiscard]] Status has_space_for(const ParticipantInfo& info) const;
  /// The client is told that it is in `destination` now, with a token for it, and to connect anew:
  /// it publishes there what it does here. kNotFound; kFailedPrecondition: it cannot be told.
  Status move_participant(Now now, std::string_view identity, const RoomInfo& destination);
  Result<TrackInfo> mute_track(Now now, std::string_view identity, std::string_view track_sid,
                               bool muted);
  struct ParticipantChange {
    std::string name;
    std::string metadata;
    Attributes attributes;
    std::optional<Permission> permission;
  };
  Result<ParticipantInfo> update_participant(Now now, std::string_view identity,
                                             const ParticipantChange& change);
  Status update_subscriptions(Now now, std::string_view identity,
                              const std::vector<std::string>& track_sids, bool subscribe);
  void update_metadata(Now now, std::string metadata);
  struct DataMessage {
    std::string payload;
    bool reliable = true;
    std::optional<std::string> topic;
    std::vector<std::string> destination_identities;  // both empty: everyone
    std::vector<std::string> destination_sids;
    std::string nonce;  // not empty: sent once, however often it is asked for
  };
  /// kUnavailable: the worker is far behind.
  Status send_data(const DataMessage& message);
  /// Calls a method of a participant.
  void perform_rpc(Now now, const RpcRequest& request, RpcDone done);
  /// Everyone leaves with this reason; nothing works on the room afterwards but take_outputs().
  void close(Now now, DisconnectReason reason);

  // ---- recording (room_record.cc)

  /// The best of the track goes into the queue from now on, until end_tap() or until it is
  /// unpublished. Nobody in the room sees a subscriber. kNotFound; kFailedPrecondition: it is
  /// end-to-end encrypted.
  Result<TrackTap> tap_track(std::string_view sid, std::shared_ptr<media::PacketQueue> queue);
  void end_tap(media::SubscriptionId subscription);
  /// What a participant publishes; nothing when there is no such one.
  [[nodiscard]] std::vector<TrackInfo> tracks_of(std::string_view identity) const;
  /// Clients are told at once that the room is being recorded, or no longer.
  void set_recorded(bool recorded);

  // ---- driving

  void on_timer(Now now);
  [[nodiscard]] TimePoint next_timeout() const;
  /// Ends the turn: updates and offers that it made due, then everything to be done.
  std::vector<RoomOutput> take_outputs(Now now);

  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] media::RoomId id() const { return parameters_.id; }
  [[nodiscard]] const std::string& name() const { return parameters_.name; }
  [[nodiscard]] const std::vector<RequestedAgent>& agents() const { return parameters_.agents; }
  [[nodiscard]] size_t participant_count() const { return participants_.size(); }
  /// The room of a transport, from its number alone.
  static media::RoomId room_of(media::TransportId transport);
  /// Numbers of rooms leave space for those of what is in them, so they come round.
  static media::RoomId id_after(media::RoomId id);

 private:
  enum class TimerKind : uint8_t {
    kConnect,
    kResume,
    kRefreshToken,
    kSpeaking,
    kAnswer,
    kPublish,
  };
  using TimerEntry = std::tuple<TimePoint, uint64_t, TimerKind>;

  // Lifecycle (room.cc), turns (room_turn.cc), what the members say about themselves
  // (room_members.cc).
  Participant* find(ParticipantKey key) const;
  Participant* find_identity(std::string_view identity) const;
  void leave(Now now, Participant& participant, DisconnectReason reason, server::LeaveAction action,
             bool tell);
  void activate(Now now, Participant& participant);
  void arm(Participant& participant, TimePoint at, TimerKind kind);
  void disarm(Participant& participant, TimerKind kind);
  void check_empty(Now now);
  /// Which candidates an identity asked for, across its reconnections.
  struct CandidateChoice {
    media::CandidatePolicy policy;
    bool force_relay = false;
    TimePoint until;
  };
  void choose_candidates(Now now, Participant& from, client::CandidateProtocol protocol);
  [[nodiscard]] CandidateChoice candidate_choice(Now now, const std::string& identity) const;
  [[nodiscard]] std::vector<server::IceServer> ice_servers_for(Now now,
                                                               const Participant& to) const;
  void on_update_metadata(Now now, Participant& from, const client::UpdateMetadata& request);
  void send(const Participant& to, ServerMessage message);
  void broadcast(ServerMessage message, const std::set<ParticipantKey>& except = {});
  void changed(Participant& participant);
  void notify(Now now, RoomEvent event, const Participant* participant = nullptr,
              const TrackInfo* track = nullptr);
  void flush_updates(Now now);
  void tell_changes(Now now);
  void refresh_token(Now now, Participant& participant);
  void counts_changed(Now now);
  [[nodiscard]] std::vector<ParticipantInfo> others_of(const Participant& viewer) const;
  void set_permission(Now now, Participant& participant, const Permission& permission);
  Status apply_change(Participant& participant, const ParticipantChange& change);
  uint64_t next_id();
  [[nodiscard]] Participant* find_owner(media::TransportId transport) const;
  void on_description(Now now, Participant& from, const SessionDescription& description);
  void remark(Participant& about, const std::vector<std::string>& notes);

  // Publishing (room_publish.cc, room_track_changes.cc).
  void end_published(Now now, Participant& participant);
  [[nodiscard]] std::optional<rtc::sdp::SectionDecision> decide(
      const Participant& from, const rtc::sdp::MediaSection& section) const;
  void end_tracks(Now now, Participant& from,
                  const std::vector<rtc::sdp::ReceivedSection>& sections);
  void match_sections(Now now, Participant& from,
                      const std::vector<rtc::sdp::ReceivedSection>& sections);
  void give_up_pending(Now now, Participant& participant);
  void bind(Now now, Participant& publisher, PublishedTrack& track, PublishedCodec& codec,
            const rtc::sdp::ReceivedSection& section);
  void on_add_track(Now now, Participant& from, const client::AddTrack& request);
  void on_mute(Now now, Participant& from, const MuteTrack& request);
  void set_muted(Now now, Participant& publisher, PublishedTrack& track, bool muted);
  void publish(Now now, Participant& publisher, PublishedTrack& track);
  void add_codecs(Now now, Participant& from, PublishedTrack& track,
                  const client::AddTrack& request);
  void end_codec(PublishedTrack& track, PublishedCodec& codec);
  void unpublish(Now now, Participant& publisher, std::string sid, bool tell);
  void on_update_audio_track(Participant& from, const client::UpdateAudioTrack& request);
  void on_update_video_track(Participant& from, const client::UpdateVideoTrack& request);
  void on_update_video_layers(Participant& from, const client::UpdateVideoLayers& request);
  [[nodiscard]] PublishedTrack* find_track(std::string_view sid) const;

  // Without a signalling connection (room_whip.cc).
  [[nodiscard]] Participant* find_one_offer(std::string_view identity, std::string_view sid) const;
  Result<std::vector<rtc::sdp::ReceivedSection>> take_one_offer(Participant& from,
                                                                const std::string& offer);

  // Data (room_data.cc).
  void on_publish_data_track(Participant& from, const client::PublishDataTrack& request);
  void on_unpublish_data_track(Participant& from, const client::UnpublishDataTrack& request);
  void on_update_data_subscription(Participant& from,
                                   const client::UpdateDataSubscription& request);
  void on_store_data_blob(Participant& from, const client::StoreDataBlob& request);
  void on_get_data_blob(Participant& from, const client::GetDataBlob& request);
  void on_sync_data(Participant& from, const client::SyncState& state);
  bool subscribe_data_track(const Participant& subscriber, const Participant& publisher,
                            const std::string& sid, uint32_t target_fps);
  void auto_subscribe_data_tracks(const Participant& subscriber);
  void end_data_track(const Participant& publisher, const DataTrackInfo& track);
  void end_data_tracks(Participant& publisher, bool tell);
  void forget_data(Participant& participant);
  void route_data_track(const Participant& publisher, const std::string& sid);
  void tell_data_handles(ParticipantKey to);
  [[nodiscard]] TimePoint next_data_timeout() const;
  void on_data_timer(Now now);

  // Subscribing (room_subscribe.cc).
  void reconcile(Participant& subscriber, PublishedTrack& track);
  void tell_permission(Participant& subscriber, const PublishedTrack& track);
  void reconcile_all(Participant& subscriber);
  [[nodiscard]] bool wanted(const Participant& subscriber, const PublishedTrack& track) const;
  [[nodiscard]] bool permitted(const Participant& subscriber, const PublishedTrack& track) const;
  void subscribe(Participant& subscriber, PublishedTrack& track);
  void unsubscribe(Participant& subscriber, const std::string& track_sid);
  void choose(Participant& subscriber, const std::vector<std::string>& track_sids, bool subscribe);
  void on_subscription_permission(Participant& from,
                                  const client::SubscriptionPermission& permission);
  void on_track_settings(Participant& from, const client::UpdateTrackSettings& settings);
  void settings_changed(const Participant& subscriber, const Subscription& subscription,
                        const PublishedTrack& track);
  void on_sent(Participant& subscriber, Negotiated& negotiated);
  bool settle_source(Participant& subscriber, Subscription& subscription, PublishedTrack& track);
  void settle_sources(PublishedTrack& track);
  void settle_taps(const PublishedTrack& track);
  void end_taps(std::string_view track);
  [[nodiscard]] bool tapped(const PublishedTrack& track) const;
  void start_sending(Participant& subscriber, Subscription& subscription, PublishedTrack& track);
  void stop_sending(Participant& subscriber, Subscription& subscription);
  void open_subscriber(Participant& participant);
  void flush_negotiations(Now now);
  void serve_again(Participant& subscriber);

  // What clients wish to receive (room_wishes.cc).
  [[nodiscard]] WishedTrack wished(const Subscription& subscription,
                                   const PublishedTrack& track) const;
  [[nodiscard]] media::LayerRequest layer_request(const Participant& subscriber,
                                                  const Subscription& subscription,
                                                  const PublishedTrack& track) const;
  void on_receive_profile(Participant& from, const std::string& payload);
  void tell_path_limits(Participant& subscriber);
  void rank_videos(Participant& subscriber);
  void give_floor(ParticipantKey publisher);

  // How well media flows, and which of it is wanted (room_quality.cc).
  void check_quality(Now now);
  static int expected_layers(const PublishedTrack& track, size_t place);
  void watch_layers(Now now, Participant& publisher);
  void tell_state_of_others(const Participant& joined);
  void silent(Now now, Participant& participant);
  void wants_changed(const PublishedTrack& track);
  void flush_wants(Now now);
  void tell_wanted_layers(Now now, Participant& publisher, PublishedTrack& track);
  void tell_wanted_audio(Participant& publisher, PublishedTrack& track);
  void arm_dynacast(PublishedTrack& track, TimePoint at);

  // Coming back, and trouble on request (room_resume.cc).
  void tell_missed(Now now, Participant& participant);
  void remember_gone(Now now, const ParticipantInfo& info);
  void on_sync_state(Now now, Participant& from, const client::SyncState& state);
  void on_simulate(Now now, Participant& from, const client::Simulate& request);
  bool hang_up_on_resume(Now now, Participant& participant, bool answered);

  RoomParameters parameters_;
  media::Engine& engine_;
  RoomSecrets secrets_;
  std::string sid_;
  std::string sif_trailer_;
  WallTime created_;
  bool closed_ = false;
  uint32_t last_id_ = 0;

  std::map<ParticipantKey, std::unique_ptr<Participant>> participants_;
  std::map<std::string, Participant*, std::less<>> by_identity_;
  std::unique_ptr<PeerConnections> connections_;
  std::unique_ptr<RoomData> data_;
  std::map<std::string, CandidateChoice> candidate_choices_;
  std::map<std::string, PublishedTrack*, std::less<>> tracks_;  // published ones, by sid
  std::unordered_map<uint64_t, PublishedTrack*> tracks_by_id_;  // by each codec's id
  std::unordered_map<uint64_t, Participant*> by_subscription_;  // those the engine has
  SubscribedTracks subscribed_;                                 // of those

  std::set<TimerEntry> timers_;
  std::optional<TimePoint> close_at_;  // while nobody is in
  std::optional<TimePoint> count_update_at_;
  bool recording_ = false;  // a recorder was in when the counts changed last
  bool recorded_ = false;   // by this process
  struct Tap {
    media::TransportId transport;
    std::string track;
  };
  std::map<media::SubscriptionId, Tap> taps_;
  std::deque<std::pair<TimePoint, SendMessage>> delayed_;
  TimePoint last_count_update_;
  bool anybody_joined_ = false;

  ParticipantKey floor_;                                         // who spoke last
  std::map<std::string, float> speaking_;                        // participant sid → level
  std::optional<TimePoint> quality_at_;                          // while somebody is connected
  TimePoint quality_window_;                                     // its end
  std::set<std::pair<TimePoint, std::string>> dynacast_timers_;  // by track sid

  // Since the last take_outputs().
  std::set<ParticipantKey> dirty_infos_;
  std::set<ParticipantKey> dirty_negotiations_;
  std::set<std::string> dirty_wants_;  // of tracks, by sid
  std::vector<ParticipantInfo> departed_;
  /// Who left, oldest first: for those whose signalling connection is lost or about to be.
  std::deque<std::pair<TimePoint, ParticipantInfo>> gone_;
  TimePoint gone_since_;  // of all who left later there is an entry
  TimePoint last_update_;
  std::optional<TimePoint> update_at_;  // when what is dirty is told, in a large room
  bool room_changed_ = false;
  // After the updates: clients forget what they hear of tracks that they do not know yet.
  std::vector<std::pair<ParticipantKey, server::SubscriptionPermissionUpdate>> permission_updates_;
  std::vector<RoomOutput> outputs_;
};

}  // namespace turms::livekit
