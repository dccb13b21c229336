#pragma once

#include "im/types.h"
#include "store/sqlite/connection.h"

// Rows of friend requests, invitations to groups and requests to join them, for the repositories
// that serve clients and for administration.

#define TURMS_FRIEND_REQUEST_COLUMNS                                                \
  "id, requester_id, recipient_id, content, status, creation_date, response_date, " \
  "expiration_date, reason"
#define TURMS_INVITATION_COLUMNS                                                          \
  "id, group_id, inviter_id, invitee_id, content, status, creation_date, response_date, " \
  "expiration_date, reason"
#define TURMS_JOIN_REQUEST_COLUMNS                                             \
  "id, group_id, requester_id, responder_id, content, status, creation_date, " \
  "response_date, expiration_date, reason"

namespace turms::store {

im::FriendRequest read_friend_request(Statement& row);
im::GroupInvitation read_invitation(Statement& row);
im::GroupJoinRequest read_join_request(Statement& row);

}  // namespace turms::store
