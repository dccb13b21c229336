#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/group_state.h"
#include "im/name_search.h"
#include "im/status.h"

namespace turms::im {

struct CreateGroup {
  std::string name;
  std::optional<std::string> intro;
  std::optional<std::string> announcement;
  std::optional<int32_t> min_score;
  std::optional<int64_t> type_id;
  std::optional<WallTime> mute_end_date;
  ValueMap attributes;
};

struct UpdateGroup {
  GroupId group_id;
  std::optional<bool> quit_after_transfer;
  std::optional<std::string> name;
  std::optional<std::string> intro;
  std::optional<std::string> announcement;
  std::optional<int32_t> min_score;
  std::optional<int64_t> type_id;
  std::optional<WallTime> mute_end_date;
  std::optional<UserId> successor_id;
  ValueMap attributes;
};

struct QueryGroups {
  std::vector<GroupId> group_ids;
  std::optional<WallTime> last_updated_date;
  /// Groups whose names contain it, ranked.
  std::optional<std::string> name;
  NamePage page;
  bool highlight_name = false;
};

struct QueryJoinedGroups {
  std::optional<WallTime> last_updated_date;
};

struct JoinedGroupIds {
  std::vector<GroupId> ids;
  std::optional<WallTime> last_updated_date;
};
struct JoinedGroupInfos {
  std::vector<Group> groups;
  std::optional<WallTime> last_updated_date;
};

/// Groups themselves; who is in them is GroupMembers'.
class Groups {
 public:
  explicit Groups(Context& context) : context_(context) {}

  /// The new group's id.
  Task<Outcome<Reply<GroupId>>> create(Caller caller, CreateGroup command);
  Task<Outcome<Reply<>>> update(Caller caller, UpdateGroup command);
  Task<Outcome<Reply<>>> remove(Caller caller, GroupId id);
  /// The list may be empty (answered 1000 with an empty list).
  Task<Outcome<std::vector<Group>>> query(Caller caller, QueryGroups query);
  Task<Outcome<JoinedGroupIds>> query_joined_ids(Caller caller, QueryJoinedGroups query);
  Task<Outcome<JoinedGroupInfos>> query_joined_infos(Caller caller, QueryJoinedGroups query);

 private:
  Task<Outcome<None>> may_change_type(UserId user, GroupPtr group, int64_t type_id);

  Context& context_;
};

}  // namespace turms::im
