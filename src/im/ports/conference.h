#pragma once

#include <string>
#include <vector>

#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// Whom a conference provider lets in, and as what.
struct Admission {
  MeetingId meeting_id;
  UserId user_id;
  std::string user_name;
  DeviceType device_type = DeviceType::kUnknown;
  /// Of the group; owner for the creator of a meeting without one.
  GroupMemberRole role = GroupMemberRole::kMember;
  bool muted = false;
};

/// Who holds the meetings: the plugin that drives a media server. The plugin host implements it.
class ConferenceProvider {
 public:
  virtual ~ConferenceProvider() = default;
  /// False: requests about meetings answer kConferenceNotImplemented.
  virtual bool available() const = 0;
  virtual Stored<None> create_meeting(Meeting meeting, int max_participants) = 0;
  virtual Stored<None> cancel_meeting(MeetingId id) = 0;
  /// Meetings a user has made that are still going on.
  virtual Stored<int64_t> count_active_meetings(UserId user) = 0;
  /// The access token.
  virtual Stored<std::string> accept(Admission admission) = 0;
  virtual Stored<std::vector<MeetingParticipant>> participants(MeetingId id) = 0;

  // Told, not asked: a member of the group that holds the meeting changed.
  virtual void member_removed(MeetingId id, UserId user) = 0;
  virtual void member_muted(MeetingId id, UserId user, bool muted) = 0;
  virtual void member_role_changed(MeetingId id, UserId user, GroupMemberRole role) = 0;
};

/// What the provider reports. Implemented by the domain's meetings.
class ConferenceListener {
 public:
  virtual ~ConferenceListener() = default;
  virtual void participants_changed(MeetingId id, std::vector<MeetingParticipant> participants) = 0;
  virtual void meeting_ended(MeetingId id, WallTime when) = 0;
};

}  // namespace turms::im
