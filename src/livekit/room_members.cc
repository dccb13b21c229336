// What members and the server API change about members, and what everyone hears about how they are:
// speakers, connection quality.
#include <algorithm>
#include <cmath>
#include <utility>

#include "livekit/participant.h"
#include "livekit/room.h"

namespace turms::livekit {
namespace {

constexpr Duration kQualityInterval = std::chrono::seconds(5);

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

bool Participant::dependent() const {
  return info.kind == ParticipantKind::kAgent || info.kind == ParticipantKind::kEgress ||
         info.permission.agent || info.permission.recorder;
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

CodecOfTrack Participant::find_cid(std::string_view cid) const {
  if (const CodecOfTrack pending = find_pending(cid)) return pending;
  return find_codec(true, &PublishedCodec::cid, cid);
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
  changed(participant);

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
  // The request is repeated only as far as it identifies itself.
  response.request = client::UpdateMetadata{{}, {}, {}, request.request_id};
  delayed_.emplace_back(now.monotonic + kRequestResponseDelay,
                        SendMessage{{from.key}, std::move(response)});
}

void Room::on_simulate(Now now, Participant& from, const client::Simulate& request) {
  switch (request.scenario) {
    default:
      break;
    case client::Scenario::kSpeaker:
      send(from, server::SpeakersChanged{{{from.info.sid, 0.9F, true}}});
      break;
    case client::Scenario::kNodeFailure:
      leave(now, from, DisconnectReason::kUnknown, server::LeaveAction::kDisconnect, false);
      break;
    case client::Scenario::kServerLeave:
      leave(now, from, DisconnectReason::kServerShutdown, server::LeaveAction::kDisconnect, true);
      break;
    case client::Scenario::kLeaveFullReconnect:
      leave(now, from, DisconnectReason::kUnknown, server::LeaveAction::kReconnect, true);
      break;
  }
}

void Room::refresh_token(Now now, Participant& participant) {
  send(participant, server::RefreshToken{secrets_.mint(participant.grants, now.wall)});
  arm(participant, now.monotonic + kTokenRefreshInterval, TimerKind::kRefreshToken);
}

void Room::counts_changed(Now now) {
  if (room_changed_ || count_update_at_ || closed_) return;
  const TimePoint allowed = last_count_update_ + kCountUpdateInterval;
  if (now.monotonic >= allowed) {
    room_changed_ = true;
  } else {
    count_update_at_ = allowed;
  }
}

// ---- speakers

void Room::on_speakers(Now /*now*/, const std::vector<media::Speaker>& speakers) {
  std::map<std::string, float> now_speaking;
  for (const media::Speaker& speaker : speakers) {
    const auto track = tracks_by_id_.find(speaker.track.value);
    if (track == tracks_by_id_.end()) continue;
    const Participant* publisher = find(track->second->publisher);
    if (publisher == nullptr || publisher->info.permission.hidden) continue;
    float& level = now_speaking[publisher->info.sid];
    level = std::max(level, speaker.level);
  }
  server::SpeakersChanged message;
  for (const auto& [sid, level] : now_speaking) {
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

// ---- connection quality

bool QualityScore::add(double loss_ratio, Duration round_trip) {
  // One per cent of loss costs eight points; delay counts half the round trip plus a playout buffer
  // and hurts more once people start to talk over each other.
  constexpr double kPointsPerLossPercent = 8;
  const double delay_ms = static_cast<double>(to_us(round_trip)) / 2000.0 + 20;
  double target = 100 - delay_ms / 40 - std::max(0.0, delay_ms - 160) / 10 -
                  loss_ratio * 100 * kPointsPerLossPercent;
  target = std::clamp(target, 0.0, 100.0);
  const float weight = target < score_ ? 0.8F : 0.4F;
  score_ += weight * (static_cast<float>(target) - score_);
  const ConnectionQuality now = level();
  if (told_ && now == last_) return false;
  told_ = true;
  last_ = now;
  return true;
}

ConnectionQuality QualityScore::level() const {
  if (score_ > 80) return ConnectionQuality::kExcellent;
  if (score_ > 40) return ConnectionQuality::kGood;
  return ConnectionQuality::kPoor;
}

void Room::on_statistics(Now now, const std::vector<media::TrackStatistics>& tracks,
                         const std::vector<media::SubscriptionStatistics>& subscriptions) {
  if (now.monotonic - last_quality_check_ < kQualityInterval) return;
  last_quality_check_ = now.monotonic;

  struct Window {
    uint64_t packets = 0;
    uint64_t lost = 0;
    Duration round_trip{0};
  };
  std::map<ParticipantKey, Window> windows;
  const auto count = [&windows](Participant& participant, uint64_t id, uint64_t packets,
                                uint64_t lost) -> Window& {
    PacketCounts& before = participant.counts[id];
    Window& window = windows[participant.key];
    if (packets >= before.packets) window.packets += packets - before.packets;
    if (lost >= before.lost) window.lost += lost - before.lost;
    before = {packets, lost};
    return window;
  };
  for (const media::TrackStatistics& statistics : tracks) {
    const auto track = tracks_by_id_.find(statistics.track.value);
    if (track == tracks_by_id_.end()) continue;
    if (Participant* publisher = find(track->second->publisher)) {
      count(*publisher, statistics.track.value, statistics.packets, statistics.packets_lost);
    }
  }
  for (const media::SubscriptionStatistics& statistics : subscriptions) {
    const auto subscriber = by_subscription_.find(statistics.subscription.value);
    if (subscriber == by_subscription_.end()) continue;
    Window& window = count(*subscriber->second, statistics.subscription.value, statistics.packets,
                           statistics.packets_lost);
    window.round_trip =
        std::max(window.round_trip, Duration(std::chrono::microseconds(statistics.round_trip_us)));
  }

  server::ConnectionQualityUpdate update;
  for (const auto& [key, window] : windows) {
    const uint64_t total = window.packets + window.lost;
    if (total == 0) continue;
    Participant* participant = find(key);
    const double loss = static_cast<double>(window.lost) / static_cast<double>(total);
    if (participant->quality.add(loss, window.round_trip)) {
      update.updates.push_back(
          {participant->info.sid, participant->quality.level(), participant->quality.score()});
    }
  }
  if (!update.updates.empty()) broadcast(std::move(update));
}

}  // namespace turms::livekit
