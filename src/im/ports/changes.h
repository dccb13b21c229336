#pragma once

#include <optional>
#include <vector>

#include "im/types.h"

namespace turms::im {

/// What a change did to a group, as a value that can go to other nodes too. Without particulars it
/// says that something may have changed: a commit whose outcome is not known.
struct GroupChanged {
  /// Absent: unchanged.
  struct Member {
    UserId user_id;
    std::optional<GroupMemberRole> role;
    /// The epoch or any past date unmutes.
    std::optional<WallTime> mute_end_date;
  };

  GroupId group_id;
  std::vector<UserId> joined;
  std::vector<Member> changed;
  std::vector<UserId> left;
  /// Of all members.
  std::optional<WallTime> mute_end_date;
  bool deleted = false;
};

/// What a user thinks of another now.
struct RelationshipChanged {
  UserId owner_id;
  UserId related_user_id;
  /// Absent: as before, or not known.
  std::optional<bool> blocked;
};

/// Hears of changes in relationships, in order, after they are durable and before anybody is told.
class RelationshipSubscriber {
 public:
  virtual ~RelationshipSubscriber() = default;
  virtual void on_relationship_changed(const RelationshipChanged& change) = 0;
};

/// Hears of changes in groups, in order, after they are durable and before anybody is told.
class GroupSubscriber {
 public:
  virtual ~GroupSubscriber() = default;
  virtual void on_group_changed(const GroupChanged& change) = 0;
};

/// A meeting as a committed change left it: made, changed, ended or canceled.
struct MeetingChanged {
  Meeting meeting;
  /// Taken back: it never was.
  bool erased = false;

  [[nodiscard]] bool over() const { return erased || meeting.is_over(); }
};

/// Hears of changes of meetings, in order, after they are durable and before anybody is told. The
/// same again does nothing.
class MeetingSubscriber {
 public:
  virtual ~MeetingSubscriber() = default;
  virtual void on_meeting_changed(const MeetingChanged& change) = 0;
};

}  // namespace turms::im
