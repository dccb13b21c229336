#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "im/delivery.h"
#include "im/lru_cache.h"
#include "im/ports/changes.h"
#include "im/ports/groups.h"
#include "im/ports/relationships.h"

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
  std::optional<WallTime> blocklist_version;

  [[nodiscard]] const GroupMember* find(UserId user) const;
  [[nodiscard]] bool is_blocked(UserId user) const;
  [[nodiscard]] bool is_muted(WallTime now) const;
  /// Until when a member may say nothing, on their own account or with all; nothing when they may.
  [[nodiscard]] std::optional<WallTime> muted_until(UserId user, WallTime now) const;
  /// Owner and managers; never a guest.
  [[nodiscard]] bool is_manager(UserId user) const;
  [[nodiscard]] std::vector<UserId> managers() const;
};

using GroupPtr = std::shared_ptr<const GroupState>;

/// Groups in memory, so that a message costs no read: until they change, on this node, or anything
/// does on others. Lives on the control thread.
class GroupCache final : public GroupSubscriber {
 public:
  /// In members, and users kept out, of all groups kept.
  static constexpr size_t kMaxMembers = 200'000;

  explicit GroupCache(GroupRepository& repository) : repository_(repository) {}

  /// What is kept, null when nothing is. Costs no coroutine.
  GroupPtr find(GroupId id);
  /// Null when there is no such group, or it was deleted.
  Task<Result<GroupPtr>> get(GroupId id);
  void on_group_changed(const GroupChanged& change) override;
  void clear();

 private:
  GroupRepository& repository_;
  LruCache<GroupId, GroupPtr> groups_{kMaxMembers};
  /// Moves with each change: what was loaded before may be old.
  uint64_t generation_ = 0;
};

/// The same for whom a user lets write to them.
class ReachabilityCache final : public RelationshipSubscriber {
 public:
  /// In users and relationships.
  static constexpr size_t kMaxEntries = 400'000;

  explicit ReachabilityCache(RelationshipRepository& repository) : repository_(repository) {}

  using Ptr = std::shared_ptr<const Reachability>;
  Ptr find(UserId owner);
  Task<Result<Ptr>> get(UserId owner);
  void invalidate(UserId owner);
  void on_relationship_changed(const RelationshipChanged& change) override;
  void clear();

 private:
  RelationshipRepository& repository_;
  LruCache<UserId, Ptr> users_{kMaxEntries};
  uint64_t generation_ = 0;
};

}  // namespace turms::im
