#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "livekit/types.h"
#include "media/engine.h"

/// What flows in a room and why it is no more, in words of LiveKit: what media::RoomSnapshot says
/// of ids, for those who know tracks and participants. See docs/statistics.md.
namespace turms::livekit {

/// A layer of a track; sizes as its publisher announced them, 0: not told.
struct LayerChoice {
  int spatial = -1;  // an encoding of simulcast, or a layer inside a stream; -1: none
  int temporal = -1;
  uint32_t width = 0;
  uint32_t height = 0;
};

struct LayerReport {
  LayerChoice layer;
  bool active = false;
  media::LayerStatistics statistics;
};

/// One codec of a published track.
struct PublishedReport {
  std::string track;  // sid
  TrackType type = TrackType::kAudio;
  TrackSource source = TrackSource::kUnknown;
  std::string codec;  // "VP8"
  bool muted = false;
  std::vector<LayerReport> layers;  // lowest first
};

struct SubscriptionReport {
  std::string track;      // sid
  std::string publisher;  // identity
  TrackType type = TrackType::kAudio;
  TrackSource source = TrackSource::kUnknown;
  std::string codec;
  /// The client has accepted it, so that the media workers know of it; else there are no
  /// statistics.
  bool negotiated = false;
  LayerChoice best;  // that is announced
  LayerChoice wanted;
  LayerChoice allocated;
  LayerChoice sent;
  media::SubscriptionStatistics statistics;
};

struct ParticipantReport {
  std::string identity;
  std::string sid;
  std::string name;
  std::vector<PublishedReport> published;
  /// Of the connection that it receives video by.
  std::optional<media::PathStatistics> path;
  std::vector<SubscriptionReport> subscriptions;
};

struct RoomReport {
  std::string name;
  std::string sid;
  std::vector<ParticipantReport> participants;
  bool truncated = false;
};

/// "camera", "microphone", "screen_share", "screen_share_audio", "unknown".
std::string_view name_of(TrackSource source);
/// What keeps it from a better layer, as LayerLimit's names; "not_negotiated".
std::string_view limit_of(const SubscriptionReport& subscription);
/// The same in a sentence for people, with sizes and rates: "320x180 of 1280x720: the network
/// carries 540 kbit/s".
std::string explain(const SubscriptionReport& subscription,
                    const std::optional<media::PathStatistics>& path);

/// A rate in words, as explain() has them: `540 kbit/s`, `2.1 Mbit/s`.
std::string rate_text(double bits_per_second);

std::string to_json(const RoomReport& report);
/// Of one participant, which knows its room.
std::string to_json(const ParticipantReport& report);

}  // namespace turms::livekit
