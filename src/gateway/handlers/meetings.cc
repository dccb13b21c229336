#include "im/meetings.h"

#include "gateway/handlers/convert.h"
#include "gateway/handlers/handlers.h"

namespace turms::gateway::handlers {
namespace {

Answer nobody_holds_meetings() {
  return refused({im::Code::kConferenceNotImplemented, "No conference provider is running"});
}

}  // namespace

TURMS_HANDLER(create_meeting) {
  if (environment.meetings == nullptr) co_return nobody_holds_meetings();
  const auto& in = request.create_meeting_request();
  im::CreateMeeting command;
  command.user_id = TURMS_OPTIONAL(in, user_id, UserId);
  command.group_id = TURMS_OPTIONAL(in, group_id, GroupId);
  command.name = TURMS_OPTIONAL(in, name, std::string);
  command.intro = TURMS_OPTIONAL(in, intro, std::string);
  command.password = TURMS_OPTIONAL(in, password, std::string);
  command.start_date = TURMS_OPTIONAL(in, start_date, wall_time);
  co_return created(co_await environment.meetings->create(caller, std::move(command)));
}

TURMS_HANDLER(delete_meeting) {
  if (environment.meetings == nullptr) co_return nobody_holds_meetings();
  const auto& in = request.delete_meeting_request();
  co_return done(co_await environment.meetings->cancel(caller, TURMS_OPTIONAL(in, id, MeetingId)));
}

TURMS_HANDLER(query_meetings) {
  if (environment.meetings == nullptr) co_return nobody_holds_meetings();
  const auto& in = request.query_meetings_request();
  im::QueryMeetings query;
  query.ids = ids_from<MeetingId>(in.ids());
  query.creator_ids = ids_from<UserId>(in.creator_ids());
  query.user_ids = ids_from<UserId>(in.user_ids());
  query.group_ids = ids_from<GroupId>(in.group_ids());
  query.creation_date_start = TURMS_OPTIONAL(in, creation_date_start, wall_time);
  query.creation_date_end = TURMS_OPTIONAL(in, creation_date_end, wall_time);
  query.skip = TURMS_OPTIONAL(in, skip, int32_t);
  query.limit = TURMS_OPTIONAL(in, limit, int32_t);

  auto found = co_await environment.meetings->query(caller, std::move(query));
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_meetings();
  for (const im::Meeting& meeting : *found) fill(*out.add_meetings(), meeting);
  co_return answer;
}

TURMS_HANDLER(update_meeting) {
  if (environment.meetings == nullptr) co_return nobody_holds_meetings();
  const auto& in = request.update_meeting_request();
  im::UpdateMeeting command;
  command.id = TURMS_OPTIONAL(in, id, MeetingId);
  command.name = TURMS_OPTIONAL(in, name, std::string);
  command.intro = TURMS_OPTIONAL(in, intro, std::string);
  command.password = TURMS_OPTIONAL(in, password, std::string);
  co_return done(co_await environment.meetings->update(caller, std::move(command)));
}

TURMS_HANDLER(update_meeting_invitation) {
  if (environment.meetings == nullptr) co_return nobody_holds_meetings();
  const auto& in = request.update_meeting_invitation_request();
  im::UpdateMeetingInvitation command;
  command.meeting_id = MeetingId(in.meeting_id());
  command.password = TURMS_OPTIONAL(in, password, std::string);
  command.response_action = static_cast<im::ResponseAction>(in.response_action());

  auto outcome = co_await environment.meetings->reply_to_invitation(caller, std::move(command));
  if (!outcome) co_return refused(std::move(outcome.error()));
  Answer answer;
  answer.effects = std::move(outcome->effects);
  if (outcome->data) answer.data.set_string(std::move(*outcome->data));
  co_return answer;
}

TURMS_HANDLER(query_meeting_state) {
  if (environment.meetings == nullptr) co_return nobody_holds_meetings();
  const auto& in = request.query_meeting_state_request();
  im::QueryMeetingState query;
  query.meeting_id = TURMS_OPTIONAL(in, meeting_id, MeetingId);
  query.group_id = TURMS_OPTIONAL(in, group_id, GroupId);

  auto found = co_await environment.meetings->query_state(caller, query);
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_meeting_states();
  for (const im::MeetingStateChanged& state : *found) fill(*out.add_meeting_states(), state);
  co_return answer;
}

TURMS_HANDLER(control_meeting) {
  if (environment.meetings == nullptr) co_return nobody_holds_meetings();
  const auto& in = request.control_meeting_request();
  const int32_t tracks = in.has_tracks() ? in.tracks() : im::meeting::kMicrophone;
  if (in.action() == proto::MEETING_ACTION_UNSPECIFIED ||
      !proto::MeetingAction_IsValid(in.action()) || tracks < 0 ||
      tracks > im::meeting::kAllTracks || in.room() < 0 || in.room() > 255) {
    co_return refused({im::Code::kIllegalArgument, "unknown action, tracks or room"});
  }
  im::ControlMeeting command;
  command.meeting_id = MeetingId(in.meeting_id());
  command.action = static_cast<im::meeting::Action>(in.action());
  command.user_ids = ids_from<UserId>(in.user_ids());
  command.on = !in.has_on() || in.on();
  command.tracks = static_cast<im::meeting::Tracks>(tracks);
  command.room = static_cast<uint8_t>(in.room());
  command.names.assign(in.names().begin(), in.names().end());
  co_return done(co_await environment.meetings->control(caller, std::move(command)));
}

}  // namespace turms::gateway::handlers
