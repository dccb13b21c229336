#include "livekit/room.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/overload.h"
#include "livekit/participant.h"
#include "livekit/room_data.h"

namespace turms::livekit {
namespace {

/// From this protocol on LeaveRequest has an action.
constexpr int32_t kLeaveActionProtocol = 13;

/// Bytes that tell frames of the server's own from those of publishers.
constexpr size_t kServerFrameTrailer = 16;

constexpr size_t kMaxNotes = 4;
constexpr int kRoomBits = 32;
constexpr uint64_t kMaxRoomId = (uint64_t{1} << kRoomBits) - 1;

// All that a description can carry may be subscribed.
static_assert(rtc::sdp::kMaxSections <= media::kMaxSubscriptionsPerTransport);

}  // namespace

Room::Room(RoomParameters parameters, Now now, media::Engine& engine, RoomSecrets secrets)
    : parameters_(std::move(parameters)),
      engine_(engine),
      secrets_(std::move(secrets)),
      created_(now.wall),
      last_count_update_(now.monotonic),
      gone_since_(now.monotonic),
      last_update_(now.monotonic - kUpdateInterval) {
  TURMS_CHECK(parameters_.id.value != 0 && parameters_.id.value <= kMaxRoomId);
  sid_ = "RM_" + secrets_.token(12);
  data_ = std::make_unique<RoomData>(engine_, parameters_.id);
  connections_ = std::make_unique<PeerConnections>(
      engine_, parameters_.id, [this] { return next_id(); }, secrets_.token);
  media::RoomSettings settings;
  sif_trailer_ = secrets_.token(kServerFrameTrailer);
  settings.playout_delay = parameters_.playout_delay;
  settings.audio_sources = parameters_.audio_sources;
  settings.follows_bandwidth = parameters_.follows_bandwidth;
  settings.allow_pause = parameters_.allow_pause;
  settings.server_frame_trailer.assign(sif_trailer_.begin(), sif_trailer_.end());
  engine_.create_room(parameters_.id, settings);
  notify(now, RoomEvent::kRoomStarted);
  check_empty(now);
}

Room::~Room() = default;

media::RoomId Room::room_of(media::TransportId transport) {
  return media::RoomId(transport.value >> kRoomBits);
}

media::RoomId Room::id_after(media::RoomId id) {
  return media::RoomId(id.value % kMaxRoomId + 1);
}

uint64_t Room::next_id() {
  // Rooms have numbers of their own, so ids of all rooms differ without anyone counting for all.
  TURMS_CHECK(++last_id_ != 0);
  return parameters_.id.value << kRoomBits | last_id_;
}

// ---- lookup and outputs

Participant* Room::find(ParticipantKey key) const {
  const auto it = participants_.find(key);
  return it == participants_.end() ? nullptr : it->second.get();
}

Participant* Room::find_identity(std::string_view identity) const {
  const auto it = by_identity_.find(identity);
  return it == by_identity_.end() ? nullptr : it->second;
}

Participant* Room::find_owner(media::TransportId transport) const {
  const auto owner = connections_->owner(transport);
  return owner ? find(*owner) : nullptr;
}

void Room::send(const Participant& to, ServerMessage message) {
  if (to.signal_up) outputs_.push_back(SendMessage{{to.key}, std::move(message)});
}

void Room::broadcast(ServerMessage message, const std::set<ParticipantKey>& except) {
  SendMessage out;
  for (const auto& [key, participant] : participants_) {
    if (participant->signal_up && !except.contains(key)) out.to.push_back(key);
  }
  if (out.to.empty()) return;
  out.message = std::move(message);
  outputs_.push_back(std::move(out));
}

void Room::changed(Participant& participant) {
  if (dirty_infos_.insert(participant.key).second) ++participant.info.version;
}

void Room::notify(Now now, RoomEvent event, const Participant* participant,
                  const TrackInfo* track) {
  Notify out{event, now.wall, info(), std::nullopt, std::nullopt};
  if (participant != nullptr) out.participant = participant->info;
  if (track != nullptr) out.track = *track;
  outputs_.push_back(std::move(out));
}

RoomInfo Room::info() const {
  RoomInfo out;
  out.sid = sid_;
  out.name = parameters_.name;
  out.metadata = parameters_.metadata;
  out.creation_time_ms = created_.unix_ms;
  out.empty_timeout_s = parameters_.empty_timeout_s;
  out.departure_timeout_s = parameters_.departure_timeout_s;
  out.max_participants = parameters_.max_participants;
  out.enabled_codecs = parameters_.enabled_codecs;
  out.active_recording = recorded_;
  for (const auto& [key, participant] : participants_) {
    if (!participant->dependent()) ++out.num_participants;
    if (participant->info.is_publisher) ++out.num_publishers;
    out.active_recording = out.active_recording || participant->info.permission.recorder;
  }
  return out;
}

std::vector<ParticipantInfo> Room::others_of(const Participant& viewer) const {
  std::vector<ParticipantInfo> out;
  for (const auto& [key, participant] : participants_) {
    if (key != viewer.key && !participant->info.permission.hidden) {
      out.push_back(participant->full_info());
    }
  }
  return out;
}

// ---- coming and going

Status Room::has_space_for(const ParticipantInfo& info) const {
  const auto people = [this] {
    return std::count_if(participants_.begin(), participants_.end(),
                         [](const auto& p) { return !p.second->dependent(); });
  };
  if (participants_.size() >= parameters_.max_members ||
      (parameters_.max_participants != 0 && !info.is_dependent() &&
       static_cast<size_t>(people()) >= parameters_.max_participants)) {
    return fail(ErrorCode::kResourceExhausted, "room has exceeded its max participants");
  }
  return {};
}

Result<ParticipantKey> Room::join(Now now, JoinParameters parameters) {
  TURMS_CHECK(!closed_ && parameters.grants.video);
  auto participant = std::make_unique<Participant>();
  participant->grants = std::move(parameters.grants);
  const Grants& grants = participant->grants;
  participant->auto_subscribe = parameters.auto_subscribe;
  participant->auto_subscribe_data_tracks = parameters.auto_subscribe_data_tracks;
  participant->adaptive_stream = parameters.adaptive_stream;
  participant->path_limits.allow_pause = parameters.allow_pause;
  participant->path_limits_told = !parameters.allow_pause;
  participant->single_connection = parameters.single_connection;
  participant->protocol = parameters.protocol;
  participant->sync_streams = parameters_.sync_streams && !parameters.firefox &&
                              parameters.protocol >= kSharedStreamProtocol;
  // It would delay the picture and not the sound.
  participant->playout_delay = !(parameters_.sync_streams && parameters.firefox);
  if (parameters.one_offer) {
    participant->one_offer = std::make_unique<OneOffer>();
    participant->signal_up = false;
  }
  ParticipantInfo& info = participant->info;
  info.identity = grants.identity;
  info.name = grants.name;
  info.metadata = grants.metadata;
  info.attributes = grants.attributes;
  info.kind = grants.kind;
  info.kind_details = grants.kind_details;
  info.permission = grants.video->permission();
  info.state = ParticipantState::kJoined;
  info.joined_at_ms = now.wall.unix_ms;
  info.client_protocol = parameters.client_protocol;
  info.capabilities = std::move(parameters.capabilities);

  if (Participant* older = find_identity(info.identity)) {
    leave(now, *older, DisconnectReason::kDuplicateIdentity, server::LeaveAction::kDisconnect,
          true);
  }
  if (const Status space = has_space_for(info); !space) return std::unexpected(space.error());

  Participant& joined = *participant;
  joined.key = ParticipantKey(next_id());
  joined.heard_at = now.monotonic;
  info.sid = "PA_" + secrets_.token(12);
  const CandidateChoice choice = candidate_choice(now, info.identity);
  connections_->set_candidates(joined.key, choice.policy);
  joined.negotiation =
      parameters.single_connection
          ? make_single_negotiation(*connections_, joined.key)
          : make_dual_negotiation(*connections_, joined.key, info.permission.can_subscribe);
  participants_.emplace(joined.key, std::move(participant));
  by_identity_.emplace(info.identity, &joined);
  if (!joined.dependent()) anybody_joined_ = true;
  check_empty(now);
  arm(joined, now.monotonic + kConnectTimeout, TimerKind::kConnect);

  server::Join answer;
  answer.room = this->info();
  answer.participant = joined.full_info();
  answer.others = others_of(joined);
  answer.server = parameters_.server;
  answer.sif_trailer = sif_trailer_;
  answer.ice_servers = ice_servers_for(now, joined);
  answer.client_configuration.force_relay = choice.force_relay;
  answer.subscriber_primary = joined.negotiation->subscriber_primary();
  // A single connection opens with the join. LiveKit's Rust core would negotiate it a second time
  // while the first answer is under way, and then hang when a track is added to it at once.
  answer.fast_publish = info.permission.can_publish && !joined.single_connection;
  send(joined, std::move(answer));
  refresh_token(now, joined);
  if (info.permission.can_subscribe) {
    open_subscriber(joined);
    reconcile_all(joined);
  }
  data_->changed(joined.key);
  auto_subscribe_data_tracks(joined);
  changed(joined);
  counts_changed(now);
  return joined.key;
}

void Room::on_signal_closed(Now now, ParticipantKey who) {
  Participant* participant = find(who);
  if (participant == nullptr || !participant->signal_up) return;
  if (participant->hung_up) {
    return leave(now, *participant, DisconnectReason::kSignalClose,
                 server::LeaveAction::kDisconnect, false);
  }
  participant->signal_up = false;
  arm(*participant, now.monotonic + kResumeGrace, TimerKind::kResume);
}

void Room::leave(Now now, Participant& participant, DisconnectReason reason,
                 server::LeaveAction action, bool tell) {
  if (tell) send(participant, server::Leave{reason, action});
  outputs_.push_back(CloseSignal{participant.key});
  participant.signal_up = false;
  while (!participant.tracks.empty()) {
    unpublish(now, participant, participant.tracks.back()->info.sid, false);
  }
  for (const auto& [sid, subscription] : participant.subscriptions) {
    // Closing the transport takes the engine's part away.
    if (PublishedTrack* track = find_track(sid)) {
      track->subscribers.erase(participant.key);
      wants_changed(*track);
    }
    if (by_subscription_.erase(subscription.id.value) > 0) --subscribed_.of(subscription.type);
  }
  forget_data(participant);
  data_->changed(participant.key);
  participant.negotiation->close_all();
  for (const auto& [kind, at] : participant.timers) {
    timers_.erase({at, participant.key.value, static_cast<TimerKind>(kind)});
  }
  participant.info.state = ParticipantState::kDisconnected;
  participant.info.disconnect_reason = reason;
  ++participant.info.version;
  if (!participant.info.permission.hidden) departed_.push_back(participant.info);
  dirty_infos_.erase(participant.key);
  dirty_negotiations_.erase(participant.key);
  speaking_.erase(participant.info.sid);
  const bool announced = participant.announced;
  by_identity_.erase(participant.info.identity);
  connections_->forget(participant.key);
  const auto node = participants_.extract(participant.key);
  notify(now, announced ? RoomEvent::kParticipantLeft : RoomEvent::kParticipantConnectionAborted,
         node.mapped().get());
  check_empty(now);
  counts_changed(now);
}

void Room::close(Now now, DisconnectReason reason) {
  if (closed_) return;
  // The room ends with this process; its members may go on with the next.
  const auto action = reason == DisconnectReason::kServerShutdown
                          ? server::LeaveAction::kReconnect
                          : server::LeaveAction::kDisconnect;
  while (!participants_.empty()) {
    leave(now, *participants_.begin()->second, reason, action, true);
  }
  closed_ = true;
  close_at_.reset();
  count_update_at_.reset();
  quality_at_.reset();
  update_at_.reset();
  delayed_.clear();
  notify(now, RoomEvent::kRoomFinished);
  engine_.close_room(parameters_.id);
}

// ---- media events

void Room::activate(Now now, Participant& participant) {
  if (participant.announced) return;
  participant.announced = true;
  participant.info.state = ParticipantState::kActive;
  changed(participant);
  notify(now, RoomEvent::kParticipantJoined, &participant);
  for (const auto& track : participant.tracks) {
    if (track->live) notify(now, RoomEvent::kTrackPublished, &participant, &track->info);
  }
  tell_state_of_others(participant);
  if (quality_at_) return;
  quality_at_ = quality_window_ = now.monotonic + ConnectionScore::kInterval;
}

void Room::on_transport_connected(Now now, media::TransportId id) {
  Participant* participant = find_owner(id);
  if (participant == nullptr) return;
  participant->hung_up = false;
  participant->silent = false;
  participant->quality.set_silent(false);
  if (participant->negotiation->on_connected(id)) activate(now, *participant);
  if (participant->announced) disarm(*participant, TimerKind::kConnect);
}

void Room::on_transport_failed(Now now, media::TransportId id) {
  Participant* participant = find_owner(id);
  if (participant == nullptr) return;
  if (participant->one_offer) {
    // Nobody can ask it to come back.
    return leave(now, *participant, DisconnectReason::kConnectionTimeout,
                 server::LeaveAction::kDisconnect, false);
  }
  // The other of its transports, most often: it has been asked to come back.
  if (participant->silent) return;
  // Clients of older protocols start afresh when they hear of it, and so does who never got in.
  if (participant->announced && participant->protocol >= kLeaveActionProtocol) {
    const Carries carries = participant->negotiation->carries(id);
    participant->media_lost =
        carries.subscribed || (carries.published && !participant->tracks.empty());
    return silent(now, *participant);
  }
  leave(now, *participant, DisconnectReason::kConnectionTimeout, server::LeaveAction::kReconnect,
        true);
}

void Room::on_transport_closed(Now now, media::TransportId id) {
  Participant* owner = find_owner(id);
  if (owner == nullptr) return;
  Participant& participant = *owner;
  const Carries carries = participant.negotiation->carries(id);
  if (carries.subscribed) {
    participant.receives = false;
    reconcile_all(participant);
  }
  if (carries.published) end_published(now, participant);
  participant.negotiation->close(id);
  if (participant.negotiation->any_connected()) return;
  participant.hung_up = true;
  if (!participant.signal_up) {
    return leave(
        now, participant,
        participant.one_offer ? DisconnectReason::kClientInitiated : DisconnectReason::kSignalClose,
        server::LeaveAction::kDisconnect, false);
  }
  if (participant.announced) arm(participant, now.monotonic + kMediaTimeout, TimerKind::kConnect);
}

// ---- what a participant says

void Room::on_message(Now now, ParticipantKey from_key, const ClientMessage& message) {
  Participant* from = find(from_key);
  if (from == nullptr || closed_) return;
  from->heard_at = now.monotonic;
  std::visit(
      Overload{
          [](const auto&) {},     // of later protocols
          [](const Trickle&) {},  // ICE-lite: the client's checks tell its addresses (RFC 8445 2.5)
          [&](const client::Description& m) { on_description(now, *from, m.description); },
          [&](const client::AddTrack& m) { on_add_track(now, *from, m); },
          [&](const MuteTrack& m) { on_mute(now, *from, m); },
          [&](const client::UpdateSubscription& m) { choose(*from, m.track_sids, m.subscribe); },
          [&](const client::UpdateTrackSettings& m) { on_track_settings(*from, m); },
          [&](const client::Leave& m) {
            leave(now, *from, m.reason, server::LeaveAction::kDisconnect, true);
          },
          [&](const client::SubscriptionPermission& m) { on_subscription_permission(*from, m); },
          [&](const client::SyncState& m) {
            on_sync_data(*from, m);
            on_sync_state(now, *from, m);
          },
          [&](const client::PublishDataTrack& m) { on_publish_data_track(*from, m); },
          [&](const client::UnpublishDataTrack& m) { on_unpublish_data_track(*from, m); },
          [&](const client::UpdateDataSubscription& m) { on_update_data_subscription(*from, m); },
          [&](const client::StoreDataBlob& m) { on_store_data_blob(*from, m); },
          [&](const client::GetDataBlob& m) { on_get_data_blob(*from, m); },
          [&](const client::Simulate& m) { on_simulate(now, *from, m); },
          [&](const client::LegacyPing&) { send(*from, server::LegacyPong{now.wall.unix_ms}); },
          [&](const client::Ping& m) {
            send(*from, server::Pong{m.timestamp, now.wall.unix_ms});
          },
          [&](const client::UpdateMetadata& m) { on_update_metadata(now, *from, m); },
          [&](const client::UpdateAudioTrack& m) { on_update_audio_track(*from, m); },
          [&](const client::UpdateVideoTrack& m) { on_update_video_track(*from, m); },
          [&](const client::UpdateVideoLayers& m) { on_update_video_layers(*from, m); },
      },
      message);
}

void Room::on_description(Now now, Participant& from, const SessionDescription& description) {
  Negotiation& negotiation = *from.negotiation;
  const bool offers = description.type == "offer";
  auto negotiated =
      offers ? negotiation.on_offer(description,
                                    [&](const auto& section) { return decide(from, section); })
             : negotiation.on_answer(description);
  if (!negotiated) {
    remark(from, {negotiated.error().message});
    return leave(now, from, DisconnectReason::kJoinFailure, server::LeaveAction::kReconnect, true);
  }
  remark(from, negotiated->notes);
  if (negotiated->answer) send(from, server::Description{std::move(*negotiated->answer)});
  if (!negotiation.waits_for_answer()) disarm(from, TimerKind::kAnswer);
  if (offers) {
    end_tracks(now, from, negotiated->received);
    match_sections(now, from, negotiated->received);
  }
  on_sent(from, *negotiated);
  dirty_negotiations_.insert(from.key);
}

// One line, and not again for the same.
void Room::remark(Participant& about, const std::vector<std::string>& notes) {
  if (about.notes == notes) return;
  about.notes = notes;
  if (notes.empty()) return;
  std::string text = "description of " + about.info.identity + " (" + about.info.sid + "): ";
  for (size_t i = 0; i < notes.size() && i < kMaxNotes; ++i) {
    if (i > 0) text += "; ";
    text += notes[i];
  }
  if (notes.size() > kMaxNotes) text += "; and more";
  outputs_.push_back(Remark{std::move(text)});
}

}  // namespace turms::livekit
