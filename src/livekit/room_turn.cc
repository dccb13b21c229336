// The turns of a room: timers that fire, and what is told at the end of each turn.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "livekit/participant.h"
#include "livekit/room.h"
#include "livekit/room_data.h"

namespace turms::livekit {

// ---- timers

void Room::arm(Participant& participant, TimePoint at, TimerKind kind) {
  disarm(participant, kind);
  timers_.emplace(at, participant.key.value, kind);
  participant.timers[static_cast<int>(kind)] = at;
}

void Room::disarm(Participant& participant, TimerKind kind) {
  const auto it = participant.timers.find(static_cast<int>(kind));
  if (it == participant.timers.end()) return;
  timers_.erase({it->second, participant.key.value, kind});
  participant.timers.erase(it);
}

TimePoint Room::next_timeout() const {
  TimePoint next = kNever;
  if (!timers_.empty()) next = std::get<0>(*timers_.begin());
  if (close_at_) next = std::min(next, *close_at_);
  if (count_update_at_) next = std::min(next, *count_update_at_);
  if (!delayed_.empty()) next = std::min(next, delayed_.front().first);
  if (quality_at_) next = std::min(next, *quality_at_);
  next = std::min(next, next_data_timeout());
  if (update_at_) next = std::min(next, *update_at_);
  if (!dynacast_timers_.empty()) next = std::min(next, dynacast_timers_.begin()->first);
  return next;
}

void Room::on_timer(Now now) {
  while (!timers_.empty() && std::get<0>(*timers_.begin()) <= now.monotonic) {
    const auto [at, key, kind] = *timers_.begin();
    timers_.erase(timers_.begin());
    Participant* participant = find(ParticipantKey(key));
    TURMS_CHECK(participant != nullptr);  // leaving takes its timers along
    participant->timers.erase(static_cast<int>(kind));
    switch (kind) {
      case TimerKind::kConnect:
        // Who had media before can have it again.
        leave(now, *participant, DisconnectReason::kConnectionTimeout,
              participant->hung_up ? server::LeaveAction::kReconnect
                                   : server::LeaveAction::kDisconnect,
              true);
        break;
      case TimerKind::kResume:
        if (participant->rest_of_grace > Duration::zero()) {
          outputs_.push_back(CloseSignal{participant->key});
          arm(*participant,
              now.monotonic + std::exchange(participant->rest_of_grace, Duration::zero()),
              TimerKind::kResume);
          break;
        }
        leave(now, *participant,
              participant->silent ? DisconnectReason::kConnectionTimeout
                                  : DisconnectReason::kSignalClose,
              server::LeaveAction::kDisconnect, false);
        break;
      case TimerKind::kRefreshToken:
        refresh_token(now, *participant);
        break;
      case TimerKind::kAnswer:
        if (!participant->signal_up) break;  // it is offered again when it resumes
        // What it thinks of its connection nobody knows.
        leave(now, *participant, DisconnectReason::kStateMismatch, server::LeaveAction::kReconnect,
              true);
        break;
      case TimerKind::kPublish:
        give_up_pending(now, *participant);
        break;
      case TimerKind::kSpeaking:
        broadcast(server::SpeakersChanged{{{participant->info.sid, 0, false}}});
        break;
    }
  }
  while (!delayed_.empty() && delayed_.front().first <= now.monotonic) {
    outputs_.push_back(std::move(delayed_.front().second));
    delayed_.pop_front();
  }
  if (count_update_at_ && *count_update_at_ <= now.monotonic) {
    count_update_at_.reset();
    room_changed_ = true;
  }
  if (quality_at_ && *quality_at_ <= now.monotonic) check_quality(now);
  on_data_timer(now);
  while (!dynacast_timers_.empty() && dynacast_timers_.begin()->first <= now.monotonic) {
    PublishedTrack* track = find_track(dynacast_timers_.begin()->second);
    TURMS_CHECK(track != nullptr);  // unpublishing takes its timer along
    arm_dynacast(*track, kNever);
    wants_changed(*track);
  }
  if (close_at_ && *close_at_ <= now.monotonic) close(now, DisconnectReason::kRoomClosed);
}

void Room::check_empty(Now now) {
  const bool empty = std::none_of(participants_.begin(), participants_.end(),
                                  [](const auto& entry) { return !entry.second->dependent(); });
  if (!empty) {
    close_at_.reset();
  } else if (!close_at_) {
    close_at_ =
        now.monotonic + std::chrono::seconds(anybody_joined_ ? parameters_.departure_timeout_s
                                                             : parameters_.empty_timeout_s);
  }
}

// ---- the end of a turn

void Room::flush_updates(Now now) {
  if (room_changed_) {
    room_changed_ = false;
    count_update_at_.reset();
    last_count_update_ = now.monotonic;
    broadcast(server::RoomUpdate{info()});
  }
  const bool something =
      !departed_.empty() || !dirty_infos_.empty() || !permission_updates_.empty();
  if (!something) return;
  if (participants_.size() > kLargeRoom && !closed_) {
    // A hundred members who come, go and mute at once would make ten thousand messages.
    const TimePoint allowed = last_update_ + kUpdateInterval;
    if (now.monotonic < allowed) {
      update_at_ = allowed;
      return;
    }
  }
  update_at_.reset();
  last_update_ = now.monotonic;
  tell_changes(now);
}

void Room::tell_changes(Now now) {
  const std::vector<ParticipantInfo> departed = std::exchange(departed_, {});
  for (const ParticipantInfo& gone : departed) remember_gone(now, gone);
  server::ParticipantUpdate update;
  update.participants = departed;
  for (const ParticipantKey key : std::exchange(dirty_infos_, {})) {
    const Participant& participant = *find(key);
    if (participant.info.permission.hidden) {
      send(participant, server::ParticipantUpdate{{participant.full_info()}});
    } else {
      update.participants.push_back(participant.full_info());
    }
  }
  // Clients apply what is said of their own identity to themselves: who took over an identity, or
  // hides, does not hear that it went.
  std::set<ParticipantKey> told_apart;
  for (const ParticipantInfo& gone : departed) {
    const Participant* still_here = find_identity(gone.identity);
    if (still_here == nullptr || !told_apart.insert(still_here->key).second) continue;
    server::ParticipantUpdate own = update;
    std::erase_if(own.participants, [&](const ParticipantInfo& info) {
      return info.identity == gone.identity && info.state == ParticipantState::kDisconnected;
    });
    if (!own.participants.empty()) send(*still_here, std::move(own));
  }
  if (!update.participants.empty()) broadcast(std::move(update), told_apart);
  for (auto& [key, permission] : std::exchange(permission_updates_, {})) {
    if (const Participant* subscriber = find(key)) send(*subscriber, std::move(permission));
  }
}

std::vector<RoomOutput> Room::take_outputs(Now now) {
  // Clients can use up the numbers of a room by coming and going long enough: the next room of this
  // name begins anew.
  if (last_id_ >= parameters_.max_ids) close(now, DisconnectReason::kRoomClosed);
  flush_updates(now);
  flush_wants(now);
  flush_negotiations(now);
  for (const ParticipantKey key : connections_->take_changed()) data_->changed(key);
  if (!closed_) data_->sync(participants_);
  return std::exchange(outputs_, {});
}

}  // namespace turms::livekit
