#pragma once

#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/ports/administration.h"
#include "im/ports/join_questions.h"

namespace turms::im {

/// How an administrator settles a request or an invitation: kAccepted, kDeclined, kIgnored or, as
/// its maker would, kCanceled.
struct Settlement {
  RequestStatus status = RequestStatus::kDeclined;
  std::string reason;
};

/// What an administrator does over the admin API to requests to become friends or members, and to
/// what goes with them: no caller, no rights asked, nobody pushed to (clients see it by the
/// versions of their lists). What is accepted has its effect: a friendship, a membership.
/// kNotFound, kInvalidArgument, kAlreadyExists, kFailedPrecondition say why not.
class RequestOperations {
 public:
  RequestOperations(Context& context, AdministrationRepository& data)
      : context_(context), data_(data) {}

  Task<Result<FriendRequest>> add_friend_request(UserId requester, UserId recipient,
                                                 std::string content);
  Task<Result<GroupInvitation>> add_invitation(GroupId group, UserId inviter, UserId invitee,
                                               std::string content);
  Task<Result<GroupJoinRequest>> add_join_request(GroupId group, UserId requester,
                                                  std::string content);

  // How many of them were pending. One that cannot be accepted (a full group, a blocked user) ends
  // it: those before it are settled.
  Task<Result<int64_t>> settle_friend_requests(std::vector<FriendRequestId> ids, Settlement how);
  Task<Result<int64_t>> settle_invitations(std::vector<InvitationId> ids, Settlement how);
  Task<Result<int64_t>> settle_join_requests(std::vector<JoinRequestId> ids, Settlement how);

  // How many there were.
  Task<Result<int64_t>> remove_friend_requests(std::vector<FriendRequestId> ids);
  Task<Result<int64_t>> remove_invitations(std::vector<InvitationId> ids);
  Task<Result<int64_t>> remove_join_requests(std::vector<JoinRequestId> ids);

  Task<Result<GroupJoinQuestion>> add_question(GroupJoinQuestion question);
  Task<Result<int64_t>> update_questions(std::vector<JoinQuestionId> ids,
                                         JoinQuestionChange change);
  Task<Result<int64_t>> remove_questions(std::vector<JoinQuestionId> ids);

  /// Without an index: one that is free.
  Task<Result<RelationshipGroup>> add_relationship_group(UserId owner, std::optional<int32_t> index,
                                                         std::string name);
  Task<Result<int64_t>> rename_relationship_groups(UserId owner, std::vector<int32_t> indexes,
                                                   std::string name);
  /// Whoever is in them goes into `target`. The default group stays.
  Task<Result<int64_t>> remove_relationship_groups(UserId owner, std::vector<int32_t> indexes,
                                                   int32_t target);

 private:
  Task<Result<None>> check_users(std::vector<UserId> users);
  /// Those of `ids` that `requests` has, one by one.
  template <class Repository, class Id>
  Task<Result<int64_t>> settle_all(Repository& requests, std::vector<Id> ids, Settlement how,
                                   size_t max_reason);
  // Whether it was pending.
  Task<Result<bool>> settle(FriendRequest request, const Settlement& how);
  Task<Result<bool>> settle(GroupInvitation invitation, const Settlement& how);
  Task<Result<bool>> settle(GroupJoinRequest request, const Settlement& how);
  /// What came of a reply by which `joining` was to become a member, if accepted.
  template <class Replied>
  Result<bool> settled(GroupId group, UserId joining, bool accepted, Result<Replied> replied);

  Context& context_;
  AdministrationRepository& data_;
};

}  // namespace turms::im
