// What a client says and hears on its signalling connection, and what it does each second.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "livekit/signal_codec.h"
#include "sim/meeting/meeting.h"
#include "sim/meeting/model_client.h"

namespace turms::sim {

using livekit::DisconnectReason;
namespace client = livekit::client;

namespace {

constexpr Duration kPingInterval = 5s;
constexpr Duration kPingTimeout = 15s;
constexpr Duration kMediaSilence = 9s;  // ICE "disconnected"
constexpr Duration kMediaTimeout = 15s;
constexpr uint64_t kDebounceMs = 60;
constexpr size_t kFirstReceivers = 3;  // of each kind, of one connection for both directions
constexpr size_t kSilentFrames = 5;    // that end the sound of a track that is muted

}  // namespace

// ---- signalling

void ModelClient::say(const livekit::ClientMessage& message) {
  if (pipe_ == nullptr) return;
  pipe_->send(SignalPipe::kClient, encode_client_message(livekit::Encoding::kProtobuf, message));
}

void ModelClient::on_message(const std::string& text) {
  pb::SignalResponse message;
  if (!message.ParseFromString(text)) return fault("an answer cannot be read");
  signal_heard_ = now();
  meeting_.simulation().trace(static_cast<uint64_t>(message.message_case()), text.size());
  if (state_ == State::kConnecting && !message.has_join() && !message.has_leave()) {
    return fault("something came before the join answer");
  }
  if (state_ == State::kResuming && !message.has_reconnect() && !message.has_leave()) {
    return fault("something came before the answer to the reconnect");
  }
  switch (message.message_case()) {
    case pb::SignalResponse::kJoin:
      return on_join(message.join());
    case pb::SignalResponse::kReconnect:
      return on_reconnect();
    case pb::SignalResponse::kUpdate:
      return on_update(message.update());
    case pb::SignalResponse::kOffer:
      return on_offer(message.offer());
    case pb::SignalResponse::kAnswer:
      return on_answer(message.answer());
    case pb::SignalResponse::kTrackPublished:
      return on_track_published(message.track_published());
    case pb::SignalResponse::kTrackUnpublished:
      for (auto& track : tracks_) {
        if (!track->sid.empty() && track->sid == message.track_unpublished().track_sid()) {
          stop(*track);
        }
      }
      return;
    case pb::SignalResponse::kMute:
      for (auto& track : tracks_) {
        if (track->sid != message.mute().sid() || track->sid.empty()) continue;
        track->muted = message.mute().muted();
        track->changed = now();
      }
      return;
    case pb::SignalResponse::kRequestResponse:
      if (message.request_response().has_add_track()) {
        // Refused: tried again when the rights have changed.
        for (auto& track : tracks_) {
          if (track->cid == message.request_response().add_track().cid()) stop(*track);
        }
      }
      return;
    case pb::SignalResponse::kMediaSectionsRequirement:
      return on_requirement(message.media_sections_requirement());
    case pb::SignalResponse::kSubscribedQualityUpdate:
      return on_quality(message.subscribed_quality_update());
    case pb::SignalResponse::kLeave:
      return on_leave(message.leave());
    default:
      return;
  }
}

void ModelClient::on_join(const pb::JoinResponse& join) {
  if (state_ != State::kConnecting) return fault("a join answer that nobody waits for");
  if (join.participant().identity() != identity_) fault("a join answer for somebody else");
  enter(State::kConnected);
  tries_ = 0;
  sid_ = join.participant().sid();
  check_rights(join.participant().permission());
  others_.clear();
  for (const auto& other : join.other_participants()) others_[other.identity()] = other;
  if (restriction_) restrict_to(restriction_);
  const bool offered = offering_;
  if (!offered && (!join.subscriber_primary() || join.fast_publish())) {
    open_publisher();
    negotiate();
  }
  work();
}

// A change while the token was on its way was for the participant that this one replaces, or for
// this one already: the sid tells.
void ModelClient::check_rights(const pb::ParticipantPermission& told) {
  if (told.can_subscribe() != token_.can_subscribe || told.can_publish() != token_.can_publish) {
    fault("it joined with other rights than its token has");
  }
  if (permission_ != token_ && permission_sid_ != sid_) permission_changed(token_, sid_);
}

void ModelClient::on_reconnect() {
  if (state_ != State::kResuming) return fault("an answer to no reconnect");
  enter(State::kConnected);
  tries_ = 0;
  client::SyncState sync;
  sync.subscription.subscribe = !auto_subscribe;
  for (const auto& [sid, choice] : choices_) {
    if (choice.subscribe != auto_subscribe) sync.subscription.track_sids.push_back(sid);
  }
  for (const auto& [sid, settings] : settings_) {
    if (settings.disabled) sync.track_sids_disabled.push_back(sid);
  }
  for (const auto& track : tracks_) {
    if (track->state != LocalTrack::State::kPublished) continue;
    client::PublishedTrackState published;
    published.cid = track->cid;
    published.track.sid = track->sid;
    sync.publish_tracks.push_back(std::move(published));
  }
  say(sync);
  offering_ = offer_again_ = offer_due_ = false;
  if (publisher_ != nullptr) negotiate(true);
  // Requests that waited while there was nobody to send them to.
  for (auto& track : tracks_) {
    if (track->state == LocalTrack::State::kAsked) add(*track);
    if (!track->sid.empty()) say(livekit::MuteTrack{track->sid, track->muted});
  }
  if (restriction_since_ > TimePoint{}) restrict_to(restriction_);
  for (const auto& [sid, settings] : std::map(settings_)) {
    set_settings(sid, settings.disabled, settings.quality);
  }
  work();
}

void ModelClient::on_update(const pb::ParticipantUpdate& update) {
  for (const auto& info : update.participants()) {
    if (info.identity() == identity_) {
      if (info.sid() == sid_ && info.state() == pb::ParticipantInfo::DISCONNECTED) {
        fault("it is told that it is gone itself");
      }
      continue;
    }
    if (info.state() == pb::ParticipantInfo::DISCONNECTED) {
      others_.erase(info.identity());
      continue;
    }
    auto& known = others_[info.identity()];
    if (known.sid() == info.sid() && known.version() > info.version()) continue;
    known = info;
  }
  work();
}

void ModelClient::on_leave(const pb::LeaveRequest& leave) {
  const auto reason = static_cast<DisconnectReason>(leave.reason());
  if (reason == DisconnectReason::kJoinFailure) {
    fault("the server could not answer what it said");
  }
  // After a resume the server compares what both know.
  if (reason == DisconnectReason::kStateMismatch && resumes_ == 0) {
    fault("the server lost track of it");
  }
  if (leave.action() == pb::LeaveRequest::RESUME) return signal_lost();
  if (leave.action() != pb::LeaveRequest::RECONNECT) return stay_out(reason);
  ++full_reconnects_;
  drop_pipe();
  drop_peers(true);
  enter(State::kConnecting);
  connect_later(false, std::chrono::milliseconds(rng().below(500)));
}

// ---- publishing

void ModelClient::work() {
  if (state_ != State::kConnected) return;
  for (auto& track : tracks_) {
    if (!track->wanted) {
      if (track->state != LocalTrack::State::kIdle) stop(*track);
      continue;
    }
    if (track->state == LocalTrack::State::kIdle && permission_.may_publish(track->what)) {
      add(*track);
      if (track->offers_at_once) place(*track);
    }
  }
}

void ModelClient::add(LocalTrack& track) {
  track.state = LocalTrack::State::kAsked;
  track.changed = now();
  client::AddTrack request;
  request.cid = track.cid;
  request.info.name = fmt::format("{}", track.source);
  request.info.type = track.kind == rtc::MediaKind::kVideo ? livekit::TrackType::kVideo
                                                           : livekit::TrackType::kAudio;
  request.info.source = track.what;
  request.info.muted = track.muted;
  for (size_t i = 0; track.kind == rtc::MediaKind::kVideo && i < track.layers; ++i) {
    livekit::VideoLayer layer;
    layer.quality =
        track.layers == 1 ? livekit::VideoQuality::kHigh : static_cast<livekit::VideoQuality>(i);
    layer.width = 320U << i;
    layer.height = 180U << i;
    request.info.layers.push_back(layer);
  }
  say(request);
}

void ModelClient::open_publisher() {
  if (publisher_ != nullptr) return;
  publisher_ = std::make_unique<ModelPeer>(environment(), identity_ + " publisher");
  if (!single_connection) return;
  publisher_->add_receivers(rtc::MediaKind::kAudio, kFirstReceivers);
  publisher_->add_receivers(rtc::MediaKind::kVideo, kFirstReceivers);
}

void ModelClient::on_requirement(const pb::MediaSectionsRequirement& more) {
  if (!single_connection) return fault("it is asked for sections that it does not have");
  open_publisher();
  publisher_->add_receivers(rtc::MediaKind::kAudio, more.num_audios());
  publisher_->add_receivers(rtc::MediaKind::kVideo, more.num_videos());
  negotiate();
}

void ModelClient::place(LocalTrack& track) {
  open_publisher();
  track.mid = publisher_->add_section(track.kind, track.cid, track.layers, rng().chance(0.7));
  track.media.emplace(publisher_->make_media(track.mid, track.source));
  publisher_->register_media(*track.media);
  negotiate();
}

void ModelClient::stop(LocalTrack& track) {
  if (!track.mid.empty()) {
    publisher_->forget_media(*track.media);
    publisher_->stop_section(track.mid);
    negotiate();
  }
  track.media.reset();
  track.state = LocalTrack::State::kIdle;
  track.sid.clear();
  track.mid.clear();
  track.negotiated = false;
  track.changed = now();
}

void ModelClient::on_track_published(const pb::TrackPublishedResponse& published) {
  for (auto& track : tracks_) {
    if (track->cid != published.cid() || track->state == LocalTrack::State::kIdle) continue;
    track->sid = published.track().sid();
    track->state = LocalTrack::State::kPublished;
    track->changed = now();
    if (published.track().muted() != track->muted) {
      say(livekit::MuteTrack{track->sid, track->muted});
    }
    if (track->mid.empty()) place(*track);
  }
}

void ModelClient::negotiate(bool restart) {
  restart_ = restart_ || restart;
  if (offering_) {
    offer_again_ = true;
    return;
  }
  if (std::exchange(offer_due_, true)) return;
  const Duration debounce =
      restart ? Duration{} : std::chrono::milliseconds(rng().below(kDebounceMs));
  meeting_.simulation().after(debounce, [this, attempt = attempt_] {
    if (attempt == attempt_ && offer_due_) send_offer();
  });
}

void ModelClient::send_offer() {
  offer_due_ = false;
  if (publisher_ != nullptr) say(client::Description{make_offer()});
}

livekit::SessionDescription ModelClient::make_offer() {
  offering_ = true;
  offered_.clear();
  for (auto& track : tracks_) {
    if (!track->mid.empty()) offered_.push_back(track->mid);
  }
  const std::string text = publisher_->offer(std::exchange(restart_, false));
  return {"offer", text, ++offer_id_, {}};
}

void ModelClient::on_answer(const pb::SessionDescription& answer) {
  if (publisher_ == nullptr || !offering_ || answer.id() != offer_id_) return;
  offering_ = false;
  publisher_->set_answer(answer.sdp(),
                         {answer.mid_to_track_id().begin(), answer.mid_to_track_id().end()});
  for (auto& track : tracks_) {
    if (std::find(offered_.begin(), offered_.end(), track->mid) != offered_.end()) {
      track->negotiated = true;
    }
  }
  if (std::exchange(offer_again_, false)) negotiate();
}

void ModelClient::on_offer(const pb::SessionDescription& offer) {
  if (single_connection) return fault("the server offers on its only connection");
  if (subscriber_ == nullptr) {
    subscriber_ = std::make_unique<ModelPeer>(environment(), identity_ + " subscriber");
  }
  const std::string text = subscriber_->answer(offer.sdp());
  if (!text.empty()) say(client::Description{{"answer", text, offer.id()}});
}

void ModelClient::on_quality(const pb::SubscribedQualityUpdate& update) {
  for (auto& track : tracks_) {
    if (track->sid != update.track_sid() || track->sid.empty() || !track->media) continue;
    const auto& qualities = update.subscribed_codecs_size() > 0
                                ? update.subscribed_codecs(0).qualities()
                                : update.subscribed_qualities();
    for (const auto& quality : qualities) {
      const auto index = static_cast<size_t>(quality.quality());
      if (track->layers > 1 && index < track->media->layers.size()) {
        track->media->layers[index]->enabled = quality.enabled();
      }
    }
  }
}

// ---- time

void ModelClient::tick() {
  ++ticks_;
  const bool frame = ticks_ % (10 / kMeetingFramesPerSecond) == 0;
  for (auto& track : tracks_) capture(*track, frame);
  if (publisher_ != nullptr) publisher_->poll_receivers();
  if (subscriber_ != nullptr) subscriber_->poll_receivers();
}

void ModelClient::capture(LocalTrack& track, bool frame) {
  if (!track.media || !track.negotiated || !publisher_->connected()) return;
  if (track.muted && !track.sends_while_muted) return;
  if (track.media->audio) {
    Truth truth;
    truth.source = track.source;
    truth.captured_us = to_us(now().time_since_epoch());
    Bytes payload(40, 0x11);
    truth.write(payload.data());
    SyntheticStream& stream = *track.media->audio;
    stream.send(now(), stream.timestamp_at(now()), false, payload, 40);
  } else if (frame) {
    for (auto& layer : track.media->layers) layer->capture(now());
  }
}

void ModelClient::each_second() {
  if (publisher_ != nullptr) publisher_->send_reports();
  if (subscriber_ != nullptr) subscriber_->send_reports();
  if (state_ != State::kConnected) return;
  if (ticks_ / 10 % to_ms(kPingInterval) / 1000 == 0) say(client::Ping{ticks_, 0});
  if (now() - signal_heard_ > kPingTimeout) {
    ++attempt_;  // its end is no news
    if (const auto pipe = std::exchange(pipe_, nullptr)) pipe->abandon(SignalPipe::kClient, false);
    return signal_lost();
  }
  watch_media();
}

void ModelClient::watch_media() {
  for (const auto* peer : {&publisher_, &subscriber_}) {
    if (*peer == nullptr) continue;
    ModelPeer& p = **peer;
    if (p.failed()) return full_reconnect();
    const TimePoint since = std::max(p.begun(), state_since_);
    if (!p.connected()) {
      if (now() - since > kMediaTimeout) return full_reconnect();
      continue;
    }
    if (now() - std::max(p.heard(), since) > kMediaSilence) return signal_lost();
  }
}

void ModelClient::on_media(ReceivedTrack& track, const rtc::rtp::PacketView& packet) {
  if (!track.video) return on_sound(track, packet);
  ByteView payload = packet.payload();
  if (track.rtx_ssrc != rtc::Ssrc() && packet.ssrc() == track.rtx_ssrc) {
    if (payload.size() < 2) return;
    payload = payload.subspan(2);
  }
  if (payload.empty()) return;  // filler
  const auto truth = Truth::of_vp8(payload);
  if (!truth) return fault("a packet of track " + track.sid + " that nobody made");
  meeting_.check_packet(*this, track, *truth);
}

void ModelClient::on_sound(ReceivedTrack& track, const rtc::rtp::PacketView& packet) {
  const auto sound = Sound::read(track.sound, packet);
  if (!sound) return fault("a packet of track " + track.sid + " that nobody made");
  if (sound->silence) {
    if (track.silence.add(packet.sequence().value) > kSilentFrames) {
      fault("track " + track.sid + " is silenced for too long");
    }
    return meeting_.check_silence(*this, track);
  }
  if (!sound->coherent()) fault("what track " + track.sid + " repeats is not what was before");
  meeting_.check_packet(*this, track, sound->truth);
}

}  // namespace turms::sim
