#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/status.h"

namespace turms::im {

struct CreateGroupJoinRequest {
  GroupId group_id;
  std::string content;
};

struct UpdateGroupJoinRequest {
  JoinRequestId request_id;
  ResponseAction response_action = ResponseAction::kAccept;
  std::optional<std::string> reason;
};

struct QueryGroupJoinRequests {
  /// Absent: those that the caller made.
  std::optional<GroupId> group_id;
  std::optional<WallTime> last_updated_date;
};

struct GroupJoinRequestList {
  /// A pending one that has expired says kExpired.
  std::vector<GroupJoinRequest> requests;
  std::optional<WallTime> last_updated_date;
};

/// Requests to join groups whose type wants them; owner and managers answer.
class JoinRequests {
 public:
  explicit JoinRequests(Context& context) : context_(context) {}

  Task<Outcome<Reply<JoinRequestId>>> create(Caller caller, CreateGroupJoinRequest command);
  Task<Outcome<Reply<>>> reply(Caller caller, UpdateGroupJoinRequest command);
  Task<Outcome<Reply<>>> recall(Caller caller, JoinRequestId id);
  Task<Outcome<GroupJoinRequestList>> query(Caller caller, QueryGroupJoinRequests query);

 private:
  Context& context_;
};

}  // namespace turms::im
