#pragma once

#include <optional>
#include <vector>

#include "im/domain_fwd.h"
#include "im/status.h"

namespace turms::im {

struct QueryGroupBlocklist {
  GroupId group_id;
  std::optional<WallTime> last_updated_date;
};

struct BlockedUserIds {
  std::vector<UserId> ids;
  std::optional<WallTime> last_updated_date;
};
struct BlockedUserInfos {
  std::vector<User> users;
  std::optional<WallTime> last_updated_date;
};

/// Whom a group keeps out: they are not members and cannot become any.
class GroupBlocklist {
 public:
  explicit GroupBlocklist(Context& context) : context_(context) {}

  /// A member is removed. kDuplicateKey when the user is blocked already.
  Task<Outcome<Reply<>>> block(Caller caller, GroupId id, UserId user);
  /// Who was not blocked stays so, and nobody is told.
  Task<Outcome<Reply<>>> unblock(Caller caller, GroupId id, UserId user);
  Task<Outcome<BlockedUserIds>> query_ids(Caller caller, QueryGroupBlocklist query);
  /// Of users who exist.
  Task<Outcome<BlockedUserInfos>> query_infos(Caller caller, QueryGroupBlocklist query);

 private:
  Context& context_;
};

}  // namespace turms::im
