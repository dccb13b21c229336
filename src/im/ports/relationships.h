#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// What decides whether a user can be written to.
struct Reachability {
  bool exists_and_active = false;
  /// Sorted.
  std::vector<UserId> blocked;
  /// Sorted: those the user has an unblocked relationship with.
  std::vector<UserId> friends;
};

struct RelationshipFilter {
  UserId owner_id;
  /// Each empty list: any.
  std::vector<UserId> related_user_ids;
  std::vector<int32_t> group_indexes;
  std::optional<bool> blocked;
};

/// Absent: unchanged.
struct RelationshipChange {
  std::optional<bool> blocked;
  std::optional<std::string> name;
  /// A relationship is in one group at least: leaving without joining another, it goes to the
  /// default one.
  std::optional<int32_t> join_group;
  std::optional<int32_t> leave_group;
};

/// One-sided relationships and their groups. The related user need not exist, nor need a group that
/// a relationship is in.
class RelationshipRepository {
 public:
  /// Bounds of one owner; a change that would exceed them is kFull.
  static constexpr int64_t kMaxRelationships = 20'000;
  static constexpr int64_t kMaxGroups = 1000;
  static constexpr int64_t kMaxGroupsOfRelationship = 100;

  virtual ~RelationshipRepository() = default;
  virtual Stored<Reachability> reachability(UserId owner) = 0;
  /// By related user, ascending.
  virtual Stored<std::vector<Relationship>> query(RelationshipFilter filter) = 0;

  enum class Put { kDone, kUnchanged, kExists, kFull };
  /// kExists: as it was.
  virtual Stored<Put> create(Permit<action::PutRelationship>, bool blocked, std::string name,
                             int32_t group_index, WallTime now) = 0;
  /// Makes the relationship when there is none.
  virtual Stored<Put> update(Permit<action::PutRelationship>, RelationshipChange change,
                             WallTime now) = 0;

  /// What a removal left of the relationship, and of the other's.
  struct Removed {
    bool changed = false;
    bool gone = false;
    bool other_gone = false;
  };
  /// From all groups; or from one, into another if given, and altogether with the last of them.
  /// With `two_sided`, the other's goes too when this one is gone, unless it is a block.
  virtual Stored<Removed> remove(Permit<action::RemoveRelationship>,
                                 std::optional<int32_t> from_group, std::optional<int32_t> to_group,
                                 bool two_sided, WallTime now) = 0;

  /// By index, ascending.
  virtual Stored<std::vector<RelationshipGroup>> groups(UserId owner) = 0;
  /// kExists: the index is taken, draw another.
  virtual Stored<Put> create_group(Permit<action::ChangeRelationshipGroups>,
                                   RelationshipGroup group, WallTime now) = 0;
  /// False: there is none, or it has this name.
  virtual Stored<bool> rename_group(Permit<action::ChangeRelationshipGroups>,
                                    RelationshipGroup group, WallTime now) = 0;
  /// Relationships in it go into `target`. False: there was neither group nor anybody in it.
  virtual Stored<bool> remove_group(Permit<action::ChangeRelationshipGroups>, int32_t index,
                                    int32_t target, WallTime now) = 0;
};

}  // namespace turms::im
