#include "base/crypto.h"
#include "im/rights.h"

namespace turms::im {

Outcome<Permit<action::CreateMeeting>> Rights::create_meeting(const MeetingSettings& settings,
                                                              UserId requester, int64_t active) {
  if (active >= settings.max_active_meetings_per_user) return refuse(Code::kMeetingQuota);
  return Permit(action::CreateMeeting{requester});
}

Outcome<Permit<action::CancelMeeting>> Rights::cancel_meeting(const MeetingSettings& settings,
                                                              const Meeting* meeting, bool visible,
                                                              UserId requester) {
  if (!settings.allow_cancel) return refuse(Code::kCancelMeetingDisabled);
  if (meeting == nullptr) return refuse(Code::kCancelMeetingNonexistent);
  if (meeting->creator_id == requester) return Permit(action::CancelMeeting{meeting->id});
  // Whether a meeting exists is told only to those it is held with.
  return refuse(visible ? Code::kCancelMeetingNotCreator : Code::kCancelMeetingNonexistent);
}

Outcome<Permit<action::UpdateMeeting>> Rights::update_meeting(const Meeting* meeting, bool visible,
                                                              UserId requester,
                                                              bool changes_password) {
  if (meeting == nullptr || !visible) return refuse(Code::kUpdateMeetingNonexistent);
  if (changes_password && meeting->creator_id != requester) {
    return refuse(Code::kMeetingPasswordNotCreator);
  }
  return Permit(action::UpdateMeeting{meeting->id});
}

Outcome<None> Rights::reply_to_meeting(const Meeting* meeting, bool visible) {
  if (meeting == nullptr || !visible) return refuse(Code::kMeetingInvitationNonexistent);
  return None();
}

Outcome<None> Rights::join_meeting(const Meeting& meeting,
                                   const std::optional<std::string>& password, WallTime now) {
  if (meeting.cancel_date) return refuse(Code::kMeetingCanceled);
  if (meeting.end_date) return refuse(Code::kMeetingEnded);
  if (meeting.start_date > now) return refuse(Code::kMeetingPending);
  if (meeting.password &&
      !(password && constant_time_equal(as_bytes(*meeting.password), as_bytes(*password)))) {
    return refuse(Code::kMeetingWrongPassword);
  }
  return None();
}

}  // namespace turms::im
