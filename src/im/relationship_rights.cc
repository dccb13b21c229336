#include <algorithm>

#include "im/rights.h"

namespace turms::im {
namespace {

std::optional<Failure> refuse_related(UserId requester, UserId related, bool blocks) {
  if (related == requester) {
    if (blocks) return Failure{Code::kBlockOneself, {}};
    return Failure{Code::kIllegalArgument, "nobody has a relationship with themselves"};
  }
  if (related.value <= 0) return Failure{Code::kIllegalArgument, "a user id is a positive number"};
  return std::nullopt;
}

}  // namespace

Outcome<Permit<action::PutRelationship>> Rights::create_relationship(
    UserId requester, const CreateRelationship& command) {
  auto refusal = refuse_related(requester, command.user_id, command.blocked);
  if (refusal) return std::unexpected(std::move(*refusal));
  return Permit(action::PutRelationship{requester, command.user_id});
}

Outcome<Permit<action::PutRelationship>> Rights::update_relationship(
    UserId requester, const UpdateRelationship& command) {
  auto refusal = refuse_related(requester, command.user_id, command.blocked.value_or(false));
  if (refusal) return std::unexpected(std::move(*refusal));
  if (command.new_group_index && command.new_group_index == command.delete_group_index) {
    return refuse(Code::kIllegalArgument, "the new group is the one to leave");
  }
  return Permit(action::PutRelationship{requester, command.user_id});
}

Outcome<Permit<action::ChangeRelationshipGroups>> Rights::delete_relationship_group(
    UserId requester, int32_t index) {
  if (index == kDefaultRelationshipGroup) {
    return refuse(Code::kIllegalArgument, "the default group cannot be deleted");
  }
  return Permit(action::ChangeRelationshipGroups{requester});
}

Outcome<Permit<action::CreateFriendRequest>> Rights::create_friend_request(
    UserId requester, UserId recipient, const Reachability& reachability) {
  auto refusal = refuse_related(requester, recipient, false);
  if (refusal) return std::unexpected(std::move(*refusal));
  if (std::ranges::binary_search(reachability.blocked, requester)) {
    return refuse(Code::kFriendRequestBlocked);
  }
  return Permit(action::CreateFriendRequest{requester, recipient});
}

Outcome<Permit<action::RecallFriendRequest>> Rights::recall_friend_request(
    const Settings& settings, const FriendRequest* request, UserId requester, WallTime now) {
  if (!settings.people.allow_friend_request_recall) {
    return refuse(Code::kRecallFriendRequestDisabled);
  }
  // Whether there is one is told only to its sender.
  if (request == nullptr || request->requester_id != requester) {
    return refuse(Code::kRecallFriendRequestNotSender);
  }
  if (!request->is_pending(now)) return refuse(Code::kRecallFriendRequestNotPending);
  return Permit(action::RecallFriendRequest{request->id});
}

Outcome<Permit<action::ReplyToFriendRequest>> Rights::reply_to_friend_request(
    const FriendRequest* request, UserId requester, WallTime now) {
  if (request == nullptr || request->recipient_id != requester) {
    return refuse(Code::kReplyFriendRequestNotRecipient);
  }
  if (!request->is_pending(now)) return refuse(Code::kReplyFriendRequestNotPending);
  return Permit(action::ReplyToFriendRequest{request->id});
}

}  // namespace turms::im
