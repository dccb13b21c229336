#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "livekit/room.h"
#include "media/engine.h"
#include "rtc/sdp/description.h"
#include "rtc/sdp/negotiate.h"

// What a Room keeps per participant. For room*.cc only.
namespace turms::livekit {

/// One of a participant's two peer connections.
struct Transport {
  media::TransportId id;  // 0: not opened
  rtc::IceCredentials ice;
  std::string remote_ufrag;  // empty: no description yet
  bool connected = false;
};

struct PublishedTrack {
  media::TrackId id;
  ParticipantKey publisher;
  std::string cid;
  TrackInfo info;
  std::vector<rtc::CodecParameters> codecs;  // negotiated with the publisher
  std::vector<std::string> rids;             // lowest layer first
  bool live = false;                         // negotiated: others know of it
  bool subscribed_once = false;
  std::set<ParticipantKey> subscribers;
};

struct Subscription {
  media::SubscriptionId id;
  media::TrackId track;
  std::string mid;
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
  bool subscriber_primary = true;
  bool announced = false;  // participant_joined was sent
  bool hung_up = false;    // it closed the last of its transports

  Transport publisher;
  Transport subscriber;

  // Publishing.
  uint64_t answer_version = 0;
  std::vector<std::unique_ptr<PublishedTrack>> tracks;
  /// Sections that send and that no add_track has claimed yet.
  std::vector<rtc::sdp::ReceivedSection> unclaimed;
  bool restricts_subscriptions = false;
  AllowedSubscribers allowed_sids;  // who may subscribe then, by participant sid and by identity
  AllowedSubscribers allowed_identities;

  // Subscribing.
  rtc::sdp::SubscriberPlan plan;
  std::map<std::string, Subscription> subscriptions;  // by track sid
  std::map<std::string, bool, std::less<>> choices;   // what the client asked for, by track sid
  /// Tracks (sids) that it was told their publisher keeps from it.
  std::set<std::string, std::less<>> forbidden;
  std::optional<rtc::sdp::SessionDescription> offered;  // waits for its answer
  uint32_t offer_id = 0;
  bool receives = true;      // false: it closed its subscriber connection
  bool offer_stale = false;  // something changed since `offered`

  QualityScore quality;
  std::map<uint64_t, PacketCounts> counts;  // by track or subscription id

  std::map<int, TimePoint> timers;  // by Room::TimerKind

  [[nodiscard]] ParticipantInfo full_info() const;
  [[nodiscard]] bool dependent() const;
  /// What waits for a section with this id, and failing that what has one.
  PublishedTrack* find_cid(std::string_view cid) const;
  PublishedTrack* find_pending(std::string_view cid) const;
  PublishedTrack* find_sid(std::string_view sid) const;
  PublishedTrack* find_mid(std::string_view mid) const;
};

}  // namespace turms::livekit
