#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/status.h"

namespace turms::im {

struct CreateGroupMembers {
  GroupId group_id;
  std::vector<UserId> user_ids;
  std::optional<std::string> name;
  std::optional<GroupMemberRole> role;
  std::optional<WallTime> mute_end_date;
};

struct DeleteGroupMembers {
  GroupId group_id;
  std::vector<UserId> member_ids;
  std::optional<UserId> successor_id;
  std::optional<bool> quit_after_transfer;
};

struct UpdateGroupMember {
  GroupId group_id;
  UserId member_id;
  std::optional<std::string> name;
  std::optional<GroupMemberRole> role;
  std::optional<WallTime> mute_end_date;
};

struct QueryGroupMembers {
  GroupId group_id;
  std::optional<WallTime> last_updated_date;
  std::vector<UserId> member_ids;
  bool with_status = false;
};

struct GroupMemberList {
  std::vector<GroupMember> members;
  /// With with_status: of the member at the same place. Otherwise empty.
  std::vector<Presence> presences;
  std::optional<WallTime> last_updated_date;
};

class GroupMembers {
 public:
  explicit GroupMembers(Context& context) : context_(context) {}

  Task<Outcome<Reply<>>> create(Caller caller, CreateGroupMembers command);
  Task<Outcome<Reply<>>> remove(Caller caller, DeleteGroupMembers command);
  Task<Outcome<Reply<>>> update(Caller caller, UpdateGroupMember command);
  Task<Outcome<GroupMemberList>> query(Caller caller, QueryGroupMembers query);

 private:
  Context& context_;
};

}  // namespace turms::im
