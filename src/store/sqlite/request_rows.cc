#include "store/sqlite/request_rows.h"

namespace turms::store {

im::FriendRequest read_friend_request(Statement& row) {
  im::FriendRequest request;
  request.id = row.id<FriendRequestId>();
  request.requester_id = row.id<UserId>();
  request.recipient_id = row.id<UserId>();
  request.content = row.text();
  request.status = row.enumeration<im::RequestStatus>();
  request.creation_date = row.time();
  request.response_date = row.optional_time();
  request.expiration_date = row.optional_time();
  request.reason = row.text();
  return request;
}

im::GroupInvitation read_invitation(Statement& row) {
  im::GroupInvitation invitation;
  invitation.id = row.id<InvitationId>();
  invitation.group_id = row.id<GroupId>();
  invitation.inviter_id = row.id<UserId>();
  invitation.invitee_id = row.id<UserId>();
  invitation.content = row.text();
  invitation.status = row.enumeration<im::RequestStatus>();
  invitation.creation_date = row.time();
  invitation.response_date = row.optional_time();
  invitation.expiration_date = row.time();
  invitation.reason = row.text();
  return invitation;
}

im::GroupJoinRequest read_join_request(Statement& row) {
  im::GroupJoinRequest request;
  request.id = row.id<JoinRequestId>();
  request.group_id = row.id<GroupId>();
  request.requester_id = row.id<UserId>();
  request.responder_id = row.optional_id<UserId>();
  request.content = row.text();
  request.status = row.enumeration<im::RequestStatus>();
  request.creation_date = row.time();
  request.response_date = row.optional_time();
  request.expiration_date = row.time();
  request.reason = row.text();
  return request;
}

}  // namespace turms::store
