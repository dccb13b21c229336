// What the media workers know of a room, in its own words.
#include <algorithm>
#include <unordered_map>

#include "livekit/participant.h"
#include "livekit/room.h"
#include "livekit/room_report.h"

namespace turms::livekit {
namespace {

template <class Value, class Id>
std::unordered_map<uint64_t, const Value*> index(const std::vector<Value>& all, Id Value::*id) {
  std::unordered_map<uint64_t, const Value*> out;
  for (const Value& value : all) out.emplace((value.*id).value, &value);
  return out;
}

LayerChoice choice(const std::vector<VideoLayer>& layers, int spatial, int temporal = -1) {
  LayerChoice out{.spatial = spatial, .temporal = temporal};
  const auto place = static_cast<size_t>(spatial);
  if (spatial >= 0 && place < layers.size()) {
    out.width = layers[place].width;
    out.height = layers[place].height;
  }
  return out;
}

// "VP8" of "video/VP8".
std::string codec_name(const PublishedTrack& track, size_t place) {
  const std::string& mime =
      place < track.info.codecs.size() ? track.info.codecs[place].mime_type : track.info.mime_type;
  return mime.substr(mime.find('/') + 1);
}

void fill(PublishedReport& report, const std::vector<VideoLayer>& layers,
          const media::TrackStatistics& statistics) {
  for (int i = 0; i < statistics.layer_count; ++i) {
    report.layers.push_back({.layer = choice(layers, i),
                             .active = (statistics.active_layers >> i & 1) != 0,
                             .statistics = statistics.layers[static_cast<size_t>(i)]});
  }
}

void fill(SubscriptionReport& report, const std::vector<VideoLayer>& layers,
          const media::SubscriptionStatistics& statistics) {
  report.negotiated = true;
  report.statistics = statistics;
  report.best = choice(layers, std::max<int>(static_cast<int>(layers.size()), 1) - 1);
  report.wanted = choice(layers, statistics.wanted_spatial);
  report.allocated = choice(layers, statistics.allocated_spatial, statistics.allocated_temporal);
  report.sent = choice(layers, statistics.current_spatial, statistics.current_temporal);
}

}  // namespace

Result<std::vector<media::TransportId>> Room::transports_of(std::string_view identity) const {
  const Participant* participant = find_identity(identity);
  if (participant == nullptr) return fail(ErrorCode::kNotFound, "participant does not exist");
  std::vector<media::TransportId> out;
  const Negotiation& negotiation = *participant->negotiation;
  for (const media::TransportId id : {negotiation.publisher(), negotiation.subscriber()}) {
    const bool is_new = out.empty() || out.front() != id;
    if (id != media::TransportId() && is_new) out.push_back(id);
  }
  return out;
}

RoomReport Room::report(const media::RoomSnapshot& snapshot, std::string_view identity) const {
  const auto tracks = index(snapshot.tracks, &media::TrackStatistics::track);
  const auto subscriptions =
      index(snapshot.subscriptions, &media::SubscriptionStatistics::subscription);
  const auto paths = index(snapshot.paths, &media::PathStatistics::transport);
  RoomReport out{.name = name(), .sid = sid_, .truncated = snapshot.truncated};
  for (const auto& [key, participant] : participants_) {
    if (!identity.empty() && participant->info.identity != identity) continue;
    ParticipantReport& report = out.participants.emplace_back();
    report.identity = participant->info.identity;
    report.sid = participant->info.sid;
    report.name = participant->info.name;
    for (const auto& track : participant->tracks) {
      for (size_t place = 0; place < track->codecs.size(); ++place) {
        const PublishedCodec& codec = track->codecs[place];
        const auto known = tracks.find(codec.id.value);
        if (!codec.live || known == tracks.end()) continue;
        PublishedReport& published = report.published.emplace_back();
        published = {.track = track->info.sid,
                     .type = track->info.type,
                     .source = track->info.source,
                     .codec = codec_name(*track, place),
                     .muted = track->info.muted};
        fill(published, track->layers_of(codec.id), *known->second);
      }
    }
    const auto path = paths.find(participant->negotiation->subscriber().value);
    if (path != paths.end()) report.path = *path->second;
    for (const auto& [sid, subscription] : participant->subscriptions) {
      const PublishedTrack* track = find_track(sid);
      const Participant* publisher = track == nullptr ? nullptr : find(track->publisher);
      if (publisher == nullptr) continue;
      SubscriptionReport& subscribed = report.subscriptions.emplace_back();
      subscribed = {.track = sid,
                    .publisher = publisher->info.identity,
                    .type = track->info.type,
                    .source = track->info.source,
                    .codec = codec_name(*track, track->place_of(subscription.source).value_or(0))};
      const auto known = subscriptions.find(subscription.id.value);
      if (known == subscriptions.end()) continue;
      fill(subscribed, track->layers_of(subscription.source), *known->second);
    }
  }
  return out;
}

}  // namespace turms::livekit
