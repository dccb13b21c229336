// Participants that come back on a new signalling connection, and the trouble that clients under
// test ask for.
#include <algorithm>
#include <utility>

#include "livekit/participant.h"
#include "livekit/room.h"
#include "livekit/room_data.h"

namespace turms::livekit {
namespace {

constexpr int64_t kMaxSpeakingSeconds = 60;
// What was said to a client so long before it was last heard may have been lost all the same: it
// takes a connection that is silent for longer for broken.
constexpr Duration kInFlight = std::chrono::seconds(kPingTimeoutSeconds);
// As often does LiveKit hang up.
constexpr int kUnansweredResumes = 3;

}  // namespace

Result<ParticipantKey> Room::resume(Now now, std::string_view identity, bool single_connection) {
  Participant* participant = find_identity(identity);
  // Another client has taken the identity meanwhile, and it could not follow its negotiation.
  if (participant != nullptr && participant->single_connection != single_connection) {
    return fail(ErrorCode::kNotFound, "participant does not exist");
  }
  // What cannot be told any more cannot be resumed either.
  if (closed_ || participant == nullptr || participant->one_offer ||
      participant->heard_at < gone_since_) {
    return fail(ErrorCode::kNotFound, "participant does not exist");
  }
  participant->signal_up = true;
  if (hang_up_on_resume(now, *participant, false)) return participant->key;
  disarm(*participant, TimerKind::kResume);
  participant->rest_of_grace = Duration::zero();
  // What carries media must come back within as long as it had at first.
  if (participant->silent && participant->media_lost) {
    arm(*participant, now.monotonic + kConnectTimeout, TimerKind::kConnect);
  }
  participant->silent = false;
  server::Reconnect answer{.server = parameters_.server,
                           .ice_servers = ice_servers_for(now, *participant),
                           .last_message_sequence = data_->last_sequence(participant->key)};
  answer.client_configuration.force_relay =
      candidate_choice(now, participant->info.identity).force_relay;
  send(*participant, std::move(answer));
  tell_missed(now, *participant);
  refresh_token(now, *participant);
  if (participant->negotiation->resume()) {
    dirty_negotiations_.insert(participant->key);
  } else if (!std::exchange(participant->receives, true)) {
    if (participant->info.permission.can_subscribe) open_subscriber(*participant);
    reconcile_all(*participant);
  }
  hang_up_on_resume(now, *participant, true);
  return participant->key;
}

std::optional<server::Leave> Room::ended(std::string_view sid) const {
  const auto it = std::find_if(gone_.begin(), gone_.end(),
                               [&](const auto& entry) { return entry.second.sid == sid; });
  if (sid.empty() || it == gone_.end()) return std::nullopt;
  const DisconnectReason reason = it->second.disconnect_reason;
  if (reason != DisconnectReason::kDuplicateIdentity &&
      reason != DisconnectReason::kParticipantRemoved) {
    return std::nullopt;
  }
  return server::Leave{reason, server::LeaveAction::kDisconnect};
}

// All that may have been said to nobody.
void Room::tell_missed(Now now, Participant& participant) {
  server::ParticipantUpdate gone;
  for (const auto& [at, info] : gone_) {
    if (info.identity == participant.info.identity) continue;
    // That somebody left is told again rather than not at all, unless there is one of this name:
    // clients tell members apart by their names.
    const Duration margin = find_identity(info.identity) == nullptr ? kInFlight : Duration{};
    if (at + margin >= participant.heard_at) gone.participants.push_back(info);
  }
  participant.heard_at = now.monotonic;
  if (!gone.participants.empty()) send(participant, std::move(gone));
  server::ParticipantUpdate update;
  update.participants = others_of(participant);
  update.participants.push_back(participant.full_info());
  send(participant, std::move(update));
  send(participant, server::RoomUpdate{info()});
  for (const auto& [sid, allowed] : participant.told_allowed) {
    const PublishedTrack* track = find_track(sid);
    const Participant* publisher = track == nullptr ? nullptr : find(track->publisher);
    if (publisher == nullptr) continue;
    permission_updates_.emplace_back(
        participant.key, server::SubscriptionPermissionUpdate{publisher->info.sid, sid, allowed});
  }
  for (const auto& track : participant.tracks) {
    if (!track->live) {
      send(participant, server::TrackPublished{track->codecs.front().cid, track->info});
    } else {
      track->dynacast.repeat();
      wants_changed(*track);
    }
  }
}

void Room::remember_gone(Now now, const ParticipantInfo& info) {
  ParticipantInfo gone;
  gone.sid = info.sid;
  gone.identity = info.identity;
  gone.version = info.version;
  gone.state = ParticipantState::kDisconnected;
  gone.disconnect_reason = info.disconnect_reason;
  gone_.emplace_back(now.monotonic, std::move(gone));
  while (gone_.size() > kMaxGone || gone_.front().first + kGoneMemory < now.monotonic) {
    gone_since_ = gone_.front().first + Duration(1);
    gone_.pop_front();
  }
}

void Room::on_sync_state(Now now, Participant& from, const client::SyncState& state) {
  for (const client::PublishedTrackState& track : state.publish_tracks) {
    if (from.find_sid(track.track.sid) != nullptr) continue;
    // It believes in a track that is not there: nobody would ever see it.
    return leave(now, from, DisconnectReason::kStateMismatch, server::LeaveAction::kReconnect,
                 true);
  }
  choose(from, state.subscription.track_sids, state.subscription.subscribe);
  for (const std::string& sid : state.track_sids_disabled) {
    const auto it = from.subscriptions.find(sid);
    const PublishedTrack* track = find_track(sid);
    if (it == from.subscriptions.end() || track == nullptr) continue;
    it->second.settings.disabled = true;
    settings_changed(from, it->second, *track);
  }
}

bool Room::hang_up_on_resume(Now now, Participant& participant, bool answered) {
  TimePoint& until = answered ? participant.hang_up_on_resume : participant.hang_up_unanswered;
  if (now.monotonic >= until) return false;
  if (answered || --participant.unanswered_left == 0) until = kNoTime;
  outputs_.push_back(CloseSignal{participant.key});
  participant.signal_up = false;
  arm(participant, now.monotonic + kResumeGrace, TimerKind::kResume);
  return true;
}

void Room::on_simulate(Now now, Participant& from, const client::Simulate& request) {
  using client::Scenario;
  switch (request.scenario) {
    case Scenario::kOther:
      break;
    case Scenario::kSubscriberBandwidth:
      from.simulated_bps = static_cast<uint64_t>(std::max<int64_t>(request.value, 0));
      tell_path_limits(from);
      break;
    case Scenario::kSpeaker: {
      const int64_t seconds = std::clamp<int64_t>(request.value, 1, kMaxSpeakingSeconds);
      broadcast(server::SpeakersChanged{{{from.info.sid, 0.9F, true}}});
      arm(from, now.monotonic + std::chrono::seconds(seconds), TimerKind::kSpeaking);
      break;
    }
    case Scenario::kNodeFailure:
      leave(now, from, DisconnectReason::kServerShutdown, server::LeaveAction::kDisconnect, false);
      break;
    case Scenario::kMigration:
      // There is no other node: the session goes on here, on a new signalling connection.
      send(from, server::Leave{DisconnectReason::kMigration, server::LeaveAction::kResume});
      from.signal_up = false;
      from.rest_of_grace = kResumeGrace - kHangUpDelay;
      arm(from, now.monotonic + kHangUpDelay, TimerKind::kResume);
      break;
    case Scenario::kServerLeave:
      leave(now, from, DisconnectReason::kServerShutdown, server::LeaveAction::kDisconnect, true);
      break;
    case Scenario::kSwitchCandidateProtocol:
      choose_candidates(now, from, static_cast<client::CandidateProtocol>(request.value));
      if (from.negotiation->resume()) dirty_negotiations_.insert(from.key);
      break;
    case Scenario::kDisconnectSignalOnResume:
      from.hang_up_on_resume = now.monotonic + kScenarioLife;
      break;
    case Scenario::kDisconnectSignalOnResumeNoMessages:
      from.hang_up_unanswered = now.monotonic + kScenarioLife;
      from.unanswered_left = kUnansweredResumes;
      break;
    case Scenario::kLeaveFullReconnect:
      leave(now, from, DisconnectReason::kUnknown, server::LeaveAction::kReconnect, true);
      break;
  }
}

}  // namespace turms::livekit
