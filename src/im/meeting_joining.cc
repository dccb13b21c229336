// Joining meetings: replies to their invitations, and whom the provider lets in as what.
#include <algorithm>

#include "im/context.h"
#include "im/meetings.h"
#include "im/ports/conference.h"
#include "im/ports/meetings.h"
#include "im/ports/users.h"
#include "im/rights.h"

namespace turms::im {

Task<Outcome<Reply<std::optional<std::string>>>> Meetings::reply_to_invitation(
    Caller caller, UpdateMeetingInvitation command) {
  if (!is_known(command.response_action)) {
    co_return refuse(Code::kIllegalArgument, "unknown response action");
  }
  Reply<std::optional<std::string>> reply;
  const Settings::Notify& notify = settings_.invitation_updated;
  reply.effects.relay.audience.other_sessions_of_caller = notify.own_sessions;
  reply.effects.relay.amendments.clear_password = true;
  // Upstream does not even look for the meeting.
  if (command.response_action == ResponseAction::kIgnore) co_return reply;
  const bool accepts = command.response_action == ResponseAction::kAccept;
  if (accepts && !provider_.available()) co_return refuse(Code::kConferenceNotImplemented);
  auto seen = co_await see(command.meeting_id, caller.user_id);
  if (!seen) co_return refuse(seen.error());
  auto allowed = Rights::reply_to_meeting(seen->meeting(), seen->visible);
  if (!allowed) co_return std::unexpected(allowed.error());
  const Meeting& meeting = *seen->meeting();

  if (accepts) {
    auto may_join = Rights::join_meeting(meeting, command.password, context_.now());
    if (!may_join) co_return std::unexpected(may_join.error());
    auto admitted = co_await admission(caller, meeting);
    if (!admitted) co_return std::unexpected(admitted.error());
    auto token = co_await provider_.accept(*admitted);
    if (!token && token.error().code == ErrorCode::kNotFound) {
      // The provider has been restarted since the room was made.
      if (admitted->meeting_id != meeting.id) co_return refuse(Code::kMeetingInvitationNonexistent);
      auto room = co_await make_room(meeting, caller.trace_id);
      if (!room) co_return refuse(room.error());
      token = co_await provider_.accept(std::move(*admitted));
    }
    if (!token) co_return refuse(token.error());
    reply.data = std::move(*token);
  } else {
    meeting::Command declined;
    declined.by.user = caller.user_id;
    declined.device = static_cast<uint8_t>(caller.device_type);
    declined.action = meeting::Action::kDecline;
    carry_out(meeting.id, declined);
  }
  if (!notify.others) co_return reply;
  auto audience = co_await audience_of(meeting);
  if (audience) reply.effects.relay.audience.recipients = std::move(*audience);
  co_return reply;
}

Task<Outcome<Admission>> Meetings::admission(const Caller& caller, const Meeting& meeting) {
  if (!live_.contains(meeting.id)) {
    // Made by another node, or over since it was read.
    auto found = co_await context_.store.meetings.find(meeting.id);
    if (!found) co_return refuse(found.error());
    if (!*found || (*found)->is_over()) co_return refuse(Code::kMeetingEnded);
    keep(std::move(**found));
  }
  if (Live& live = live_.at(meeting.id); !live.has_room) {
    // It was to start later, or the server has been away.
    live.has_room = true;
    auto room = co_await make_room(meeting, caller.trace_id);
    if (!room) {
      if (const auto it = live_.find(meeting.id); it != live_.end()) it->second.has_room = false;
      co_return refuse(room.error());
    }
  }
  Admission out;
  out.meeting_id = meeting.id;
  out.user_id = caller.user_id;
  out.device_type = caller.device_type;
  out.trace_id = caller.trace_id;
  out.role =
      meeting.creator_id == caller.user_id ? GroupMemberRole::kOwner : GroupMemberRole::kMember;
  std::vector<UserId> ids;
  ids.push_back(caller.user_id);
  auto users = co_await context_.store.users.find(std::move(ids));
  if (!users) co_return refuse(users.error());
  if (!users->empty()) out.user_name = users->front().name;
  if (meeting.user_id) {
    const bool created = meeting.creator_id == caller.user_id;
    auto other =
        co_await context_.reachability.get(created ? *meeting.user_id : meeting.creator_id);
    if (!other) co_return refuse(other.error());
    if (std::ranges::binary_search((*other)->blocked, caller.user_id)) {
      co_return refuse(Code::kMeetingInvitationNonexistent);
    }
  }
  if (!meeting.group_id) {
    auto let_in = ask_to_join(caller, meeting, out.role, out);
    if (!let_in) co_return std::unexpected(let_in.error());
    co_return out;
  }

  auto group = co_await context_.groups.get(*meeting.group_id);
  if (!group) co_return refuse(group.error());
  const GroupMember* member = *group == nullptr ? nullptr : (*group)->find(caller.user_id);
  if (member == nullptr) co_return refuse(Code::kMeetingInvitationNonexistent);
  out.role = member->role;
  auto let_in = ask_to_join(caller, meeting, member->role, out);
  if (!let_in) co_return std::unexpected(let_in.error());
  if (const auto until = (*group)->muted_until(caller.user_id, context_.now())) {
    out.muted = true;
    // The mute may end during the meeting.
    muted_until_[{*meeting.group_id, caller.user_id}] = *until;
  }
  co_return out;
}

}  // namespace turms::im
