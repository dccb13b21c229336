#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/status.h"

namespace turms::im {

struct CreateFriendRequest {
  UserId recipient_id;
  std::string content;
};

struct UpdateFriendRequest {
  FriendRequestId request_id;
  ResponseAction response_action = ResponseAction::kAccept;
  std::optional<std::string> reason;
};

struct QueryFriendRequests {
  bool are_sent_by_me = false;
  std::optional<WallTime> last_updated_date;
};

struct FriendRequestList {
  /// A pending one that has expired says kExpired.
  std::vector<FriendRequest> requests;
  std::optional<WallTime> last_updated_date;
};

/// Requests for friendship: accepting one makes a relationship on both sides.
class FriendRequests {
 public:
  explicit FriendRequests(Context& context) : context_(context) {}

  /// The recipient need not exist. 2600, 2601.
  Task<Outcome<Reply<FriendRequestId>>> create(Caller caller, CreateFriendRequest command);
  /// By the sender, where it is allowed: 2602, 2603, 2604.
  Task<Outcome<Reply<>>> recall(Caller caller, FriendRequestId id);
  /// By the recipient: 2605, 2606. Accepting leaves relationships that exist as they are, blocks
  /// too.
  Task<Outcome<Reply<>>> reply(Caller caller, UpdateFriendRequest command);
  Task<Outcome<FriendRequestList>> query(Caller caller, QueryFriendRequests query);

 private:
  Context& context_;
};

}  // namespace turms::im
