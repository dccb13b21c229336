// The publisher's side of a room: add_track, the client's offers, mute, unpublish.
#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "livekit/participant.h"
#include "livekit/room.h"
#include "livekit/track_features.h"

namespace turms::livekit {
namespace {

namespace sdp = rtc::sdp;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// "vp8", "VP8" and "video/VP8" are all seen.
std::optional<rtc::Codec> codec_named(std::string_view name, TrackType type) {
  std::string wanted = lower(name);
  if (wanted.find('/') == std::string::npos) {
    wanted = (type == TrackType::kVideo ? "video/" : "audio/") + wanted;
  }
  for (const rtc::Codec codec :
       {rtc::Codec::kOpus, rtc::Codec::kRed, rtc::Codec::kPcmu, rtc::Codec::kPcma, rtc::Codec::kVp8,
        rtc::Codec::kH264, rtc::Codec::kVp9, rtc::Codec::kAv1, rtc::Codec::kH265}) {
    if (lower(rtc::mime_type(codec)) == wanted) return codec;
  }
  return std::nullopt;
}

std::string_view sid_letter(const TrackInfo& info) {
  switch (info.source) {
    case TrackSource::kCamera:
      return "C";
    case TrackSource::kMicrophone:
      return "M";
    case TrackSource::kScreenShare:
      return "S";
    case TrackSource::kScreenShareAudio:
      return "s";
    case TrackSource::kUnknown:
      break;
  }
  return "U";
}

// What belongs together, by LiveKit's names.
std::string_view stream_of(TrackSource source) {
  switch (source) {
    case TrackSource::kCamera:
    case TrackSource::kMicrophone:
      return "camera";
    case TrackSource::kScreenShare:
    case TrackSource::kScreenShareAudio:
      return "screen";
    case TrackSource::kUnknown:
      break;
  }
  return "unknown";
}

rtc::MediaKind kind_of(TrackType type) {
  return type == TrackType::kVideo ? rtc::MediaKind::kVideo : rtc::MediaKind::kAudio;
}

// LiveKit's clients name the layers q, h and f, lowest first; others keep the order of the offer.
int rid_rank(const std::string& rid) {
  if (rid == "q") return 0;
  if (rid == "h") return 1;
  if (rid == "f") return 2;
  return 3;
}

// As many as are forwarded, lowest first.
void put_in_order(std::vector<rtc::EncodingParameters>& encodings) {
  // OBS numbers them from the highest on, 0 to 3 at most.
  const bool numbered = std::any_of(encodings.begin(), encodings.end(),
                                    [](const auto& encoding) { return encoding.rid == "0"; });
  std::stable_sort(encodings.begin(), encodings.end(), [&](const auto& a, const auto& b) {
    return numbered ? a.rid > b.rid : rid_rank(a.rid) < rid_rank(b.rid);
  });
  if (encodings.size() <= media::kMaxSpatialLayers) return;
  const auto surplus = static_cast<ptrdiff_t>(encodings.size() - media::kMaxSpatialLayers);
  // Of those in a known order the highest are kept.
  encodings.erase(numbered ? encodings.begin() : encodings.end() - surplus,
                  numbered ? encodings.begin() + surplus : encodings.end());
}

// Layers lowest first, with the place each has among the encodings.
void complete_layers(std::vector<VideoLayer>& layers) {
  if (layers.size() > media::LayerRequest{}.max_spatial + 1U) {
    layers.resize(media::LayerRequest{}.max_spatial + 1U);
  }
  std::stable_sort(layers.begin(), layers.end(),
                   [](const VideoLayer& a, const VideoLayer& b) { return a.quality < b.quality; });
  constexpr const char* kRids[] = {"q", "h", "f"};
  constexpr size_t kMaxRidSize = 16;
  for (size_t i = 0; i < layers.size(); ++i) {
    layers[i].spatial_layer = static_cast<int32_t>(i);
    if (layers.size() > 1 || layers[i].rid.size() > kMaxRidSize) layers[i].rid = kRids[i];
  }
}

// A right to publish a source must not be taken for another kind of picture or sound.
bool fits_source(const TrackInfo& info) {
  switch (info.source) {
    case TrackSource::kUnknown:
      return true;
    case TrackSource::kCamera:
    case TrackSource::kScreenShare:
      return info.type == TrackType::kVideo;
    case TrackSource::kMicrophone:
    case TrackSource::kScreenShareAudio:
      return info.type == TrackType::kAudio;
  }
  return false;
}

// Older clients say it in fields, newer ones as features: both are there for who reads.
void complete_audio(TrackInfo& info) {
  constexpr uint8_t kRegression = 2;
  constexpr uint8_t kSimulcast = 1;
  if (info.stereo && !has_feature(info, kStereo)) info.audio_features.push_back(kStereo);
  if (info.disable_dtx && !has_feature(info, kNoDtx)) info.audio_features.push_back(kNoDtx);
  info.stereo = has_feature(info, kStereo);
  // Codecs of sound cost so little that there is no reason to do with one.
  if (info.backup_codec_policy != kRegression) info.backup_codec_policy = kSimulcast;
}

// As long as a name may be.
constexpr size_t kMaxCid = 256;

constexpr uint32_t kStereoBitrate = 510'000;

// VideoLayer.Mode.
constexpr uint8_t kOneLayerPerStream = 1;
constexpr uint8_t kManyLayersPerStream = 2;

// What LiveKit takes for granted when a client does not say.
uint8_t default_layer_mode(std::optional<rtc::Codec> codec) {
  const bool scalable = codec == rtc::Codec::kVp9 || codec == rtc::Codec::kAv1;
  return scalable ? kManyLayersPerStream : kOneLayerPerStream;
}

// The codecs that a track is to be published in, the first one first, each once.
std::vector<SimulcastCodec> described_codecs(const client::AddTrack& request) {
  const TrackInfo& info = request.info;
  std::vector<SimulcastCodec> out;
  std::set<rtc::Codec> seen;
  for (const SimulcastCodec& asked : info.codecs) {
    const auto codec = codec_named(asked.mime_type, info.type);
    if (!codec || !seen.insert(*codec).second || asked.cid.size() > kMaxCid) continue;
    SimulcastCodec described = asked;
    described.mime_type = rtc::mime_type(*codec);
    if (described.layers.empty()) described.layers = info.layers;
    complete_layers(described.layers);
    if (info.type == TrackType::kVideo && described.video_layer_mode == 0) {
      described.video_layer_mode = default_layer_mode(codec);
    }
    out.push_back(std::move(described));
  }
  if (out.empty()) {
    // Which codec it is comes out of the offer.
    SimulcastCodec described;
    described.layers = info.layers;
    complete_layers(described.layers);
    described.video_layer_mode = kOneLayerPerStream;
    out.push_back(std::move(described));
  }
  if (out.front().cid.empty()) out.front().cid = request.cid;
  return out;
}

sdp::SectionDecision decision_for(std::string mid, const CodecOfTrack& found) {
  const TrackInfo& info = found.track->info;
  const auto place = static_cast<size_t>(found.codec - found.track->codecs.data());
  sdp::SectionDecision out;
  out.mid = std::move(mid);
  const auto named = codec_named(info.codecs[place].mime_type, info.type);
  if (info.type == TrackType::kAudio) {
    // What leads the answer is what a browser sends.
    if (named == rtc::Codec::kPcmu || named == rtc::Codec::kPcma) out.preferred = {*named};
    const bool red = !info.disable_red && info.encryption == EncryptionType::kNone;
    if (red) out.preferred.push_back(rtc::Codec::kRed);
    out.preferred.push_back(rtc::Codec::kOpus);
    out.opus_dtx = !info.disable_dtx && !has_feature(info, kNoDtx);
    out.opus_stereo = info.stereo || has_feature(info, kStereo);
    if (out.opus_stereo) out.opus_max_average_bitrate = kStereoBitrate;
  } else if (named) {
    out.preferred = {*named};
  }
  return out;
}

}  // namespace

PublishedTrack* Room::find_track(std::string_view sid) const {
  const auto it = tracks_.find(sid);
  return it == tracks_.end() ? nullptr : it->second;
}

void Room::on_add_track(Now now, Participant& from, const client::AddTrack& request) {
  const auto refuse = [&](server::RequestReason reason, std::string why) {
    // Repeats what identifies the request: its cid.
    client::AddTrack echo;
    echo.cid = request.cid;
    echo.sid = request.sid;
    echo.info.name = request.info.name;
    echo.info.type = request.info.type;
    echo.info.source = request.info.source;
    send(from, server::RequestResponse{0, reason, std::move(why), std::move(echo)});
  };
  const Permission& permission = from.info.permission;
  if (!permission.may_publish(request.info.source) ||
      (!permission.can_publish_sources.empty() && !fits_source(request.info))) {
    return refuse(server::RequestReason::kNotAllowed, "does not have permission to publish");
  }
  if (request.info.type == TrackType::kData || request.cid.empty()) {
    return refuse(server::RequestReason::kUnsupportedType, "not an audio or video track");
  }
  if (!request.sid.empty()) {
    PublishedTrack* known = from.find_sid(request.sid);
    if (known == nullptr) return refuse(server::RequestReason::kNotFound, "track is not found");
    return add_codecs(now, from, *known, request);
  }
  // Asked twice. One that is already published is about to be published anew: the offer that ends
  // the old may come later.
  if (const PublishedTrack* known = from.find_pending(request.cid).track) {
    send(from, server::TrackPublished{request.cid, known->info});
    return;
  }
  if (from.tracks.size() >= parameters_.max_tracks) {
    return refuse(server::RequestReason::kLimitExceeded, "too many tracks");
  }
  if (request.info.name.size() > parameters_.max_name ||
      request.cid.size() > parameters_.max_name ||
      request.info.stream.size() > parameters_.max_name) {
    return refuse(server::RequestReason::kLimitExceeded, "name length exceeds limits");
  }

  auto track = std::make_unique<PublishedTrack>();
  track->publisher = from.key;
  track->asked_at = now.monotonic;
  TrackInfo& info = track->info;
  info = request.info;
  info.audio_features = distinct(info.audio_features);
  info.packet_trailer_features = distinct(info.packet_trailer_features);
  info.sid = std::string("TR_") + (info.type == TrackType::kVideo ? "V" : "A");
  info.sid += sid_letter(info);
  info.sid += secrets_.token(10);
  info.version_us = now.wall.unix_ms * 1000;
  if (info.stream.empty()) info.stream = stream_of(info.source);
  complete_layers(info.layers);
  info.codecs = described_codecs(request);
  info.mime_type = info.codecs.front().mime_type;
  info.simulcast =
      info.layers.size() > 1 && info.codecs.front().video_layer_mode != kManyLayersPerStream;
  for (const SimulcastCodec& codec : info.codecs) {
    track->codecs.push_back({.id = media::TrackId(next_id()), .cid = codec.cid});
  }
  if (info.type == TrackType::kAudio) complete_audio(info);

  PublishedTrack& added = *track;
  from.tracks.push_back(std::move(track));
  send(from, server::TrackPublished{request.cid, added.info});
  // The offer may have come first.
  if (!from.unclaimed.empty()) match_sections(now, from, std::exchange(from.unclaimed, {}));
  if (!added.live && !from.timers.contains(static_cast<int>(TimerKind::kPublish))) {
    arm(from, now.monotonic + kPublishTimeout, TimerKind::kPublish);
  }
}

// Another codec of a track that is there, or where one that was announced is to come from.
void Room::add_codecs(Now now, Participant& from, PublishedTrack& track,
                      const client::AddTrack& request) {
  client::AddTrack asked = request;
  asked.info.type = track.info.type;
  for (SimulcastCodec& codec : described_codecs(asked)) {
    if (codec.mime_type.empty()) continue;
    const auto known = std::find_if(
        track.info.codecs.begin(), track.info.codecs.end(),
        [&](const SimulcastCodec& candidate) { return candidate.mime_type == codec.mime_type; });
    if (known == track.info.codecs.end()) {
      track.codecs.push_back({.id = media::TrackId(next_id()), .cid = codec.cid});
      track.info.codecs.push_back(std::move(codec));
      continue;
    }
    PublishedCodec& published =
        track.codecs[static_cast<size_t>(known - track.info.codecs.begin())];
    if (published.live) continue;
    published.cid = codec.cid;
    *known = std::move(codec);
  }
  send(from, server::TrackPublished{request.cid, track.info});
  if (!from.unclaimed.empty()) match_sections(now, from, std::exchange(from.unclaimed, {}));
}

std::optional<sdp::SectionDecision> Room::decide(const Participant& from,
                                                 const sdp::MediaSection& section) const {
  CodecOfTrack found = from.find_mid(section.mid);
  if (!found && section.msid) found = from.find_cid(section.msid->track);
  if (!found) return std::nullopt;
  return decision_for(section.mid, found);
}

// An offer may open another connection: nothing of the old is kept.
void Room::end_published(Now now, Participant& participant) {
  std::vector<std::string> sids;
  for (const auto& track : participant.tracks) {
    if (track->live) sids.push_back(track->info.sid);
  }
  for (const std::string& sid : sids) unpublish(now, participant, sid, true);
  participant.unclaimed.clear();
  participant.spent.clear();
}

// Tracks that stopped, or gave their place to another.
void Room::end_tracks(Now now, Participant& from,
                      const std::vector<sdp::ReceivedSection>& sections) {
  std::vector<std::string> ended;
  for (const auto& track : from.tracks) {
    for (PublishedCodec& codec : track->codecs) {
      if (!codec.live) continue;
      const auto section = std::find_if(sections.begin(), sections.end(),
                                        [&](const auto& found) { return found.mid == codec.mid; });
      const bool replaced = section != sections.end() && from.find_pending(section->track_id);
      if (section != sections.end() && section->sending && !replaced) continue;
      end_codec(*track, codec);
    }
    const bool any = std::any_of(track->codecs.begin(), track->codecs.end(),
                                 [](const PublishedCodec& codec) { return codec.live; });
    if (track->live && !any) ended.push_back(track->info.sid);
  }
  for (const std::string& sid : ended) unpublish(now, from, sid, false);
  std::erase_if(from.spent, [&](const auto& entry) {
    return std::none_of(sections.begin(), sections.end(), [&](const auto& section) {
      return section.mid == entry.first && section.sending && section.track_id == entry.second;
    });
  });
}

// Whoever received it takes another codec of the track, if there is one.
void Room::end_codec(PublishedTrack& track, PublishedCodec& codec) {
  // The engine's ids are not used twice.
  const media::TrackId ended = std::exchange(codec.id, media::TrackId(next_id()));
  codec.live = false;
  codec.mid.clear();
  settle_sources(track);
  engine_.remove_receive_track(ended);
  tracks_by_id_.erase(ended.value);
  if (Participant* publisher = find(track.publisher)) publisher->quality.remove(ended.value);
  wants_changed(track);
}

// Tracks that wait and the sections that carry them: by the id that the client gave the track, and
// what is left in the order in which it was asked for. Firefox, and whoever rewrites descriptions,
// names tracks differently there.
void Room::match_sections(Now now, Participant& from,
                          const std::vector<sdp::ReceivedSection>& sections) {
  from.unclaimed.clear();
  std::vector<const sdp::ReceivedSection*> left;
  for (const sdp::ReceivedSection& section : sections) {
    if (!section.sending || from.find_mid(section.mid)) continue;
    const CodecOfTrack found = from.find_pending(section.track_id);
    if (found && kind_of(found.track->info.type) == section.kind) {
      bind(now, from, *found.track, *found.codec, section);
    } else {
      left.push_back(&section);
    }
  }
  for (const sdp::ReceivedSection* section : left) {
    const auto spent = from.spent.find(section->mid);
    const CodecOfTrack found = spent != from.spent.end() && spent->second == section->track_id
                                   ? CodecOfTrack{}
                                   : from.first_pending(section->kind);
    if (found) {
      bind(now, from, *found.track, *found.codec, *section);
    } else if (from.unclaimed.size() < parameters_.max_tracks) {
      from.unclaimed.push_back(*section);
    }
  }
}

// Tracks that were asked for and never offered.
void Room::give_up_pending(Now now, Participant& participant) {
  std::vector<std::string> sids;
  TimePoint next = kNever;
  for (const auto& track : participant.tracks) {
    if (track->live) continue;
    // Who cannot speak is not late.
    if (!participant.signal_up) track->asked_at = now.monotonic;
    const TimePoint until = track->asked_at + kPublishTimeout;
    if (until <= now.monotonic) {
      sids.push_back(track->info.sid);
    } else {
      next = std::min(next, until);
    }
  }
  for (const std::string& sid : sids) unpublish(now, participant, sid, true);
  if (next != kNever) arm(participant, next, TimerKind::kPublish);
}

void Room::bind(Now now, Participant& publisher, PublishedTrack& track, PublishedCodec& codec,
                const sdp::ReceivedSection& section) {
  if (section.codecs.empty()) return;
  media::ReceiveTrackParameters parameters;
  parameters.id = codec.id;
  parameters.transport = publisher.negotiation->publisher();
  parameters.kind = section.kind;
  parameters.mid = section.mid;
  parameters.codecs = section.codecs;
  parameters.encodings = section.encodings;
  parameters.encrypted = track.info.encryption != EncryptionType::kNone;
  parameters.extensions = section.extensions;
  // Of a screen, a phone line or an agent nobody may miss anything.
  parameters.always_forwarded = track.info.source != TrackSource::kMicrophone ||
                                publisher.info.kind != ParticipantKind::kStandard;
  put_in_order(parameters.encodings);
  parameters.screen_share = track.info.source == TrackSource::kScreenShare;
  const std::vector<VideoLayer>& layers = track.layers_of(codec.id);
  for (size_t i = 0; i < std::min(layers.size(), parameters.layers.size()); ++i) {
    constexpr uint32_t kMostPixels = 1 << 14;  // of a side
    parameters.layers[i] = {
        .pixels = std::min(layers[i].width, kMostPixels) * std::min(layers[i].height, kMostPixels),
        .bits_per_second = layers[i].bitrate};
  }
  engine_.add_receive_track(parameters);
  if (track.info.muted) engine_.set_receive_muted(codec.id, true);

  codec.codecs = section.codecs;
  codec.rids.clear();
  for (const auto& encoding : parameters.encodings) codec.rids.push_back(encoding.rid);
  codec.mid = section.mid;
  codec.track_id = section.track_id;
  codec.live = true;
  tracks_by_id_.emplace(codec.id.value, &track);

  const auto place = static_cast<size_t>(&codec - track.codecs.data());
  SimulcastCodec& described = track.info.codecs[place];
  described.mime_type = rtc::mime_type(section.codecs.front().codec);
  described.mid = section.mid;
  if (place == 0) {
    track.info.mid = section.mid;
    track.info.mime_type = described.mime_type;
  }
  if (!track.live) return publish(now, publisher, track);
  // Who could not decode what there was may have waited for this.
  changed(publisher);
  settle_sources(track);
  wants_changed(track);
}

void Room::publish(Now now, Participant& publisher, PublishedTrack& track) {
  track.live = true;
  track.flows_since = now.monotonic;
  track.dynacast.set_muted(track.info.muted);
  wants_changed(track);
  tracks_.emplace(track.info.sid, &track);
  if (!publisher.info.is_publisher) {
    publisher.info.is_publisher = true;
    counts_changed(now);
  }
  changed(publisher);
  // Of who never gets in nothing is told; of others it follows when they are.
  if (publisher.announced) notify(now, RoomEvent::kTrackPublished, &publisher, &track.info);
  for (const auto& [key, other] : participants_) reconcile(*other, track);
}

void Room::unpublish(Now now, Participant& publisher, std::string sid, bool tell) {
  const auto it = std::find_if(publisher.tracks.begin(), publisher.tracks.end(),
                               [&](const auto& track) { return track->info.sid == sid; });
  TURMS_CHECK(it != publisher.tracks.end());
  PublishedTrack& track = **it;
  if (track.live) {
    for (const ParticipantKey key : std::set(track.subscribers)) {
      if (Participant* subscriber = find(key)) unsubscribe(*subscriber, sid);
    }
    end_taps(sid);
    for (const PublishedCodec& codec : track.codecs) {
      if (!codec.live) continue;
      if (tell) publisher.spent[codec.mid] = codec.track_id;
      engine_.remove_receive_track(codec.id);
      tracks_by_id_.erase(codec.id.value);
      publisher.quality.remove(codec.id.value);
    }
    arm_dynacast(track, kNever);
    tracks_.erase(sid);
    changed(publisher);
    if (publisher.announced) notify(now, RoomEvent::kTrackUnpublished, &publisher, &track.info);
  }
  for (const auto& [key, other] : participants_) {
    other->choices.erase(sid);
    other->settings.erase(sid);
    other->told_allowed.erase(sid);
  }
  if (tell) send(publisher, server::TrackUnpublished{sid});
  publisher.tracks.erase(it);
}

}  // namespace turms::livekit
