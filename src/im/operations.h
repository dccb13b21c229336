#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/group_state.h"
#include "im/ports/administration.h"
#include "im/ports/conversations.h"
#include "im/ports/groups.h"
#include "im/ports/relationships.h"

namespace turms::im {

struct SystemMessage {
  /// Exactly one of the two.
  std::optional<GroupId> group_id;
  std::optional<UserId> recipient_id;
  std::optional<std::string> text;
  std::vector<Bytes> records;
};

struct NewMembers {
  GroupId group_id;
  std::vector<UserId> users;
  std::string name;
  GroupMemberRole role = GroupMemberRole::kMember;
  std::optional<WallTime> mute_end_date;
};

/// What an administrator does over the admin API to groups, messages and relationships, of any
/// number at once: no caller, no rights asked (users: im::Administration). Everybody who subscribes
/// to groups and relationships hears of it. kNotFound, kInvalidArgument, kAlreadyExists,
/// kFailedPrecondition say why not.
class Operations {
 public:
  Operations(Context& context, AdministrationRepository& data, Delivery& delivery)
      : context_(context), data_(data), delivery_(delivery) {}

  /// How many there were. A successor must be a member.
  Task<Result<int64_t>> update_groups(std::vector<GroupId> groups, GroupChange change,
                                      std::optional<UserId> successor);
  Task<Result<int64_t>> remove_groups(std::vector<GroupId> groups);
  Task<Result<None>> put_group_type(GroupType type);

  Task<Result<std::vector<GroupMember>>> members(GroupId group);
  /// All or none.
  Task<Result<None>> add_members(NewMembers added);
  /// How many there were. No role of an owner: that is a transfer.
  Task<Result<int64_t>> update_members(GroupId group, std::vector<UserId> users,
                                       MemberChange change);
  Task<Result<int64_t>> remove_members(GroupId group, std::vector<UserId> users);
  Task<Result<std::vector<UserId>>> blocked_users(GroupId group);
  Task<Result<None>> block(GroupId group, UserId user);
  /// How many were blocked.
  Task<Result<int64_t>> unblock(GroupId group, std::vector<UserId> users);

  /// Its requester and sender is 0, which is nobody.
  Task<Result<MessageId>> send(SystemMessage message);
  Task<Result<int64_t>> remove_messages(std::vector<MessageId> messages);
  /// Absent: unchanged. How many there were that were not recalled. Nobody is pushed to: clients
  /// see it when they ask again.
  Task<Result<int64_t>> edit_messages(std::vector<MessageId> messages,
                                      std::optional<std::string> text,
                                      std::optional<std::vector<Bytes>> records);
  /// As their senders would: all who have them are told. How many there were that were not.
  Task<Result<int64_t>> recall_messages(std::vector<MessageId> messages);

  // How many conversations there were. A date may be earlier than the one that was.
  Task<Result<int64_t>> move_read_dates(std::vector<UserId> owners, UserId target, WallTime date);
  Task<Result<int64_t>> move_group_read_dates(GroupId group, std::vector<UserId> members,
                                              WallTime date);
  Task<Result<int64_t>> forget_read_dates(action::ForgetReadPositions whose);

  /// Makes the relationship when there is none.
  Task<Result<None>> put_relationship(UserId owner, UserId related, RelationshipChange change);
  /// How many there were.
  Task<Result<int64_t>> remove_relationships(UserId owner, std::vector<UserId> related);

 private:
  Task<Result<GroupPtr>> find(GroupId group);
  Task<Result<bool>> recall_message(Message message);
  [[nodiscard]] ReadMove read_until(WallTime date) const;

  Context& context_;
  AdministrationRepository& data_;
  Delivery& delivery_;
};

}  // namespace turms::im
