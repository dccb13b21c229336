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

/// What takes how much room.
struct StoredAmount {
  std::string name;
  int64_t rows = 0;
};
struct StorageReport {
  int64_t database_bytes = 0;
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
  /// By id; type 0, which is built in, only when it was changed.
  virtual Stored<std::vector<GroupType>> group_types() = 0;
  virtual Stored<StorageReport> storage() = 0;

  /// Takes their text, records and reactions away and hides them, as a recall does. How many there
  /// were.
  virtual Stored<int64_t> delete_messages(Permit<action::DeleteMessages>, WallTime now) = 0;
};

}  // namespace turms::im
