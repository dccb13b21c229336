#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/permit.h"
#include "im/ports/admins.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

namespace action {

struct DeleteMessages {
  std::vector<MessageId> messages;
};
struct DeleteFriendRequests {
  std::vector<FriendRequestId> requests;
};
struct DeleteInvitations {
  std::vector<InvitationId> invitations;
};
struct DeleteJoinRequests {
  std::vector<JoinRequestId> requests;
};
/// How far owners have read what targets wrote (none: anybody), and members what is in groups
/// (none: any member).
struct ForgetReadPositions {
  std::vector<UserId> owners;
  std::vector<UserId> targets;
  std::vector<GroupId> groups;
  std::vector<UserId> members;
};

}  // namespace action

// What an administrator looks for. Empty lists and absent values: any. Dates: start inclusive, end
// exclusive.

struct GroupSearch {
  std::vector<GroupId> ids;
  std::vector<int64_t> type_ids;
  std::vector<UserId> creator_ids;
  std::vector<UserId> owner_ids;
  std::vector<UserId> member_ids;
  std::optional<WallTime> creation_date_start;
  std::optional<WallTime> creation_date_end;
  std::optional<bool> active;
  int32_t skip = 0;
  int32_t limit = 0;
};

struct MessageSearch {
  std::vector<MessageId> ids;
  std::optional<bool> of_groups;
  std::optional<bool> system;
  std::vector<UserId> sender_ids;
  /// Groups and users they went to.
  std::vector<int64_t> target_ids;
  std::optional<WallTime> delivery_date_start;
  std::optional<WallTime> delivery_date_end;
  /// Those that were recalled or deleted are left out unless asked for.
  bool with_recalled = false;
  int32_t skip = 0;
  int32_t limit = 0;
};

/// Start inclusive, end exclusive.
struct DateRange {
  std::optional<WallTime> start;
  std::optional<WallTime> end;
};

/// For friend requests, invitations to groups, and requests to join them.
struct RequestSearch {
  std::vector<int64_t> ids;
  /// Friend requests have none.
  std::vector<GroupId> group_ids;
  /// Who made them.
  std::vector<UserId> from_ids;
  /// Who is asked; of a request to join: who answered.
  std::vector<UserId> to_ids;
  std::vector<RequestStatus> statuses;
  DateRange creation;
  DateRange response;
  DateRange expiration;
  /// A pending one whose time is over by then is found, and given, as an expired one.
  WallTime now;
  int32_t skip = 0;
  int32_t limit = 0;
};

/// What there was in a time.
enum class Counted {
  kRegisteredUsers,
  kDeletedUsers,
  kUsersWhoSentMessages,
  kCreatedGroups,
  kDeletedGroups,
  kGroupsThatSentMessages,
  kSentMessages,
};
struct CountSearch {
  Counted what = Counted::kRegisteredUsers;
  /// Of messages only. Recalled ones count.
  std::optional<bool> of_groups;
  std::optional<bool> system;
  /// Two or more, ascending: a count for each time from one of them to the next.
  std::vector<WallTime> bounds;
};

/// What takes how much room.
struct StoredAmount {
  std::string name;
  int64_t rows = 0;
};
struct StorageReport {
  int64_t database_bytes = 0;
  /// Of the database: what was deleted and not used again.
  int64_t free_bytes = 0;
  /// Of files that were sent, beside the database.
  int64_t attachment_bytes = 0;
  std::vector<StoredAmount> tables;
};

/// Searches over everything, and deletions of many at once, which only administration needs.
class AdministrationRepository {
 public:
  virtual ~AdministrationRepository() = default;
  /// By id.
  virtual Stored<Listed<Group>> groups(GroupSearch search) = 0;
  /// The newest first.
  virtual Stored<Listed<Message>> messages(MessageSearch search) = 0;
  // The newest first.
  virtual Stored<Listed<FriendRequest>> friend_requests(RequestSearch search) = 0;
  virtual Stored<Listed<GroupInvitation>> invitations(RequestSearch search) = 0;
  virtual Stored<Listed<GroupJoinRequest>> join_requests(RequestSearch search) = 0;
  /// By id; type 0, which is built in, only when it was changed.
  virtual Stored<std::vector<GroupType>> group_types() = 0;
  virtual Stored<StorageReport> storage() = 0;
  virtual Stored<std::vector<int64_t>> count(CountSearch search) = 0;

  /// Takes their text, records and reactions away and hides them, as a recall does. How many there
  /// were.
  virtual Stored<int64_t> delete_messages(Permit<action::DeleteMessages>, WallTime now) = 0;
  // As if they had never been. How many there were.
  virtual Stored<int64_t> delete_friend_requests(Permit<action::DeleteFriendRequests>,
                                                 WallTime now) = 0;
  virtual Stored<int64_t> delete_invitations(Permit<action::DeleteInvitations>, WallTime now) = 0;
  virtual Stored<int64_t> delete_join_requests(Permit<action::DeleteJoinRequests>,
                                               WallTime now) = 0;
  /// How many had read something.
  virtual Stored<int64_t> forget_read_positions(Permit<action::ForgetReadPositions>) = 0;
};

}  // namespace turms::im
