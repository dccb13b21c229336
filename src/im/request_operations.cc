#include "im/request_operations.h"

#include <fmt/core.h>

#include <algorithm>

#include "im/context.h"
#include "im/enrollment.h"
#include "im/join_questions.h"
#include "im/ports/friend_requests.h"
#include "im/ports/invitations.h"
#include "im/ports/join_requests.h"
#include "im/ports/relationships.h"
#include "im/ports/users.h"
#include "im/rights.h"

namespace turms::im {
namespace {

std::unexpected<Error> invalid(std::string why) {
  return fail(ErrorCode::kInvalidArgument, std::move(why));
}
std::unexpected<Error> in_the_way(std::string why) {
  return fail(ErrorCode::kFailedPrecondition, std::move(why));
}
std::unexpected<Error> no_group(GroupId id) {
  return fail(ErrorCode::kNotFound, fmt::format("there is no group {}", id.value));
}

std::vector<UserId> two(UserId a, UserId b) {
  std::vector<UserId> users;
  users.push_back(a);
  if (b != a) users.push_back(b);
  return users;
}

/// Why what was accepted makes nobody a member; nothing: it does, or they are one.
template <class Replied>
std::optional<std::string> obstacle(Replied replied) {
  switch (replied) {
    case Replied::kFull:
      return "the group is full";
    case Replied::kBlocked:
      return "the user is blocked in the group";
    case Replied::kGroupGone:
      return "the group is gone";
    case Replied::kDone:
    case Replied::kAlreadyMember:
    case Replied::kNotPending:
      break;
  }
  return std::nullopt;
}

}  // namespace

Task<Result<None>> RequestOperations::check_users(std::vector<UserId> users) {
  sort_unique(users);
  const size_t count = users.size();
  auto known = co_await context_.store.users.find(std::move(users));
  if (!known) co_return std::unexpected(known.error());
  if (known->size() != count) {
    co_return fail(ErrorCode::kNotFound, "there is no user with one of these ids");
  }
  co_return None{};
}

template <class Repository, class Id>
Task<Result<int64_t>> RequestOperations::settle_all(Repository& requests, std::vector<Id> ids,
                                                    Settlement how, size_t max_reason) {
  if (too_long(how.reason, max_reason)) co_return invalid("reason: too long");
  sort_unique(ids);
  int64_t settled = 0;
  for (const Id id : ids) {
    auto found = co_await requests.find(id);
    if (!found) co_return std::unexpected(found.error());
    if (!*found) continue;
    auto done = co_await settle(std::move(**found), how);
    if (!done) co_return std::unexpected(done.error());
    settled += *done ? 1 : 0;
  }
  co_return settled;
}

template <class Replied>
Result<bool> RequestOperations::settled(GroupId group, UserId joining, bool accepted,
                                        Result<Replied> replied) {
  GroupChanged told{.group_id = group};
  if (accepted && replied && *replied == Replied::kDone) told.joined.push_back(joining);
  // Also of a reply that failed: it may have been done.
  context_.publish(told);
  if (!replied) return std::unexpected(replied.error());
  if (auto why = obstacle(*replied)) return in_the_way(std::move(*why));
  return *replied != Replied::kNotPending;
}

// ------------------------------------------------------------------------------- friend requests

Task<Result<FriendRequest>> RequestOperations::add_friend_request(UserId requester,
                                                                  UserId recipient,
                                                                  std::string content) {
  using Created = FriendRequestRepository::Created;
  const Settings::People& settings = context_.settings.people;
  if (requester == recipient) co_return invalid("nobody is a friend of themself");
  if (too_long(content, settings.max_friend_request_content_size)) {
    co_return invalid("content: too long");
  }
  auto known = co_await check_users(two(requester, recipient));
  if (!known) co_return std::unexpected(known.error());
  const WallTime now = context_.now();
  FriendRequest request;
  request.id = context_.next_id<FriendRequestId>(now);
  request.requester_id = requester;
  request.recipient_id = recipient;
  request.content = std::move(content);
  request.creation_date = now;
  if (settings.friend_request_lifetime > Duration::zero()) {
    request.expiration_date = {now.unix_ms + to_ms(settings.friend_request_lifetime)};
  }
  auto created = co_await context_.store.friend_requests.create(
      Rights::administrator(action::CreateFriendRequest{requester, recipient}), request, true);
  if (!created) co_return std::unexpected(created.error());
  if (*created == Created::kExists) {
    co_return fail(ErrorCode::kAlreadyExists, "one of the two is pending");
  }
  if (*created == Created::kTooMany) co_return in_the_way("too many of the user's are pending");
  co_return request;
}

Task<Result<bool>> RequestOperations::settle(FriendRequest request, const Settlement& how) {
  using Replied = FriendRequestRepository::Replied;
  const WallTime now = context_.now();
  if (how.status == RequestStatus::kCanceled) {
    co_return co_await context_.store.friend_requests.recall(
        Rights::administrator(action::RecallFriendRequest{request.id}), now);
  }
  auto replied = co_await context_.store.friend_requests.reply(
      Rights::administrator(action::ReplyToFriendRequest{request.id}), how.status, how.reason, now);
  if (how.status == RequestStatus::kAccepted) {
    context_.publish(RelationshipChanged{request.recipient_id, request.requester_id, std::nullopt});
    context_.publish(RelationshipChanged{request.requester_id, request.recipient_id, std::nullopt});
  }
  if (!replied) co_return std::unexpected(replied.error());
  if (replied->outcome == Replied::Outcome::kFull) {
    co_return in_the_way("one of the two has too many relationships");
  }
  co_return replied->outcome == Replied::Outcome::kDone;
}

Task<Result<int64_t>> RequestOperations::settle_friend_requests(std::vector<FriendRequestId> ids,
                                                                Settlement how) {
  return settle_all(context_.store.friend_requests, std::move(ids), std::move(how),
                    context_.settings.people.max_friend_request_reason_size);
}

Task<Result<int64_t>> RequestOperations::remove_friend_requests(std::vector<FriendRequestId> ids) {
  return data_.delete_friend_requests(
      Rights::administrator(action::DeleteFriendRequests{std::move(ids)}), context_.now());
}

// ----------------------------------------------------------------------------------- invitations

Task<Result<GroupInvitation>> RequestOperations::add_invitation(GroupId group, UserId inviter,
                                                                UserId invitee,
                                                                std::string content) {
  const Settings::Group& settings = context_.settings.group;
  if (too_long(content, settings.max_invitation_content_size)) {
    co_return invalid("content: too long");
  }
  auto known = co_await check_users(two(inviter, invitee));
  if (!known) co_return std::unexpected(known.error());
  auto state = co_await context_.groups.get(group);
  if (!state) co_return std::unexpected(state.error());
  if (!*state) co_return no_group(group);
  if ((*state)->find(invitee) != nullptr) {
    co_return fail(ErrorCode::kAlreadyExists, "the invitee is a member already");
  }
  GroupInvitation invitation;
  const WallTime now = context_.now();
  invitation.id = context_.next_id<InvitationId>(now);
  invitation.group_id = group;
  invitation.inviter_id = inviter;
  invitation.invitee_id = invitee;
  invitation.content = std::move(content);
  invitation.creation_date = now;
  invitation.expiration_date = expiration(now, settings.invitation_lifetime);
  auto created = co_await context_.store.invitations.create(
      Rights::administrator(action::Invite{group, inviter, invitee}), invitation);
  if (!created) co_return std::unexpected(created.error());
  co_return invitation;
}

Task<Result<bool>> RequestOperations::settle(GroupInvitation invitation, const Settlement& how) {
  const WallTime now = context_.now();
  if (how.status == RequestStatus::kCanceled) {
    co_return co_await context_.store.invitations.recall(
        Rights::administrator(action::RecallInvitation{invitation.id}), now);
  }
  const bool accepted = how.status == RequestStatus::kAccepted;
  auto state = co_await context_.groups.get(invitation.group_id);
  if (!state) co_return std::unexpected(state.error());
  if (accepted && !*state) co_return no_group(invitation.group_id);
  std::optional<GroupMember> member;
  if (accepted) member = new_member(invitation.group_id, invitation.invitee_id, now);
  auto replied = co_await context_.store.invitations.reply(
      Rights::administrator(action::ReplyToInvitation{invitation.id}), how.status, how.reason,
      std::move(member), *state ? (*state)->type.size_limit : 0, now);
  co_return settled(invitation.group_id, invitation.invitee_id, accepted, std::move(replied));
}

Task<Result<int64_t>> RequestOperations::settle_invitations(std::vector<InvitationId> ids,
                                                            Settlement how) {
  return settle_all(context_.store.invitations, std::move(ids), std::move(how),
                    context_.settings.group.max_invitation_reason_size);
}

Task<Result<int64_t>> RequestOperations::remove_invitations(std::vector<InvitationId> ids) {
  return data_.delete_invitations(Rights::administrator(action::DeleteInvitations{std::move(ids)}),
                                  context_.now());
}

// ------------------------------------------------------------------------------ requests to join

Task<Result<GroupJoinRequest>> RequestOperations::add_join_request(GroupId group, UserId requester,
                                                                   std::string content) {
  using Created = JoinRequestRepository::Created;
  const Settings::Group& settings = context_.settings.group;
  if (too_long(content, settings.max_join_request_content_size)) {
    co_return invalid("content: too long");
  }
  auto known = co_await check_users(two(requester, requester));
  if (!known) co_return std::unexpected(known.error());
  GroupJoinRequest request;
  const WallTime now = context_.now();
  request.id = context_.next_id<JoinRequestId>(now);
  request.group_id = group;
  request.requester_id = requester;
  request.content = std::move(content);
  request.creation_date = now;
  request.expiration_date = expiration(now, settings.join_request_lifetime);
  auto created = co_await context_.store.join_requests.create(
      Rights::administrator(action::AskToJoin{group, requester}), request);
  if (!created) co_return std::unexpected(created.error());
  switch (*created) {
    case Created::kDone:
      co_return request;
    case Created::kMember:
      co_return fail(ErrorCode::kAlreadyExists, "the user is a member already");
    case Created::kBlocked:
      co_return in_the_way("the user is blocked in the group");
    case Created::kTooMany:
      co_return in_the_way("too many of the user's are pending");
    case Created::kGroupGone:
      break;
  }
  co_return no_group(group);
}

Task<Result<bool>> RequestOperations::settle(GroupJoinRequest request, const Settlement& how) {
  const WallTime now = context_.now();
  if (how.status == RequestStatus::kCanceled) {
    co_return co_await context_.store.join_requests.recall(
        Rights::administrator(action::RecallJoinRequest{request.id}), now);
  }
  const bool accepted = how.status == RequestStatus::kAccepted;
  auto state = co_await context_.groups.get(request.group_id);
  if (!state) co_return std::unexpected(state.error());
  if (accepted && !*state) co_return no_group(request.group_id);
  std::optional<GroupMember> member;
  if (accepted) member = new_member(request.group_id, request.requester_id, now);
  // The responder is nobody, as the sender of an administrator's message is.
  auto replied = co_await context_.store.join_requests.reply(
      Rights::administrator(action::ReplyToJoinRequest{request.id}), UserId(0), how.status,
      how.reason, std::move(member), *state ? (*state)->type.size_limit : 0, now);
  co_return settled(request.group_id, request.requester_id, accepted, std::move(replied));
}

Task<Result<int64_t>> RequestOperations::settle_join_requests(std::vector<JoinRequestId> ids,
                                                              Settlement how) {
  return settle_all(context_.store.join_requests, std::move(ids), std::move(how),
                    context_.settings.group.max_join_request_reason_size);
}

Task<Result<int64_t>> RequestOperations::remove_join_requests(std::vector<JoinRequestId> ids) {
  return data_.delete_join_requests(
      Rights::administrator(action::DeleteJoinRequests{std::move(ids)}), context_.now());
}

// --------------------------------------------------------------------------------- join questions

Task<Result<GroupJoinQuestion>> RequestOperations::add_question(GroupJoinQuestion question) {
  using Created = JoinQuestionRepository::Created;
  if (auto failure = check_join_question(context_.settings.group,
                                         {question.question, question.answers, question.score})) {
    co_return invalid(std::move(failure->reason));
  }
  const WallTime now = context_.now();
  question.id = context_.next_id<JoinQuestionId>(now);
  std::vector<GroupJoinQuestion> questions;
  questions.push_back(question);
  auto created = co_await context_.store.join_questions.create(
      Rights::administrator(action::ChangeJoinQuestions{question.group_id}), std::move(questions),
      now);
  if (!created) co_return std::unexpected(created.error());
  if (*created == Created::kGroupGone) co_return no_group(question.group_id);
  if (*created == Created::kFull) co_return in_the_way("the group has too many questions");
  co_return question;
}

Task<Result<int64_t>> RequestOperations::update_questions(std::vector<JoinQuestionId> ids,
                                                          JoinQuestionChange change) {
  if (auto failure = check_join_question(context_.settings.group, change)) {
    co_return invalid(std::move(failure->reason));
  }
  sort_unique(ids);
  auto found = co_await context_.store.join_questions.find(std::move(ids));
  if (!found) co_return std::unexpected(found.error());
  int64_t changed = 0;
  for (const GroupJoinQuestion& question : *found) {
    auto done = co_await context_.store.join_questions.update(
        Rights::administrator(action::ChangeJoinQuestions{question.group_id}), question.id, change,
        context_.now());
    if (!done) co_return std::unexpected(done.error());
    changed += *done ? 1 : 0;
  }
  co_return changed;
}

Task<Result<int64_t>> RequestOperations::remove_questions(std::vector<JoinQuestionId> ids) {
  sort_unique(ids);
  auto found = co_await context_.store.join_questions.find(std::move(ids));
  if (!found) co_return std::unexpected(found.error());
  int64_t removed = 0;
  for (const GroupJoinQuestion& question : *found) {
    std::vector<JoinQuestionId> one(1, question.id);
    auto done = co_await context_.store.join_questions.remove(
        Rights::administrator(action::ChangeJoinQuestions{question.group_id}), std::move(one),
        context_.now());
    if (!done) co_return std::unexpected(done.error());
    removed += *done;
  }
  co_return removed;
}

// ---------------------------------------------------------------------------- relationship groups

Task<Result<RelationshipGroup>> RequestOperations::add_relationship_group(
    UserId owner, std::optional<int32_t> index, std::string name) {
  using Put = RelationshipRepository::Put;
  if (text_length(name) > context_.settings.people.max_relationship_group_name_size) {
    co_return invalid("name: too long");
  }
  auto known = co_await check_users(two(owner, owner));
  if (!known) co_return std::unexpected(known.error());
  if (!index) {
    auto there = co_await context_.store.relationships.groups(owner);
    if (!there) co_return std::unexpected(there.error());
    index = kDefaultRelationshipGroup + 1;
    for (const RelationshipGroup& group : *there) {
      if (group.index == *index) ++*index;
    }
  }
  RelationshipGroup group{*index, std::move(name)};
  auto put = co_await context_.store.relationships.create_group(
      Rights::administrator(action::ChangeRelationshipGroups{owner}), group, context_.now());
  if (!put) co_return std::unexpected(put.error());
  if (*put == Put::kExists) co_return fail(ErrorCode::kAlreadyExists, "the index is taken");
  if (*put == Put::kFull) co_return in_the_way("the user has too many relationship groups");
  co_return group;
}

Task<Result<int64_t>> RequestOperations::rename_relationship_groups(UserId owner,
                                                                    std::vector<int32_t> indexes,
                                                                    std::string name) {
  if (text_length(name) > context_.settings.people.max_relationship_group_name_size) {
    co_return invalid("name: too long");
  }
  int64_t renamed = 0;
  for (const int32_t index : indexes) {
    RelationshipGroup group{index, name};
    auto done = co_await context_.store.relationships.rename_group(
        Rights::administrator(action::ChangeRelationshipGroups{owner}), std::move(group),
        context_.now());
    if (!done) co_return std::unexpected(done.error());
    renamed += *done ? 1 : 0;
  }
  co_return renamed;
}

Task<Result<int64_t>> RequestOperations::remove_relationship_groups(UserId owner,
                                                                    std::vector<int32_t> indexes,
                                                                    int32_t target) {
  if (std::ranges::find(indexes, kDefaultRelationshipGroup) != indexes.end()) {
    co_return invalid("the default relationship group stays");
  }
  if (std::ranges::find(indexes, target) != indexes.end()) {
    co_return invalid("the target is among those that go");
  }
  int64_t removed = 0;
  for (const int32_t index : indexes) {
    auto done = co_await context_.store.relationships.remove_group(
        Rights::administrator(action::ChangeRelationshipGroups{owner}), index, target,
        context_.now());
    if (!done) co_return std::unexpected(done.error());
    removed += *done ? 1 : 0;
  }
  co_return removed;
}

}  // namespace turms::im
