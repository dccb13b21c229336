#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// Everything rights checks need about a group. The group may be inactive (deleted).
struct GroupSnapshot {
  Group group;
  GroupType type;
  std::vector<GroupMember> members;
  std::vector<UserId> blocked;
  /// The stamps (VersionOf::kGroupMembers, kGroupBlocklist) that go with just these.
  std::optional<WallTime> members_version;
  std::optional<WallTime> blocklist_version;
};

/// Absent: unchanged.
struct GroupChange {
  std::optional<std::string> name;
  std::optional<std::string> intro;
  std::optional<std::string> announcement;
  std::optional<int32_t> min_score;
  std::optional<int64_t> type_id;
  /// The epoch or any past date unmutes.
  std::optional<WallTime> mute_end_date;
  /// Those that change; the others stay.
  ValueMap attributes;
};

struct MemberChange {
  std::optional<std::string> name;
  std::optional<GroupMemberRole> role;
  std::optional<WallTime> mute_end_date;
};

class GroupRepository {
 public:
  /// Of search_names().
  static constexpr int kMaxFound = 1000;

  virtual ~GroupRepository() = default;
  virtual Stored<std::optional<GroupSnapshot>> load(GroupId id) = 0;
  /// Active ones only, in the order of `ids`.
  virtual Stored<std::vector<Group>> find(std::vector<GroupId> ids) = 0;
  /// Ids of active groups, as UserRepository::search_names.
  virtual Stored<std::vector<GroupId>> search_names(std::string text) = 0;
  virtual Stored<std::vector<Group>> list(GroupId after, int limit) = 0;
  /// Active groups the user is a member of, ascending.
  virtual Stored<std::vector<GroupId>> joined_by(UserId user) = 0;
  virtual Stored<std::optional<GroupType>> find_type(int64_t id) = 0;
  virtual Stored<None> put_type(Permit<action::PutGroupType>, GroupType type) = 0;
  enum class TypeRemoved { kDone, kNone, kInUse };
  /// kInUse: an active group has it. Type 0 gets its first values back.
  virtual Stored<TypeRemoved> remove_type(Permit<action::RemoveGroupType>) = 0;

  enum class Created { kDone, kTooMany };
  /// kTooMany: the creator owns as many as the permit's quota lets them.
  virtual Stored<Created> create(Permit<action::CreateGroup>, Group group,
                                 std::vector<GroupMember> members) = 0;
  /// False when it does not exist or is deleted.
  virtual Stored<bool> update(Permit<action::UpdateGroup>, GroupChange change, WallTime now) = 0;
  /// Logical: keeps the row, drops members, blocklist, invitations. False when already gone.
  virtual Stored<bool> remove(Permit<action::RemoveGroup>, WallTime now) = 0;

  enum class Added { kDone, kDuplicate, kFull, kBlocked, kGroupGone };
  /// All or none.
  virtual Stored<Added> add_members(Permit<action::AddMembers>, std::vector<GroupMember> members,
                                    int32_t size_limit, WallTime now) = 0;
  /// Those that were members and no owner, and so were removed.
  virtual Stored<std::vector<UserId>> remove_members(Permit<action::RemoveMembers>,
                                                     WallTime now) = 0;
  virtual Stored<bool> update_member(Permit<action::UpdateMember>, MemberChange change,
                                     WallTime now) = 0;
  enum class Transferred { kDone, kNotOwner, kSuccessorNotMember, kTooMany };
  /// The successor becomes owner, in the group and in the members; the old owner a plain member,
  /// or no member at all with `quit`.
  virtual Stored<Transferred> transfer(Permit<action::TransferGroup>, bool quit, WallTime now) = 0;
};

}  // namespace turms::im
