#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "livekit/negotiation.h"
#include "livekit/room.h"
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
  std::vector<rtc::CodecParameters> codecs;  // negotiated with the publisher, what it sends first
  std::vector<std::string> rids;             // lowest layer first
  bool live = false;                         // negotiated: the engine has it
};

struct PublishedTrack {
  ParticipantKey publisher;
  TrackInfo info;
  std::vector<PublishedCodec> codecs;  // the primary one first; as info.codecs
  bool live = false;                   // has a live codec: others know of it
  bool subscribed_once = false;
  std::set<ParticipantKey> subscribers;
};

/// A codec of a track of a participant; both null: none.
struct CodecOfTrack {
  PublishedTrack* track = nullptr;
  PublishedCodec* codec = nullptr;
  explicit operator bool() const { return track != nullptr; }
};

struct Subscription {
  media::SubscriptionId id;
  media::TrackId source;  // the codec of the track that it takes
  std::string mid;        // empty: not negotiated yet
  rtc::Ssrc ssrc;
  rtc::Ssrc rtx_ssrc;
  bool sending = false;  // the engine has it
  // What the client asked for.
  bool disabled = false;
  VideoQuality quality = VideoQuality::kHigh;
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t fps = 0;
};

/// Packet counts of one stream when the score was last taken.
struct PacketCounts {
  uint64_t packets = 0;
  uint64_t lost = 0;
};

/// Connection quality from loss and round trip, on the scale LiveKit's clients know: 100 is
/// perfect; it falls quickly and recovers slowly.
class QualityScore {
 public:
  /// One window of observation. Returns true when the level changed.
  bool add(double loss_ratio, Duration round_trip);
  [[nodiscard]] ConnectionQuality level() const;
  [[nodiscard]] float score() const { return score_ / 20.0F; }  // LiveKit's scale ends at 5

 private:
  float score_ = 100;
  bool told_ = false;
  ConnectionQuality last_ = ConnectionQuality::kExcellent;
};

/// Which tracks of a publisher somebody may have.
struct AllowedTracks {
  bool all = false;
  std::set<std::string, std::less<>> sids;
};
using AllowedSubscribers = std::map<std::string, AllowedTracks, std::less<>>;

struct Participant {
  ParticipantKey key;
  ParticipantInfo info;  // without tracks
  Grants grants;
  bool auto_subscribe = true;
  bool signal_up = true;
  bool announced = false;  // participant_joined was sent
  bool hung_up = false;    // it closed the last of its transports

  std::unique_ptr<Negotiation> negotiation;

  // Publishing.
  std::vector<std::unique_ptr<PublishedTrack>> tracks;
  /// Sections that send and that no add_track has claimed yet.
  std::vector<rtc::sdp::ReceivedSection> unclaimed;
  bool restricts_subscriptions = false;
  AllowedSubscribers allowed_sids;  // who may subscribe then, by participant sid and by identity
  AllowedSubscribers allowed_identities;

  // Subscribing.
  bool receives = true;  // false: it closed the connection that it received by
  std::map<std::string, Subscription> subscriptions;  // by track sid
  std::map<std::string, bool, std::less<>> choices;   // what the client asked for, by track sid
  /// Tracks (sids) that it was told their publisher keeps from it.
  std::set<std::string, std::less<>> forbidden;

  QualityScore quality;
  std::map<uint64_t, PacketCounts> counts;  // by track or subscription id

  std::map<int, TimePoint> timers;  // by Room::TimerKind

  [[nodiscard]] ParticipantInfo full_info() const;
  [[nodiscard]] bool dependent() const;
  /// What waits for a section with this id, and failing that what has one.
  CodecOfTrack find_cid(std::string_view cid) const;
  CodecOfTrack find_pending(std::string_view cid) const;
  PublishedTrack* find_sid(std::string_view sid) const;
  /// What has the section.
  CodecOfTrack find_mid(std::string_view mid) const;

 private:
  CodecOfTrack find_codec(bool live, std::string PublishedCodec::*field,
                          std::string_view value) const;
};

}  // namespace turms::livekit
