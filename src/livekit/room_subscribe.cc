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

// RED is taken apart and put together on the way.
rtc::Codec plain(rtc::Codec codec) {
  return codec == rtc::Codec::kRed ? rtc::Codec::kOpus : codec;
}

bool decodes(const Subscription& subscription, rtc::Codec codec) {
  return std::any_of(
      subscription.accepted.begin(), subscription.accepted.end(),
      [&](const rtc::CodecParameters& one) { return plain(one.codec) == plain(codec); });
}

// The codec of the track that the subscriber is to have; null: none that is there.
const PublishedCodec* best_source(const Subscription& subscription, const PublishedTrack& track) {
  const PublishedCodec* best = nullptr;
  for (const PublishedCodec& codec : track.codecs) {
    if (!codec.live) continue;
    // What a publisher of sound switches to is in the same section, where there is only one.
    const bool any = track.info.type == TrackType::kAudio && track.codecs.size() == 1;
    const bool decodable =
        any ? !subscription.accepted.empty() : decodes(subscription, codec.codecs.front().codec);
    if (!decodable) continue;
    best = &codec;
    if (!track.regressed) break;
  }
  return best;
}

// A codec that the publisher announced and does not send yet.
rtc::CodecParameters announced(const SimulcastCodec& codec, TrackType type) {
  const sdp::Capabilities& all = sdp::publisher_capabilities();
  for (const sdp::CodecCapability& capability : type == TrackType::kVideo ? all.video : all.audio) {
    if (codec.mime_type != rtc::mime_type(capability.codec)) continue;
    rtc::CodecParameters out;
    out.codec = capability.codec;
    out.clock_rate = capability.clock_rate;
    out.channels = capability.channels;
    out.fmtp = capability.fmtp;
    return out;
  }
  return {};
}

// All that its publisher sends or might send: what the subscriber can decode of it comes out of its
// answer.
std::vector<rtc::CodecParameters> offered_codecs(const PublishedTrack& track) {
  std::vector<rtc::CodecParameters> out;
  for (size_t i = 0; i < track.codecs.size(); ++i) {
    const PublishedCodec& codec = track.codecs[i];
    if (codec.live) {
      out.insert(out.end(), codec.codecs.begin(), codec.codecs.end());
    } else if (!track.info.codecs[i].mime_type.empty()) {
      out.push_back(announced(track.info.codecs[i], track.info.type));
    }
  }
  // Plain Opus is made RED for those who take it, unless its publisher does not want that.
  const bool plain = !out.empty() && track.info.type == TrackType::kAudio &&
                     out.front().codec == rtc::Codec::kOpus &&
                     std::ranges::none_of(out, [](const rtc::CodecParameters& c) {
                       return c.codec == rtc::Codec::kRed;
                     });
  if (plain && !track.info.disable_red && track.info.encryption == EncryptionType::kNone) {
    rtc::CodecParameters red;
    red.codec = rtc::Codec::kRed;
    red.clock_rate = out.front().clock_rate;
    red.channels = out.front().channels;
    out.insert(out.begin(), std::move(red));
  }
  return out;
}

TrackSettings settings_for(const Participant& subscriber, std::string_view track_sid) {
  const auto asked = subscriber.settings.find(track_sid);
  if (asked != subscriber.settings.end()) return asked->second;
  TrackSettings out;
  if (subscriber.adaptive_stream) out.quality = VideoQuality::kLow;
  return out;
}

void allow(AllowedSubscribers& allowed, const std::string& who,
           const client::TrackPermission& permission) {
  if (who.empty()) return;
  AllowedTracks& tracks = allowed[who];
  tracks.all = tracks.all || permission.all_tracks;
  tracks.sids.insert(permission.track_sids.begin(), permission.track_sids.end());
}

/// Empty: the track's own stream will do. The publisher named the stream: RFC 8830 section 2 allows
/// 1*64token-char, and clients take a name that begins like the sid of a track for one.
std::string shared_stream_id(const Participant& publisher, const TrackInfo& track) {
  constexpr size_t kMaxLength = 64;
  constexpr std::string_view kNoTokens = "\"(),/:;<=>?@[\\]";
  if (track.stream.empty() || track.stream.starts_with("TR")) return {};
  const bool is_token = std::ranges::all_of(track.stream, [&](char c) {
    return c > ' ' && c < '\x7f' && kNoTokens.find(c) == std::string_view::npos;
  });
  std::string out = publisher.info.sid + "|" + track.stream;
  return is_token && out.size() <= kMaxLength ? out : std::string();
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
  const auto told = subscriber.told_allowed.find(sid);
  const bool believed = told == subscriber.told_allowed.end() || told->second;
  if (allowed == believed || (!allowed && !wanted(subscriber, track))) return;
  subscriber.told_allowed[sid] = allowed;
  permission_updates_.emplace_back(
      subscriber.key,
      server::SubscriptionPermissionUpdate{find(track.publisher)->info.sid, sid, allowed});
}

void Room::reconcile(Participant& subscriber, PublishedTrack& track) {
  const bool has = track.subscribers.contains(subscriber.key);
  const bool wants = wanted(subscriber, track) && permitted(subscriber, track);
  if (wants && !has) subscribe(subscriber, track);
  if (!wants && has) unsubscribe(subscriber, track.info.sid);
  if (!wants) subscriber.unserved.erase(track.info.sid);
  tell_permission(subscriber, track);
}

void Room::reconcile_all(Participant& subscriber) {
  for (const auto& [sid, track] : tracks_) reconcile(subscriber, *track);
}

void Room::open_subscriber(Participant& participant) {
  participant.negotiation->open_subscriber();
  dirty_negotiations_.insert(participant.key);
}

void Room::subscribe(Participant& subscriber, PublishedTrack& track) {
  const Participant& publisher = *find(track.publisher);
  Subscription subscription;
  subscription.id = media::SubscriptionId(next_id());
  subscription.type = track.info.type;
  subscription.ssrc = ssrc_of(subscription.id.value);
  subscription.settings = settings_for(subscriber, track.info.sid);

  sdp::SentTrack sent;
  sent.kind =
      track.info.type == TrackType::kVideo ? rtc::MediaKind::kVideo : rtc::MediaKind::kAudio;
  if (sent.kind == rtc::MediaKind::kVideo) subscription.rtx_ssrc = ssrc_of(next_id());
  sent.stream_id = publisher.info.sid + "|" + track.info.sid;
  sent.track_id = track.info.sid;
  if (subscriber.sync_streams) sent.shared_stream_id = shared_stream_id(publisher, track.info);
  sent.cname = publisher.info.sid;
  sent.ssrc = subscription.ssrc;
  sent.rtx_ssrc = subscription.rtx_ssrc;
  sent.codecs = offered_codecs(track);
  sent.stereo = track.info.stereo;
  if (const Status added = subscriber.negotiation->add(std::move(sent)); !added) {
    // It would need more sections than a description may have. Served when there is room again.
    if (subscriber.unserved.insert(track.info.sid).second) {
      send(subscriber,
           server::SubscriptionResponse{track.info.sid, server::SubscriptionError::kUnknown});
      remark(subscriber, {track.info.sid + " is not sent: " + added.error().message});
    }
    return;
  }
  subscriber.unserved.erase(track.info.sid);
  subscriber.subscriptions.emplace(track.info.sid, std::move(subscription));
  track.subscribers.insert(subscriber.key);
  dirty_negotiations_.insert(subscriber.key);
}

void Room::unsubscribe(Participant& subscriber, const std::string& track_sid) {
  const auto it = subscriber.subscriptions.find(track_sid);
  if (it == subscriber.subscriptions.end()) return;
  if (it->second.sending) stop_sending(subscriber, it->second);
  subscriber.negotiation->remove(track_sid);
  if (PublishedTrack* track = find_track(track_sid)) {
    track->subscribers.erase(subscriber.key);
    wants_changed(*track);
  }
  subscriber.subscriptions.erase(it);
  rank_videos(subscriber);
  dirty_negotiations_.insert(subscriber.key);
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
    // Who takes a track again and shows it as before would not ask for it to go on.
    if (!subscribe) subscriber.settings.erase(sid);
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

// ---- negotiation

void Room::flush_negotiations(Now now) {
  for (const ParticipantKey key : std::exchange(dirty_negotiations_, {})) {
    Participant& participant = *find(key);
    if (!participant.signal_up) continue;  // asked again when it resumes
    serve_again(participant);
    auto message = participant.negotiation->poll();
    if (!message) continue;
    send(participant, std::move(*message));
    if (participant.negotiation->waits_for_answer()) {
      arm(participant, now.monotonic + kAnswerTimeout, TimerKind::kAnswer);
    }
  }
  // What serve_again() made dirty was polled right after.
  dirty_negotiations_.clear();
}

// Some section may have become free.
void Room::serve_again(Participant& subscriber) {
  for (const std::string& sid : std::set(subscriber.unserved)) {
    PublishedTrack* track = find_track(sid);
    if (track == nullptr || !wanted(subscriber, *track)) {
      subscriber.unserved.erase(sid);
      continue;
    }
    reconcile(subscriber, *track);
    if (subscriber.unserved.contains(sid)) return;
  }
}

// What the client takes of that it is to receive.
void Room::on_sent(Participant& subscriber, Negotiated& negotiated) {
  std::vector<std::string> lost;
  std::vector<std::string> refused;
  for (SentSection& section : negotiated.sent) {
    const auto it = subscriber.subscriptions.find(section.track_id);
    if (it == subscriber.subscriptions.end()) continue;
    PublishedTrack* track = find_track(it->first);
    TURMS_CHECK(track != nullptr);  // unpublishing takes its subscriptions along
    Subscription& subscription = it->second;
    if (!section.receiving) {
      (subscription.sending ? lost : refused).push_back(it->first);
      continue;
    }
    if (subscription.sending) continue;
    subscription.mid = std::move(section.mid);
    subscription.accepted = std::move(section.codecs);
    subscription.extensions = section.extensions;
    if (!settle_source(subscriber, subscription, *track)) refused.push_back(it->first);
  }
  // A section that carried its track is gone: it may have another.
  for (const std::string& sid : lost) {
    unsubscribe(subscriber, sid);
    reconcile(subscriber, *find_track(sid));
  }
  for (const std::string& sid : refused) {
    subscriber.choices[sid] = false;
    unsubscribe(subscriber, sid);
    send(subscriber,
         server::SubscriptionResponse{sid, server::SubscriptionError::kCodecUnsupported});
  }
}

// False: its client can decode nothing of what the publisher sends or announced.
bool Room::settle_source(Participant& subscriber, Subscription& subscription,
                         PublishedTrack& track) {
  const PublishedCodec* best = best_source(subscription, track);
  if (best == nullptr) {
    if (subscription.sending) stop_sending(subscriber, subscription);
    for (size_t i = 0; i < track.codecs.size(); ++i) {
      if (track.codecs[i].live) continue;
      if (!decodes(subscription, announced(track.info.codecs[i], track.info.type).codec)) continue;
      // The publisher hears that it is wanted, and sends it.
      subscription.source = track.codecs[i].id;
      wants_changed(track);
      return true;
    }
    return false;
  }
  const bool other = std::exchange(subscription.source, best->id) != best->id;
  if (!subscription.sending) {
    start_sending(subscriber, subscription, track);
  } else if (other) {
    engine_.set_send_source(subscription.id, best->id);
    wants_changed(track);
  }
  return true;
}

// A codec of the track came or went.
void Room::settle_sources(PublishedTrack& track) {
  // BackupCodecPolicy. Where it may choose, a small room has its publisher send one codec only, and
  // in a large one most keep the better.
  constexpr uint8_t kPreferRegression = 0;
  constexpr uint8_t kRegression = 2;
  constexpr size_t kSmallRoom = 5;
  const auto live = std::count_if(track.codecs.begin(), track.codecs.end(),
                                  [](const PublishedCodec& codec) { return codec.live; });
  const uint8_t policy = track.info.backup_codec_policy;
  track.regressed =
      live > 1 && track.info.type == TrackType::kVideo &&
      (policy == kRegression || (policy == kPreferRegression && participants_.size() < kSmallRoom));
  settle_taps(track);
  for (const ParticipantKey key : std::set(track.subscribers)) {
    Participant& subscriber = *find(key);
    Subscription& subscription = subscriber.subscriptions.at(track.info.sid);
    if (!subscription.mid.empty()) settle_source(subscriber, subscription, track);
  }
}

void Room::start_sending(Participant& subscriber, Subscription& subscription,
                         PublishedTrack& track) {
  media::SendTrackParameters parameters;
  parameters.id = subscription.id;
  parameters.transport = subscriber.negotiation->subscriber();
  parameters.source = subscription.source;
  parameters.mid = subscription.mid;
  parameters.ssrc = subscription.ssrc;
  parameters.rtx_ssrc = subscription.rtx_ssrc;
  parameters.codecs = subscription.accepted;
  parameters.extensions = subscription.extensions;
  if (!subscriber.playout_delay) parameters.extensions.set(rtc::Extension::kPlayoutDelay, 0);
  constexpr uint8_t kPacketTrailer = 1;  // CAP_PACKET_TRAILER
  parameters.packet_trailer = std::ranges::find(subscriber.info.capabilities, kPacketTrailer) !=
                              subscriber.info.capabilities.end();
  if (!std::exchange(subscriber.path_limits_told, true)) {
    tell_path_limits(subscriber);
  }
  rank_videos(subscriber);
  engine_.add_send_track(parameters, layer_request(subscriber, subscription, track));
  subscription.sending = true;
  by_subscription_.emplace(subscription.id.value, &subscriber);
  ++subscribed_.of(subscription.type);
  ++subscribed_.ever;
  wants_changed(track);
  if (!std::exchange(track.subscribed_once, true)) {
    if (const Participant* publisher = find(track.publisher)) {
      send(*publisher, server::TrackSubscribed{track.info.sid});
    }
  }
}

void Room::stop_sending(Participant& subscriber, Subscription& subscription) {
  engine_.remove_send_track(subscription.id);
  by_subscription_.erase(subscription.id.value);
  --subscribed_.of(subscription.type);
  subscriber.quality.remove(subscription.id.value);
  subscription.sending = false;
}

// ---- layers

void Room::on_track_settings(Participant& from, const client::UpdateTrackSettings& settings) {
  size_t left = kMaxChoices;
  for (const std::string& sid : settings.track_sids) {
    if (left-- == 0) return send(from, too_many("track settings"));
    const PublishedTrack* track = find_track(sid);
    if (track == nullptr) continue;
    const bool full = from.settings.size() >= kMaxChoices && !from.settings.contains(sid);
    if (full) return send(from, too_many("track settings"));
    const TrackSettings asked{.disabled = settings.disabled,
                              .quality = settings.quality,
                              .width = settings.width,
                              .height = settings.height,
                              .fps = settings.fps,
                              .priority = settings.priority};
    from.settings[sid] = asked;
    const auto it = from.subscriptions.find(sid);
    if (it == from.subscriptions.end()) continue;
    it->second.settings = asked;
    settings_changed(from, it->second, *track);
  }
  rank_videos(from);
}

void Room::settings_changed(const Participant& subscriber, const Subscription& subscription,
                            const PublishedTrack& track) {
  if (!subscription.sending) return;
  engine_.set_layer_request(subscription.id, layer_request(subscriber, subscription, track));
  wants_changed(track);
}

}  // namespace turms::livekit
