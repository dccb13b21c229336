#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/status.h"

namespace turms::im {

struct CreateGroupInvitation {
  GroupId group_id;
  UserId invitee_id;
  std::string content;
};

struct UpdateGroupInvitation {
  InvitationId invitation_id;
  ResponseAction response_action = ResponseAction::kAccept;
  std::optional<std::string> reason;
};

struct QueryGroupInvitations {
  std::optional<GroupId> group_id;
  std::optional<bool> are_sent_by_me;
  std::optional<WallTime> last_updated_date;
};

struct GroupInvitationList {
  /// A pending one that has expired says kExpired.
  std::vector<GroupInvitation> invitations;
  std::optional<WallTime> last_updated_date;
};

class Invitations {
 public:
  explicit Invitations(Context& context) : context_(context) {}

  Task<Outcome<Reply<InvitationId>>> create(Caller caller, CreateGroupInvitation command);
  Task<Outcome<Reply<>>> reply(Caller caller, UpdateGroupInvitation command);
  Task<Outcome<Reply<>>> recall(Caller caller, InvitationId id);
  Task<Outcome<GroupInvitationList>> query(Caller caller, QueryGroupInvitations query);

 private:
  Context& context_;
};

}  // namespace turms::im
