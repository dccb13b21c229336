// What members and the server API change about members.
#include <algorithm>
#include <utility>

#include "livekit/participant.h"
#include "livekit/room.h"
#include "livekit/room_data.h"

namespace turms::livekit {
namespace {

size_t size_of(const Attributes& attributes) {
  size_t size = 0;
  for (const auto& [key, value] : attributes) size += key.size() + value.size();
  return size;
}

bool same_profile(const ParticipantInfo& a, const ParticipantInfo& b) {
  return a.name == b.name && a.metadata == b.metadata && a.attributes == b.attributes;
}

Error no_participant() {
  return {ErrorCode::kNotFound, "participant does not exist"};
}

}  // namespace

// ---- Participant

ParticipantInfo Participant::full_info() const {
  ParticipantInfo out = info;
  for (const auto& track : tracks) {
    if (track->live) out.tracks.push_back(track->info);
  }
  return out;
}

CodecOfTrack Participant::find_codec(bool live, std::string PublishedCodec::*field,
                                     std::string_view value) const {
  if (value.empty()) return {};
  for (const auto& track : tracks) {
    for (PublishedCodec& codec : track->codecs) {
      if (codec.live == live && codec.*field == value) return {track.get(), &codec};
    }
  }
  return {};
}

CodecOfTrack Participant::find_pending(std::string_view cid) const {
  return find_codec(false, &PublishedCodec::cid, cid);
}

CodecOfTrack Participant::first_pending(rtc::MediaKind kind) const {
  const TrackType type = kind == rtc::MediaKind::kVideo ? TrackType::kVideo : TrackType::kAudio;
  for (const auto& track : tracks) {
    if (track->info.type != type) continue;
    for (PublishedCodec& codec : track->codecs) {
      // A codec without a cid has not been asked for yet.
      if (!codec.live && !codec.cid.empty()) return {track.get(), &codec};
    }
  }
  return {};
}

CodecOfTrack Participant::find_cid(std::string_view cid) const {
  if (const CodecOfTrack pending = find_pending(cid)) return pending;
  return find_codec(true, &PublishedCodec::cid, cid);
}

std::optional<size_t> PublishedTrack::place_of(media::TrackId codec) const {
  for (size_t i = 0; i < codecs.size(); ++i) {
    if (codecs[i].id == codec) return i;
  }
  return std::nullopt;
}

const std::vector<VideoLayer>& PublishedTrack::layers_of(media::TrackId codec) const {
  const auto place = place_of(codec);
  return place && !info.codecs[*place].layers.empty() ? info.codecs[*place].layers : info.layers;
}

PublishedTrack* Participant::find_sid(std::string_view sid) const {
  for (const auto& track : tracks) {
    if (track->info.sid == sid) return track.get();
  }
  return nullptr;
}

CodecOfTrack Participant::find_mid(std::string_view mid) const {
  return find_codec(true, &PublishedCodec::mid, mid);
}

// ---- members

std::vector<ParticipantInfo> Room::participants() const {
  std::vector<ParticipantInfo> out;
  out.reserve(participants_.size());
  for (const auto& [key, participant] : participants_) out.push_back(participant->full_info());
  return out;
}

std::optional<ParticipantInfo> Room::participant(std::string_view identity) const {
  const Participant* participant = find_identity(identity);
  if (participant == nullptr) return std::nullopt;
  return participant->full_info();
}

Status Room::remove_participant(Now now, std::string_view identity) {
  Participant* participant = find_identity(identity);
  if (participant == nullptr) return std::unexpected(no_participant());
  leave(now, *participant, DisconnectReason::kParticipantRemoved, server::LeaveAction::kDisconnect,
        true);
  return {};
}

Status Room::move_participant(Now now, std::string_view identity, const RoomInfo& destination) {
  Participant* participant = find_identity(identity);
  if (participant == nullptr) return std::unexpected(no_participant());
  if (participant->one_offer) {
    return fail(ErrorCode::kFailedPrecondition, "a WHIP publisher cannot be moved");
  }
  if (!participant->signal_up) {
    return fail(ErrorCode::kFailedPrecondition, "the participant has no signalling connection");
  }
  participant->grants.video->room = destination.name;
  // They are of the room that it leaves.
  participant->grants.room_settings.reset();
  participant->grants.room_config.clear();
  participant->grants.room_preset.clear();
  server::RoomMoved moved;
  moved.room = destination;
  moved.token = secrets_.mint(participant->grants, now.wall);
  moved.participant = participant->full_info();
  // Some SDKs do not know of moves. Who else is there comes with the join: the client forgets all
  // that it knows when it connects anew.
  send(*participant, server::RefreshToken{moved.token});
  send(*participant, std::move(moved));
  leave(now, *participant, DisconnectReason::kMigration, server::LeaveAction::kReconnect, true);
  return {};
}

Status Room::apply_change(Participant& participant, const ParticipantChange& change) {
  Attributes attributes = participant.info.attributes;
  for (const auto& [key, value] : change.attributes) {
    if (value.empty()) {
      attributes.erase(key);
    } else {
      attributes[key] = value;
    }
  }
  if (change.name.size() > parameters_.max_name) {
    return fail(ErrorCode::kInvalidArgument, "name length exceeds limits");
  }
  if (change.metadata.size() > parameters_.max_metadata) {
    return fail(ErrorCode::kInvalidArgument, "metadata size exceeds limits");
  }
  if (size_of(attributes) > parameters_.max_attributes) {
    return fail(ErrorCode::kInvalidArgument, "attribute size exceeds limits");
  }
  const ParticipantInfo before = participant.info;
  if (!change.name.empty()) participant.info.name = change.name;
  if (!change.metadata.empty()) participant.info.metadata = change.metadata;
  participant.info.attributes = std::move(attributes);
  if (same_profile(before, participant.info)) return {};
  participant.grants.name = participant.info.name;
  participant.grants.metadata = participant.info.metadata;
  participant.grants.attributes = participant.info.attributes;
  changed(participant);
  return {};
}

Result<ParticipantInfo> Room::update_participant(Now now, std::string_view identity,
                                                 const ParticipantChange& change) {
  Participant* participant = find_identity(identity);
  if (participant == nullptr) return std::unexpected(no_participant());
  const ParticipantInfo before = participant->info;
  if (const Status applied = apply_change(*participant, change); !applied) {
    return std::unexpected(applied.error());
  }
  if (change.permission) set_permission(now, *participant, *change.permission);
  if (!same_profile(before, participant->info) ||
      before.permission != participant->info.permission) {
    refresh_token(now, *participant);
  }
  return participant->full_info();
}

void Room::set_permission(Now now, Participant& participant, const Permission& permission) {
  if (participant.info.permission == permission) return;
  const Permission before = std::exchange(participant.info.permission, permission);
  participant.grants.video->set_permission(permission);
  if (!permission.can_publish) participant.info.is_publisher = false;
  changed(participant);
  data_->changed(participant.key);

  if (!permission.can_publish_data) end_data_tracks(participant, true);
  // What it may no longer publish goes away, for it and for everyone.
  std::vector<std::string> forbidden;
  for (const auto& track : participant.tracks) {
    if (!permission.may_publish(track->info.source)) forbidden.push_back(track->info.sid);
  }
  for (const std::string& sid : forbidden) unpublish(now, participant, sid, true);

  if (permission.can_subscribe != before.can_subscribe) reconcile_all(participant);
  if (permission.hidden != before.hidden) {
    if (permission.hidden) {
      // For the others it leaves.
      ParticipantInfo gone = participant.info;
      gone.state = ParticipantState::kDisconnected;
      departed_.push_back(std::move(gone));
    }
    for (const auto& track : participant.tracks) {
      if (!track->live) continue;
      for (const auto& [key, other] : participants_) reconcile(*other, *track);
    }
  }
  check_empty(now);
  counts_changed(now);
}

Status Room::update_subscriptions(Now /*now*/, std::string_view identity,
                                  const std::vector<std::string>& track_sids, bool subscribe) {
  Participant* participant = find_identity(identity);
  if (participant == nullptr) return std::unexpected(no_participant());
  choose(*participant, track_sids, subscribe);
  return {};
}

void Room::update_metadata(Now /*now*/, std::string metadata) {
  parameters_.metadata = std::move(metadata);
  room_changed_ = true;
}

void Room::on_update_metadata(Now now, Participant& from, const client::UpdateMetadata& request) {
  server::RequestResponse response;
  response.request_id = request.request_id;
  if (!from.info.permission.can_update_metadata) {
    response.reason = server::RequestReason::kNotAllowed;
    response.message = "does not have permission to update own metadata";
  } else if (const Status applied = apply_change(
                 from, {request.name, request.metadata, request.attributes, std::nullopt});
             !applied) {
    response.reason = server::RequestReason::kLimitExceeded;
    response.message = applied.error().message;
  } else {
    refresh_token(now, from);
  }
  // A large request is repeated only as far as it identifies itself.
  constexpr size_t kLarge = 4096;
  const size_t size = request.name.size() + request.metadata.size() + size_of(request.attributes);
  response.request =
      size > kLarge ? client::UpdateMetadata{{}, {}, {}, request.request_id} : request;
  delayed_.emplace_back(now.monotonic + kRequestResponseDelay,
                        SendMessage{{from.key}, std::move(response)});
}

void Room::refresh_token(Now now, Participant& participant) {
  if (participant.one_offer) return;
  send(participant, server::RefreshToken{secrets_.mint(participant.grants, now.wall)});
  arm(participant, now.monotonic + kTokenRefreshInterval, TimerKind::kRefreshToken);
}

void Room::counts_changed(Now now) {
  const bool recording = std::ranges::any_of(
      participants_, [](const auto& entry) { return entry.second->info.permission.recorder; });
  if (std::exchange(recording_, recording) != recording) room_changed_ = true;
  if (room_changed_ || count_update_at_ || closed_) return;
  const TimePoint allowed = last_count_update_ + kCountUpdateInterval;
  if (now.monotonic >= allowed) {
    room_changed_ = true;
  } else {
    count_update_at_ = allowed;
  }
}

}  // namespace turms::livekit
