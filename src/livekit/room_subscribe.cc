// The subscriber's side of a room: who receives what, our offers, the layers clients ask for.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "livekit/participant.h"
#include "livekit/room.h"

namespace turms::livekit {
namespace {

namespace sdp = rtc::sdp;

// Of the lists that clients send, what is beyond is refused.
constexpr size_t kMaxChoices = 4096;

server::RequestResponse too_many(std::string what) {
  return {0, server::RequestReason::kLimitExceeded, "too many " + std::move(what), {}};
}

// A layer is good enough for a picture that is up to a ninth larger, as with LiveKit.
constexpr float kLayerTolerance = 0.9F;

// The lowest layer that fills so many lines. As LiveKit does, heights are compared as they are: an
// upright tile around a wide picture asks for many lines.
int layer_of_height(const std::vector<VideoLayer>& layers, uint32_t height) {
  const auto needed = static_cast<uint32_t>(static_cast<float>(height) * kLayerTolerance);
  const int last = static_cast<int>(layers.size()) - 1;
  for (int i = 0; i < last; ++i) {
    // Of layers that claim the same size the highest is meant.
    if (layers[i].height >= needed && layers[i].height != layers[i + 1].height) return i;
  }
  return last;
}

// Numbers that differ within a room and look like any SSRC: ids differ in their low half, and an
// odd factor keeps them apart.
rtc::Ssrc ssrc_of(uint64_t id) {
  return rtc::Ssrc(static_cast<uint32_t>(id) * 0x9E3779B1U);
}

bool allows(const AllowedSubscribers& allowed, const std::string& who,
            const std::string& track_sid) {
  const auto it = allowed.find(who);
  return it != allowed.end() && (it->second.all || it->second.sids.contains(track_sid));
}

void allow(AllowedSubscribers& allowed, const std::string& who,
           const client::TrackPermission& permission) {
  if (who.empty()) return;
  AllowedTracks& tracks = allowed[who];
  tracks.all = tracks.all || permission.all_tracks;
  tracks.sids.insert(permission.track_sids.begin(), permission.track_sids.end());
}

}  // namespace

// Whether the subscriber's side asks for the track and may have it, whatever its publisher says.
bool Room::wanted(const Participant& subscriber, const PublishedTrack& track) const {
  if (!track.live || track.publisher == subscriber.key) return false;
  if (!subscriber.info.permission.can_subscribe || !subscriber.receives) return false;
  const Participant* publisher = find(track.publisher);
  if (publisher == nullptr || publisher->info.permission.hidden) return false;
  const auto choice = subscriber.choices.find(track.info.sid);
  return choice == subscriber.choices.end() ? subscriber.auto_subscribe : choice->second;
}

// Whether its publisher lets the subscriber have the track.
bool Room::permitted(const Participant& subscriber, const PublishedTrack& track) const {
  const Participant* publisher = find(track.publisher);
  return publisher == nullptr || !publisher->restricts_subscriptions ||
         allows(publisher->allowed_sids, subscriber.info.sid, track.info.sid) ||
         allows(publisher->allowed_identities, subscriber.info.identity, track.info.sid);
}

// Clients take a track for permitted until they hear otherwise.
void Room::tell_permission(Participant& subscriber, const PublishedTrack& track) {
  const bool allowed = permitted(subscriber, track);
  const std::string& sid = track.info.sid;
  const bool changed = allowed
                           ? subscriber.forbidden.erase(sid) > 0
                           : wanted(subscriber, track) && subscriber.forbidden.insert(sid).second;
  if (!changed) return;
  permission_updates_.emplace_back(
      subscriber.key,
      server::SubscriptionPermissionUpdate{find(track.publisher)->info.sid, sid, allowed});
}

void Room::reconcile(Participant& subscriber, PublishedTrack& track) {
  const bool has = track.subscribers.contains(subscriber.key);
  const bool wants = wanted(subscriber, track) && permitted(subscriber, track);
  if (wants && !has) subscribe(subscriber, track);
  if (!wants && has) unsubscribe(subscriber, track.info.sid);
  tell_permission(subscriber, track);
}

void Room::reconcile_all(Participant& subscriber) {
  for (const auto& [sid, track] : tracks_) reconcile(subscriber, *track);
}

void Room::open_subscriber(Participant& participant) {
  if (participant.subscriber.id) return;
  participant.subscriber.id = media::TransportId(next_id());
  participant.subscriber.ice = make_ice();
  by_transport_.emplace(participant.subscriber.id.value, &participant);
  engine_.create_transport({participant.subscriber.id, parameters_.id, participant.subscriber.ice,
                            rtc::DtlsRole::kServer});
  // Without it there would be nothing to connect for until the first track.
  participant.plan.add_data_channel();
  dirty_offers_.insert(participant.key);
}

void Room::subscribe(Participant& subscriber, PublishedTrack& track) {
  open_subscriber(subscriber);
  const Participant& publisher = *find(track.publisher);
  Subscription subscription;
  subscription.id = media::SubscriptionId(next_id());
  subscription.track = track.id;
  subscription.ssrc = ssrc_of(subscription.id.value);

  sdp::SentTrack sent;
  sent.kind =
      track.info.type == TrackType::kVideo ? rtc::MediaKind::kVideo : rtc::MediaKind::kAudio;
  if (sent.kind == rtc::MediaKind::kVideo) subscription.rtx_ssrc = ssrc_of(next_id());
  sent.stream_id = publisher.info.sid + "|" + track.info.sid;
  sent.track_id = track.info.sid;
  sent.cname = publisher.info.sid;
  sent.ssrc = subscription.ssrc;
  sent.rtx_ssrc = subscription.rtx_ssrc;
  // What leads the publisher's answer is what it sends; the rest would only lengthen every offer.
  const rtc::Codec codec = track.codecs.front().codec;
  for (const rtc::CodecParameters& candidate : track.codecs) {
    if (candidate.codec == codec) sent.codecs.push_back(candidate);
  }
  sent.stereo = track.info.stereo;
  auto mid = subscriber.plan.add(std::move(sent));
  if (!mid) return;  // more sections than a description may have
  subscription.mid = std::move(*mid);
  subscriber.subscriptions.emplace(track.info.sid, std::move(subscription));
  track.subscribers.insert(subscriber.key);
  dirty_offers_.insert(subscriber.key);
}

void Room::unsubscribe(Participant& subscriber, const std::string& track_sid) {
  const auto it = subscriber.subscriptions.find(track_sid);
  if (it == subscriber.subscriptions.end()) return;
  const Subscription& subscription = it->second;
  if (subscription.sending) {
    engine_.remove_send_track(subscription.id);
    by_subscription_.erase(subscription.id.value);
    subscriber.counts.erase(subscription.id.value);
  }
  subscriber.plan.remove(subscription.mid);
  if (PublishedTrack* track = find_track(track_sid)) track->subscribers.erase(subscriber.key);
  subscriber.subscriptions.erase(it);
  dirty_offers_.insert(subscriber.key);
}

void Room::choose(Participant& subscriber, const std::vector<std::string>& track_sids,
                  bool subscribe) {
  size_t left = kMaxChoices;
  for (const std::string& sid : track_sids) {
    const bool full = subscriber.choices.size() >= kMaxChoices && !subscriber.choices.contains(sid);
    if (full || left-- == 0) return send(subscriber, too_many("subscriptions"));
    PublishedTrack* track = find_track(sid);
    if (track == nullptr) {
      if (subscribe) {
        send(subscriber,
             server::SubscriptionResponse{sid, server::SubscriptionError::kTrackNotFound});
      }
      continue;
    }
    subscriber.choices[sid] = subscribe;
    reconcile(subscriber, *track);
  }
}

void Room::on_subscription_permission(Participant& from,
                                      const client::SubscriptionPermission& permission) {
  from.restricts_subscriptions = !permission.all_participants;
  from.allowed_sids.clear();
  from.allowed_identities.clear();
  size_t left = kMaxChoices;  // participants and tracks together
  for (const client::TrackPermission& track : permission.tracks) {
    const size_t count = 1 + track.track_sids.size();
    if (count > left) {
      // Whoever is beyond stays out: better unseen than seen by the wrong people.
      send(from, too_many("subscription permissions"));
      break;
    }
    left -= count;
    allow(from.allowed_sids, track.participant_sid, track);
    allow(from.allowed_identities, track.participant_identity, track);
  }
  for (const auto& track : from.tracks) {
    if (!track->live) continue;
    for (const auto& [key, other] : participants_) reconcile(*other, *track);
  }
}

// ---- offers

void Room::flush_offers() {
  for (const ParticipantKey key : std::exchange(dirty_offers_, {})) {
    Participant& participant = *find(key);
    if (!participant.subscriber.id) continue;
    // One at a time: what is due goes out when the answer has come, or on a new connection.
    if (participant.offered) {
      participant.offer_stale = true;
    } else if (participant.signal_up) {
      offer_to(participant);
    }
  }
}

void Room::offer_to(Participant& subscriber) {
  sdp::SessionDescription offer =
      sdp::offer_subscriber(subscriber.plan, sdp::subscriber_capabilities(),
                            local_transport(subscriber.subscriber), subscriber.subscriber.id.value);
  send(subscriber, server::Description{{"offer", sdp::serialize(offer), ++subscriber.offer_id}});
  subscriber.offered = std::move(offer);
  subscriber.offer_stale = false;
}

void Room::on_subscriber_answer(Now now, Participant& from, const SessionDescription& description) {
  if (!from.offered) return;
  // Clients that do not know ids send 0.
  if (description.id != 0 && description.id != from.offer_id) return;
  const auto give_up = [&] {
    leave(now, from, DisconnectReason::kJoinFailure, server::LeaveAction::kReconnect, true);
  };
  const auto answer = sdp::parse(description.sdp);
  if (!answer) return give_up();
  const sdp::SessionDescription offer = std::move(*std::exchange(from.offered, std::nullopt));
  auto accepted = sdp::read_subscriber_answer(from.plan, offer, *answer);
  if (!accepted) return give_up();

  Transport& transport = from.subscriber;
  if (transport.remote_ufrag != accepted->remote.ice.ufrag) {
    if (accepted->remote.local_role == rtc::DtlsRole::kClient && transport.remote_ufrag.empty()) {
      // We offered both roles and prepared for the usual one; the other needs another transport.
      const rtc::IceCredentials ice = transport.ice;
      close_transport(transport);
      transport.id = media::TransportId(next_id());
      transport.ice = ice;
      by_transport_.emplace(transport.id.value, &from);
      engine_.create_transport({transport.id, parameters_.id, ice, rtc::DtlsRole::kClient});
    }
    transport.remote_ufrag = accepted->remote.ice.ufrag;
    engine_.set_remote(transport.id, {accepted->remote.ice, accepted->remote.fingerprint});
  }

  std::vector<std::string> refused;
  for (sdp::AcceptedSection& section : accepted->sections) {
    const auto it = std::find_if(
        from.subscriptions.begin(), from.subscriptions.end(),
        [&](const auto& subscription) { return subscription.second.mid == section.mid; });
    if (it == from.subscriptions.end() || it->second.sending) continue;
    PublishedTrack* track = find_track(it->first);
    TURMS_CHECK(track != nullptr);  // unpublishing takes its subscriptions along
    if (section.receiving && !section.codecs.empty()) {
      start_sending(from, it->second, *track, std::move(section.codecs), section.extensions);
    } else {
      refused.push_back(it->first);
    }
  }
  for (const std::string& sid : refused) {
    from.choices[sid] = false;
    unsubscribe(from, sid);
    send(from, server::SubscriptionResponse{sid, server::SubscriptionError::kCodecUnsupported});
  }
  if (std::exchange(from.offer_stale, false)) dirty_offers_.insert(from.key);
}

void Room::start_sending(Participant& subscriber, Subscription& subscription, PublishedTrack& track,
                         std::vector<rtc::CodecParameters> codecs,
                         const rtc::ExtensionMap& extensions) {
  media::SendTrackParameters parameters;
  parameters.id = subscription.id;
  parameters.transport = subscriber.subscriber.id;
  parameters.source = track.id;
  parameters.mid = subscription.mid;
  parameters.ssrc = subscription.ssrc;
  parameters.rtx_ssrc = subscription.rtx_ssrc;
  parameters.codecs = std::move(codecs);
  parameters.extensions = extensions;
  engine_.add_send_track(parameters, layer_request(subscription, track));
  subscription.sending = true;
  by_subscription_.emplace(subscription.id.value, &subscriber);
  if (!std::exchange(track.subscribed_once, true)) {
    if (const Participant* publisher = find(track.publisher)) {
      send(*publisher, server::TrackSubscribed{track.info.sid});
    }
  }
}

// ---- layers

void Room::on_track_settings(Participant& from, const client::UpdateTrackSettings& settings) {
  size_t left = kMaxChoices;
  for (const std::string& sid : settings.track_sids) {
    if (left-- == 0) return send(from, too_many("track settings"));
    const auto it = from.subscriptions.find(sid);
    const PublishedTrack* track = find_track(sid);
    if (it == from.subscriptions.end() || track == nullptr) continue;
    Subscription& subscription = it->second;
    subscription.disabled = settings.disabled;
    subscription.quality = settings.quality;
    subscription.width = settings.width;
    subscription.height = settings.height;
    subscription.fps = settings.fps;
    if (subscription.sending) {
      engine_.set_layer_request(subscription.id, layer_request(subscription, *track));
    }
  }
}

media::LayerRequest Room::layer_request(const Subscription& subscription,
                                        const PublishedTrack& track) const {
  media::LayerRequest request;
  request.paused = subscription.disabled || subscription.quality == VideoQuality::kOff;
  if (track.info.type != TrackType::kVideo) return request;
  // Layers are lowest first, so their index is the spatial layer.
  const std::vector<VideoLayer>& layers = track.info.layers;
  if (layers.size() > 1) {
    int chosen = 0;
    const auto count = static_cast<int>(layers.size());
    if (subscription.width != 0 && subscription.height != 0) {
      chosen = layer_of_height(layers, subscription.height);
    } else {
      while (chosen + 1 < count && layers[chosen + 1].quality <= subscription.quality) ++chosen;
    }
    request.max_spatial = chosen;
  }
  // Temporal layers halve the rate each.
  if (subscription.fps != 0 && subscription.fps <= 8) {
    request.max_temporal = 0;
  } else if (subscription.fps != 0 && subscription.fps <= 15) {
    request.max_temporal = 1;
  }
  return request;
}

}  // namespace turms::livekit
