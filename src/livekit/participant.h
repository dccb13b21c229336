#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "livekit/connection_quality.h"
#include "livekit/dynacast.h"
#include "livekit/layer_watch.h"
#include "livekit/negotiation.h"
#include "livekit/room.h"
#include "livekit/subscriber_wishes.h"
#include "media/engine.h"
#include "rtc/sdp/negotiate.h"

// What a Room keeps per participant. For room*.cc only.
namespace turms::livekit {

/// One codec of a published track: a section of the client's offer, and a receive track of its own
/// in the engine.
struct PublishedCodec {
  media::TrackId id;
  std::string cid;
  std::string mid;
  std::string track_id;                      // in the description; most clients say the cid
  std::vector<rtc::CodecParameters> codecs;  // negotiated with the publisher, what it sends first
  std::vector<std::string> rids;             // lowest layer first
  bool live = false;                         // negotiated: the engine has it
  LayerWatch layers;                         // of video
};

struct PublishedTrack {
  ParticipantKey publisher;
  TrackInfo info;
  std::vector<PublishedCodec> codecs;  // the primary one first; as info.codecs
  bool live = false;                   // has a live codec: others know of it
  /// Subscribers take the second codec where they can: somebody cannot decode the first, and the
  /// publisher wants to send one only.
  bool regressed = false;
  bool subscribed_once = false;
  TimePoint asked_at;  // by add_track
  std::set<ParticipantKey> subscribers;
  Dynacast dynacast;                       // of video
  std::map<std::string, bool> told_audio;  // codecs of sound that its publisher knows of
  TimePoint dynacast_at = kNever;          // its timer
  TimePoint flows_since;                   // published, or no longer muted

  [[nodiscard]] std::optional<size_t> place_of(media::TrackId codec) const;
  /// Lowest first, of the codec with this id; of the track when there is none.
  [[nodiscard]] const std::vector<VideoLayer>& layers_of(media::TrackId codec) const;
};

/// A codec of a track of a participant; both null: none.
struct CodecOfTrack {
  PublishedTrack* track = nullptr;
  PublishedCodec* codec = nullptr;
  explicit operator bool() const { return track != nullptr; }
};

struct Subscription {
  media::SubscriptionId id;
  TrackType type = TrackType::kAudio;
  media::TrackId source;  // the codec of the track that it takes
  std::string mid;        // empty: not negotiated yet
  /// What its client can decode of what it was offered, and how: once it has answered.
  std::vector<rtc::CodecParameters> accepted;
  rtc::ExtensionMap extensions;
  rtc::Ssrc ssrc;
  rtc::Ssrc rtx_ssrc;
  bool sending = false;  // the engine has it
  TrackSettings settings;
  bool over_limit = false;  // its subscriber wishes fewer videos, and others matter more
};

/// Which tracks of a publisher somebody may have.
struct AllowedTracks {
  bool all = false;
  std::set<std::string, std::less<>> sids;
};
using AllowedSubscribers = std::map<std::string, AllowedTracks, std::less<>>;

/// Of who was asked to resume. Some SDKs do at once, and are disturbed when their connection ends
/// meanwhile; others wait for its end.
inline constexpr Duration kHangUpDelay = std::chrono::seconds(2);

/// Clients of older protocols tell tracks apart by the id of their stream.
inline constexpr int32_t kSharedStreamProtocol = 10;

inline constexpr TimePoint kNoTime = TimePoint::min();

struct Participant {
  ParticipantKey key;
  ParticipantInfo info;  // without tracks
  Grants grants;
  int32_t protocol = kProtocolVersion;
  bool auto_subscribe = true;
  bool auto_subscribe_data_tracks = false;
  bool adaptive_stream = false;
  bool single_connection = false;  // in place of two
  bool sync_streams = false;       // receives the tracks of a stream as one stream
  bool playout_delay = true;       // it is asked for the one of the room
  media::PathLimits path_limits;   // of what it receives
  bool path_limits_told = true;
  uint64_t simulated_bps = 0;  // on request; 0: no limit
  SubscriberWishes wishes;
  bool signal_up = true;
  bool announced = false;  // participant_joined was sent
  bool hung_up = false;    // it closed the last of its transports
  /// It has no signalling connection, and never has: signal_up is false.
  std::unique_ptr<OneOffer> one_offer;

  std::unique_ptr<Negotiation> negotiation;

  // Publishing.
  std::vector<std::unique_ptr<PublishedTrack>> tracks;
  /// Sections that send and that no add_track has claimed yet.
  std::vector<rtc::sdp::ReceivedSection> unclaimed;
  /// Sections that go on sending what was taken from them, by mid, with the track id they name:
  /// they are for no other track.
  std::map<std::string, std::string, std::less<>> spent;
  bool restricts_subscriptions = false;
  AllowedSubscribers allowed_sids;  // who may subscribe then, by participant sid and by identity
  AllowedSubscribers allowed_identities;

  // Subscribing.
  bool receives = true;  // false: it closed the connection that it received by
  std::map<std::string, Subscription> subscriptions;  // by track sid
  std::map<std::string, bool, std::less<>> choices;   // what the client asked for, by track sid
  /// Said before the subscription that they are for, or outliving one that the client did not end.
  std::map<std::string, TrackSettings, std::less<>> settings;
  /// Tracks (sids) that it was told their publisher keeps from it (false), or no longer does.
  std::map<std::string, bool, std::less<>> told_allowed;
  /// Tracks (sids) that no description has room for.
  std::set<std::string, std::less<>> unserved;
  std::vector<std::string> notes;  // the last that were remarked on

  ConnectionScore quality;  // streams by track or subscription id
  bool silent = false;      // a transport failed, and its client was asked to resume
  bool media_lost = false;  // that transport carried media
  /// Asked to resume: its connection ends when the timer for that fires, and it has so long then.
  Duration rest_of_grace{0};

  // Trouble that a test asked for: until when, and how often yet.
  TimePoint hang_up_on_resume = kNoTime;
  TimePoint hang_up_unanswered = kNoTime;
  int unanswered_left = 0;

  TimePoint heard_at;  // its last message

  std::map<int, TimePoint> timers;  // by Room::TimerKind

  [[nodiscard]] ParticipantInfo full_info() const;
  [[nodiscard]] bool dependent() const { return info.is_dependent(); }
  /// What waits for a section with this id, and failing that what has one.
  CodecOfTrack find_cid(std::string_view cid) const;
  CodecOfTrack find_pending(std::string_view cid) const;
  /// What of this kind waits longest.
  CodecOfTrack first_pending(rtc::MediaKind kind) const;
  PublishedTrack* find_sid(std::string_view sid) const;
  /// What has the section.
  CodecOfTrack find_mid(std::string_view mid) const;

 private:
  CodecOfTrack find_codec(bool live, std::string PublishedCodec::*field,
                          std::string_view value) const;
};

}  // namespace turms::livekit
