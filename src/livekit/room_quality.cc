// What everyone hears about how members are (speakers, connection quality), and what publishers
// hear about which of their layers are wanted.
#include <algorithm>
#include <bit>
#include <utility>

#include "livekit/participant.h"
#include "livekit/room.h"

namespace turms::livekit {
namespace {

// "vp8" of "video/VP8": what publishers are told.
std::string codec_name(const PublishedTrack& track, size_t place) {
  const std::string& mime = track.info.codecs[place].mime_type;
  std::string out = mime.substr(mime.find('/') + 1);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

VideoQuality better(VideoQuality a, VideoQuality b) {
  if (a == VideoQuality::kOff) return b;
  if (b == VideoQuality::kOff) return a;
  return std::max(a, b);
}

VideoQuality quality_of(const media::LayerRequest& request, const std::vector<VideoLayer>& layers) {
  if (request.paused) return VideoQuality::kOff;
  const auto layer = static_cast<size_t>(std::max(request.max_spatial, 0));
  if (layers.size() <= 1 || layer >= layers.size()) return VideoQuality::kHigh;
  return layers[layer].quality;
}

/// Below the one that is wanted, as far as it flows: what the publisher does not send, or nobody
/// asks for, says nothing of the subscriber's path. Neither does a pause, which is told apart.
int layers_below(const media::SubscriptionStatistics& subscription) {
  if (subscription.wanted_spatial < 0 || subscription.paused) return 0;
  const unsigned wanted = (2U << std::min(subscription.wanted_spatial, 7)) - 1;
  const int possible = std::bit_width(subscription.active_layers & wanted) - 1;
  return std::max(0, possible - std::max(subscription.allocated_spatial, 0));
}

}  // namespace

// ---- speakers

void Room::on_speakers(Now /*now*/, const std::vector<media::Speaker>& speakers) {
  std::map<std::string, float> now_speaking;
  std::vector<std::string> order;
  for (const media::Speaker& speaker : speakers) {
    const auto track = tracks_by_id_.find(speaker.track.value);
    if (track == tracks_by_id_.end()) continue;
    const Participant* publisher = find(track->second->publisher);
    if (publisher == nullptr || publisher->info.permission.hidden) continue;
    if (order.empty()) give_floor(publisher->key);
    const auto [said, added] = now_speaking.try_emplace(publisher->info.sid, speaker.level);
    if (added) {
      order.push_back(publisher->info.sid);
    } else {
      said->second = std::max(said->second, speaker.level);
    }
  }
  server::SpeakersChanged message;
  for (const std::string& sid : order) {
    const float level = now_speaking[sid];
    const auto before = speaking_.find(sid);
    if (before == speaking_.end() || before->second != level) {
      message.speakers.push_back({sid, level, true});
    }
  }
  for (const auto& [sid, level] : speaking_) {
    if (!now_speaking.contains(sid)) message.speakers.push_back({sid, 0, false});
  }
  speaking_ = std::move(now_speaking);
  if (!message.speakers.empty()) broadcast(std::move(message));
}

// Who is there now hears only of changes from here on.
void Room::tell_state_of_others(const Participant& joined) {
  server::SpeakersChanged speakers;
  for (const auto& [sid, level] : speaking_) {
    if (sid != joined.info.sid) speakers.speakers.push_back({sid, level, true});
  }
  if (!speakers.speakers.empty()) send(joined, std::move(speakers));

  server::ConnectionQualityUpdate qualities;
  for (const auto& [key, other] : participants_) {
    if (key == joined.key || other->info.permission.hidden || !other->quality.told()) continue;
    qualities.updates.push_back({other->info.sid, other->quality.level(), other->quality.mos()});
  }
  if (!qualities.updates.empty()) send(joined, std::move(qualities));
}

// ---- connection quality

void Room::on_statistics(Now /*now*/, const std::vector<media::TrackStatistics>& tracks,
                         const std::vector<media::SubscriptionStatistics>& subscriptions) {
  for (const media::TrackStatistics& statistics : tracks) {
    const auto track = tracks_by_id_.find(statistics.track.value);
    if (track == tracks_by_id_.end()) continue;
    if (Participant* publisher = find(track->second->publisher)) {
      StreamReport report;
      report.packets = statistics.packets;
      report.packets_lost = statistics.packets_lost;
      report.video = track->second->info.type == TrackType::kVideo;
      for (const auto& layer : statistics.layers) {
        report.jitter =
            std::max<Duration>(report.jitter, std::chrono::microseconds(layer.jitter_us));
        report.queue = std::max<Duration>(report.queue, std::chrono::microseconds(layer.queue_us));
      }
      for (PublishedCodec& codec : track->second->codecs) {
        if (codec.id == statistics.track) codec.layers.set_flowing(statistics.active_layers);
      }
      publisher->quality.report(statistics.track.value, report);
    }
  }
  for (const media::SubscriptionStatistics& statistics : subscriptions) {
    const auto subscriber = by_subscription_.find(statistics.subscription.value);
    if (subscriber == by_subscription_.end()) continue;
    StreamReport report;
    report.packets = statistics.packets;
    report.packets_lost = statistics.packets_lost;
    report.round_trip = std::chrono::microseconds(statistics.round_trip_us);
    report.jitter = std::chrono::microseconds(statistics.jitter_us);
    report.video = statistics.wanted_spatial >= 0;
    report.layers_below = layers_below(statistics);
    subscriber->second->quality.report(statistics.subscription.value, report);
  }
}

void Room::on_stream_states(const std::vector<media::StreamState>& states) {
  std::map<ParticipantKey, server::StreamStateUpdate> updates;
  for (const media::StreamState& state : states) {
    const auto subscriber = by_subscription_.find(state.subscription.value);
    if (subscriber == by_subscription_.end()) continue;
    for (const auto& [sid, subscription] : subscriber->second->subscriptions) {
      if (subscription.id != state.subscription) continue;
      const auto track = tracks_by_id_.find(subscription.source.value);
      if (track == tracks_by_id_.end()) break;
      const Participant* publisher = find(track->second->publisher);
      if (publisher == nullptr) break;
      subscriber->second->quality.set_paused(state.subscription.value, state.paused);
      updates[subscriber->second->key].streams.push_back(
          {publisher->info.sid, sid,
           state.paused ? server::StreamState::kPaused : server::StreamState::kActive});
      break;
    }
  }
  for (auto& [key, update] : updates) {
    if (const Participant* subscriber = find(key)) send(*subscriber, std::move(update));
  }
}

void Room::on_paths(const std::vector<media::PathStatistics>& paths) {
  for (const media::PathStatistics& path : paths) {
    Participant* subscriber = find_owner(path.transport);
    if (subscriber == nullptr) continue;
    PathReport report;
    report.wanted_bps = path.wanted_bps;
    report.allocated_bps = path.allocated_bps;
    report.queue = std::chrono::microseconds(path.queue_us);
    report.loss = static_cast<double>(path.loss);
    subscriber->quality.report_path(report);
  }
}

// How many layers of the codec should come, from the lowest on: those that were announced and that
// its publisher was told to send. 0: as far as is known nobody watches it.
int Room::expected_layers(const PublishedTrack& track, size_t place) {
  const PublishedCodec& codec = track.codecs[place];
  const auto told = track.dynacast.told(codec_name(track, place));
  if (!codec.live || track.info.muted || !told || *told == VideoQuality::kOff) return 0;
  const std::vector<VideoLayer>& layers = track.layers_of(codec.id);
  if (layers.size() <= 1) return 0;
  const auto wanted = std::ranges::count_if(
      layers, [&](const VideoLayer& layer) { return layer.quality <= *told; });
  // Of simulcast no more than there are encodings.
  const bool svc = codec.rids.size() <= 1;
  return static_cast<int>(svc ? wanted : std::min<ptrdiff_t>(wanted, std::ssize(codec.rids)));
}

void Room::watch_layers(Now now, Participant& publisher) {
  for (const auto& track : publisher.tracks) {
    if (track->info.type != TrackType::kVideo) continue;
    for (size_t place = 0; place < track->codecs.size(); ++place) {
      PublishedCodec& codec = track->codecs[place];
      if (!codec.live) continue;
      const int expected = expected_layers(*track, place);
      if (expected == 0) codec.layers.reset();
      const int missing = expected == 0 ? 0 : codec.layers.missing(now.monotonic, expected);
      publisher.quality.set_missing_layers(codec.id.value, missing);
    }
  }
}

void Room::check_quality(Now now) {
  quality_at_.reset();
  const bool window_ends = now.monotonic >= quality_window_;
  if (window_ends) quality_window_ = now.monotonic + ConnectionScore::kInterval;
  server::ConnectionQualityUpdate update;
  for (const auto& [key, participant] : participants_) {
    if (!participant->announced) continue;
    quality_at_ = now.monotonic + ConnectionScore::kStep;
    watch_layers(now, *participant);
    // What a subscriber receives depends on others; what is published should come.
    const auto must_flow = [&](uint64_t stream) {
      const auto it = tracks_by_id_.find(stream);
      if (it == tracks_by_id_.end()) return false;
      const PublishedTrack& track = *it->second;
      return !track.info.muted && now.monotonic - track.flows_since >= ConnectionScore::kInterval &&
             track.dynacast.wanted();
    };
    const bool changed =
        window_ends ? participant->quality.close_window(must_flow) : participant->quality.look();
    if (changed && !participant->info.permission.hidden) {
      update.updates.push_back(
          {participant->info.sid, participant->quality.level(), participant->quality.mos()});
    }
  }
  if (!update.updates.empty()) broadcast(std::move(update));
}

// Nothing comes from one of its transports any more. Its client is asked to resume; perhaps it
// hears that, and perhaps it has noticed by itself.
void Room::silent(Now now, Participant& participant) {
  participant.silent = true;
  participant.quality.set_silent(true);
  if (!participant.info.permission.hidden) {
    broadcast(server::ConnectionQualityUpdate{{{participant.info.sid, participant.quality.level(),
                                                participant.quality.mos()}}},
              {participant.key});
  }
  if (participant.signal_up) {
    send(participant,
         server::Leave{DisconnectReason::kConnectionTimeout, server::LeaveAction::kResume});
    participant.signal_up = false;
    participant.rest_of_grace = kSilenceGrace - kHangUpDelay;
  }
  // It may have been asked to resume already, with more time.
  participant.rest_of_grace = std::min(participant.rest_of_grace, kSilenceGrace - kHangUpDelay);
  arm(participant, now.monotonic + kSilenceGrace - participant.rest_of_grace, TimerKind::kResume);
}

// ---- dynacast

void Room::wants_changed(const PublishedTrack& track) {
  dirty_wants_.insert(track.info.sid);
}

void Room::flush_wants(Now now) {
  for (const std::string& sid : std::exchange(dirty_wants_, {})) {
    PublishedTrack* track = find_track(sid);
    Participant* publisher = track == nullptr ? nullptr : find(track->publisher);
    if (publisher == nullptr) continue;
    if (track->info.type == TrackType::kVideo) {
      tell_wanted_layers(now, *publisher, *track);
    } else {
      tell_wanted_audio(*publisher, *track);
    }
  }
}

void Room::tell_wanted_layers(Now now, Participant& publisher, PublishedTrack& track) {
  Dynacast::Wanted wanted;
  for (size_t i = 0; i < track.codecs.size(); ++i) {
    if (track.codecs[i].live) wanted.emplace(codec_name(track, i), VideoQuality::kOff);
  }
  const auto all_wanted = [&] {
    return wanted.size() == track.codecs.size() && std::ranges::all_of(wanted, [](const auto& w) {
             return w.second == VideoQuality::kHigh;
           });
  };
  for (const ParticipantKey key : track.subscribers) {
    const Participant& subscriber = *find(key);
    const Subscription& subscription = subscriber.subscriptions.at(track.info.sid);
    const auto place = track.place_of(subscription.source);
    if (subscription.mid.empty() || !place) continue;  // not negotiated yet
    VideoQuality& best =
        wanted.try_emplace(codec_name(track, *place), VideoQuality::kOff).first->second;
    best = better(best, quality_of(layer_request(subscriber, subscription, track),
                                   track.layers_of(subscription.source)));
    // Of a thousand viewers the first few say all there is to say.
    if (best == VideoQuality::kHigh && all_wanted()) break;
  }
  if (tapped(track)) {
    // A recorder has the best of the codec that comes first of those that are there.
    for (size_t i = 0; i < track.codecs.size(); ++i) {
      if (!track.codecs[i].live) continue;
      wanted[codec_name(track, i)] = VideoQuality::kHigh;
      break;
    }
  }
  track.dynacast.set_wanted(now.monotonic, wanted);
  if (auto codecs = track.dynacast.poll(now.monotonic)) {
    send(publisher, server::SubscribedQualityUpdate{track.info.sid, std::move(*codecs)});
  }
  arm_dynacast(track, track.dynacast.next_timeout());
}

// Only where there is a choice.
void Room::tell_wanted_audio(Participant& publisher, PublishedTrack& track) {
  if (track.codecs.size() < 2) return;
  std::map<std::string, bool> wanted;
  for (size_t i = 0; i < track.codecs.size(); ++i) {
    if (track.codecs[i].live) wanted.emplace(codec_name(track, i), false);
  }
  for (const ParticipantKey key : track.subscribers) {
    const Subscription& subscription = find(key)->subscriptions.at(track.info.sid);
    const auto place = track.place_of(subscription.source);
    if (!subscription.mid.empty() && place) wanted[codec_name(track, *place)] = true;
  }
  if (wanted == track.told_audio) return;
  server::SubscribedAudioCodecUpdate update;
  update.track_sid = track.info.sid;
  for (const auto& [codec, enabled] : wanted) update.codecs.push_back({codec, enabled});
  send(publisher, std::move(update));
  track.told_audio = std::move(wanted);
}

void Room::arm_dynacast(PublishedTrack& track, TimePoint at) {
  if (track.dynacast_at == at) return;
  if (track.dynacast_at != kNever) dynacast_timers_.erase({track.dynacast_at, track.info.sid});
  track.dynacast_at = at;
  if (at != kNever) dynacast_timers_.emplace(at, track.info.sid);
}

}  // namespace turms::livekit
