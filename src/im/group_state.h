#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "im/delivery.h"
#include "im/lru_cache.h"
#include "im/ports.h"

namespace turms::im {

/// An active group as it was at one moment: what rights are judged by, and who is told.
struct GroupState {
  explicit GroupState(GroupSnapshot snapshot);

  Group group;
  GroupType type;
  std::unordered_map<UserId, GroupMember> members;
  /// Ascending.
  Recipients member_ids;
  /// Ascending.
  std::vector<UserId> blocked;
  std::optional<WallTime> members_version;

  [[nodiscard]] const GroupMember* find(UserId user) const;
  [[nodiscard]] bool is_blocked(UserId user) const;
  [[nodiscard]] bool is_muted(WallTime now) const;
  /// Owner and managers; never a guest.
  [[nodiscard]] bool is_manager(UserId user) const;
  [[nodiscard]] std::vector<UserId> managers() const;
};

using GroupPtr = std::shared_ptr<const GroupState>;

/// Groups in memory, so that a message costs no read. Changes of this node invalidate, and changes
/// of others clear. Lives on the control thread.
class GroupCache {
 public:
  /// In members of all groups kept.
  static constexpr size_t kMaxMembers = 200'000;

  explicit GroupCache(GroupRepository& repository) : repository_(repository) {}

  /// What is kept, null when nothing is. Costs no coroutine.
  GroupPtr find(GroupId id);
  /// Null when there is no such group, or it was deleted.
  Task<Result<GroupPtr>> get(GroupId id);
  /// After a change is durable, before anybody is told.
  void invalidate(GroupId id);
  void clear();

 private:
  GroupRepository& repository_;
  LruCache<GroupId, GroupPtr> groups_{kMaxMembers};
  /// Moves with each invalidation: what was loaded before may be old.
  uint64_t generation_ = 0;
};

/// The same for whom a user lets write to them.
class ReachabilityCache {
 public:
  /// In users and relationships.
  static constexpr size_t kMaxEntries = 400'000;

  explicit ReachabilityCache(RelationshipRepository& repository) : repository_(repository) {}

  using Ptr = std::shared_ptr<const Reachability>;
  Ptr find(UserId owner);
  Task<Result<Ptr>> get(UserId owner);
  void invalidate(UserId owner);
  void clear();

 private:
  RelationshipRepository& repository_;
  LruCache<UserId, Ptr> users_{kMaxEntries};
  uint64_t generation_ = 0;
};

}  // namespace turms::im
