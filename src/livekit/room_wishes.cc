// What clients wish to receive, and what the engine is asked for because of it.
#include <algorithm>
#include <utility>

#include "livekit/participant.h"
#include "livekit/room.h"

namespace turms::livekit {

WishedTrack Room::wished(const Subscription& subscription, const PublishedTrack& track) const {
  WishedTrack out;
  out.video = track.info.type == TrackType::kVideo;
  out.screen_share = track.info.source == TrackSource::kScreenShare;
  out.speaking = track.publisher == floor_;
  out.settings = subscription.settings;
  out.layers = track.layers_of(subscription.source);
  return out;
}

media::LayerRequest Room::layer_request(const Participant& subscriber,
                                        const Subscription& subscription,
                                        const PublishedTrack& track) const {
  media::LayerRequest request = subscriber.wishes.request(wished(subscription, track));
  if (subscription.over_limit) request.paused = true;
  return request;
}

// From the client itself, over its data channel.
void Room::on_receive_profile(Participant& from, const std::string& payload) {
  auto profile = parse_receive_profile(payload);
  if (!profile) return remark(from, {profile.error().message});
  SubscriberWishes wishes(std::move(*profile));
  if (wishes.profile() == from.wishes.profile()) return;
  from.wishes = std::move(wishes);
  tell_path_limits(from);
  for (const auto& [sid, subscription] : from.subscriptions) {
    settings_changed(from, subscription, *find_track(sid));
  }
  rank_videos(from);
}

void Room::tell_path_limits(Participant& subscriber) {
  const uint64_t asked = uint64_t{subscriber.wishes.profile().max_kbps} * 1000;
  const uint64_t simulated = subscriber.simulated_bps;
  uint64_t& limit = subscriber.path_limits.max_bps;
  limit = asked == 0 || simulated == 0 ? std::max(asked, simulated) : std::min(asked, simulated);
  const media::TransportId transport = subscriber.negotiation->subscriber();
  subscriber.path_limits_told = static_cast<bool>(transport);
  if (transport) engine_.set_path_limits(transport, subscriber.path_limits);
}

// Which of its videos go on, where it wishes for fewer than there are.
void Room::rank_videos(Participant& subscriber) {
  std::vector<std::pair<Subscription*, const PublishedTrack*>> videos;
  for (auto& [sid, subscription] : subscriber.subscriptions) {
    if (subscription.type != TrackType::kVideo) continue;
    // What it cannot decode, or has not answered for yet, takes nobody's place.
    if (subscription.mid.empty()) continue;
    if (subscription.over_limit || subscriber.wishes.counts_videos()) {
      videos.emplace_back(&subscription, find_track(sid));
    }
  }
  if (videos.empty()) return;
  std::ranges::sort(videos, {}, [](const auto& video) { return video.first->id; });
  std::vector<WishedTrack> tracks;
  for (const auto& [subscription, track] : videos) tracks.push_back(wished(*subscription, *track));
  const std::vector<media::LayerRequest> requests = subscriber.wishes.requests(tracks);
  for (size_t i = 0; i < videos.size(); ++i) {
    const auto& [subscription, track] = videos[i];
    const bool alone = subscriber.wishes.request(tracks[i]).paused;
    const bool over = requests[i].paused && !alone;
    if (std::exchange(subscription->over_limit, over) == over) continue;
    settings_changed(subscriber, *subscription, *track);
  }
}

// Whoever speaks is among the few videos that a saver shows.
void Room::give_floor(ParticipantKey publisher) {
  if (std::exchange(floor_, publisher) == publisher) return;
  for (const auto& [key, participant] : participants_) {
    if (participant->wishes.counts_videos()) rank_videos(*participant);
  }
}

}  // namespace turms::livekit
