#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/status.h"

namespace turms::im {

struct CreateRelationship {
  UserId user_id;
  bool blocked = false;
  std::optional<int32_t> group_index;
  std::optional<std::string> name;
};

/// Absent: unchanged.
struct UpdateRelationship {
  UserId user_id;
  std::optional<bool> blocked;
  std::optional<int32_t> new_group_index;
  std::optional<int32_t> delete_group_index;
  std::optional<std::string> name;
};

struct DeleteRelationship {
  UserId user_id;
  /// Absent: from all groups, so altogether.
  std::optional<int32_t> group_index;
  /// Where to move it instead.
  std::optional<int32_t> target_group_index;
};

struct QueryRelationships {
  /// Empty: any.
  std::vector<UserId> user_ids;
  std::vector<int32_t> group_indexes;
  std::optional<bool> blocked;
  std::optional<WallTime> last_updated_date;
};

struct RelationshipList {
  std::vector<Relationship> relationships;
  std::optional<WallTime> last_updated_date;
};

struct DeleteRelationshipGroup {
  int32_t group_index = 0;
  std::optional<int32_t> target_group_index;
};

struct RelationshipGroupList {
  std::vector<RelationshipGroup> groups;
  std::optional<WallTime> last_updated_date;
};

/// What a user thinks of others: friends, blocked ones, and the groups they are sorted into. All of
/// it is the caller's own and one-sided; the others need not exist.
///
/// Who is told: the caller's other sessions of what changed; the others only when configured.
/// A request that changes nothing succeeds and tells nobody.
class Relationships {
 public:
  explicit Relationships(Context& context) : context_(context) {}

  /// 2501 when there is one.
  Task<Outcome<Reply<>>> create(Caller caller, CreateRelationship command);
  /// Makes it when there is none.
  Task<Outcome<Reply<>>> update(Caller caller, UpdateRelationship command);
  Task<Outcome<Reply<>>> remove(Caller caller, DeleteRelationship command);
  /// kNoContent when nothing matches.
  Task<Outcome<RelationshipList>> query(Caller caller, QueryRelationships query);

  /// The new group's index (data.long). Tells nobody.
  Task<Outcome<Reply<int32_t>>> create_group(Caller caller, std::string name);
  Task<Outcome<Reply<>>> rename_group(Caller caller, RelationshipGroup group);
  Task<Outcome<Reply<>>> remove_group(Caller caller, DeleteRelationshipGroup command);
  Task<Outcome<RelationshipGroupList>> query_groups(Caller caller,
                                                    std::optional<WallTime> last_updated_date);

 private:
  Task<Result<std::vector<UserId>>> members(UserId owner, int32_t group_index);

  Context& context_;
};

}  // namespace turms::im
