#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "im/meeting/state.h"
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
  /// As of a MeetingMember.
  meeting::Tracks tracks = meeting::kAllTracks;
  bool data = true;
  /// Caller::trace_id.
  uint64_t trace_id = 0;
};

/// What group and meeting say of somebody in it.
struct MeetingMember {
  UserId user_id;
  GroupMemberRole role = GroupMemberRole::kMember;
  bool muted = false;
  /// False: must not be in it.
  bool allowed = true;
  /// What they may publish, and whether they may send data.
  meeting::Tracks tracks = meeting::kAllTracks;
  bool data = true;
};

/// Who holds the meetings: the plugin that drives a media server. The plugin host implements it.
class ConferenceProvider {
 public:
  virtual ~ConferenceProvider() = default;
  /// False: requests about meetings answer kConferenceNotImplemented.
  virtual bool available() const = 0;
  /// `trace_id`: of the request (Caller::trace_id); 0: of none.
  virtual Stored<None> create_meeting(Meeting meeting, int max_participants, uint64_t trace_id) = 0;
  virtual Stored<None> cancel_meeting(MeetingId id) = 0;
  /// Meetings a user has made that are still going on.
  virtual Stored<int64_t> count_active_meetings(UserId user) = 0;
  /// The access token.
  virtual Stored<std::string> accept(Admission admission) = 0;
  virtual Stored<std::vector<MeetingParticipant>> participants(MeetingId id) = 0;

  /// Told, not asked: these members as they are now. The same again does nothing. `complete`:
  /// everybody else must not be in it.
  virtual void tell_members(MeetingId id, std::vector<MeetingMember> members, bool complete) = 0;

  /// Mutes what they have published of these tracks, once; nobody there, or nothing published, is
  /// no error. kFailedPrecondition: this
  /// provider cannot.
  virtual Stored<None> mute(MeetingId id, UserId user, meeting::Tracks tracks) = 0;
};

/// What the provider reports. Implemented by the domain's meetings.
class ConferenceListener {
 public:
  virtual ~ConferenceListener() = default;
  virtual void participants_changed(MeetingId id, std::vector<MeetingParticipant> participants) = 0;
  virtual void meeting_ended(MeetingId id, WallTime when) = 0;
  /// One began to run, and knows nothing of what went on before.
  virtual void provider_started() = 0;
};

}  // namespace turms::im
