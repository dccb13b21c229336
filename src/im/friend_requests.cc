#include "im/friend_requests.h"

#include "im/context.h"
#include "im/enrollment.h"
#include "im/ports/friend_requests.h"
#include "im/ports/versions.h"
#include "im/rights.h"

namespace turms::im {
namespace {

using Created = FriendRequestRepository::Created;
using Replied = FriendRequestRepository::Replied;

}  // namespace

Task<Outcome<Reply<FriendRequestId>>> FriendRequests::create(Caller caller,
                                                             CreateFriendRequest command) {
  const Settings::People& settings = context_.settings.people;
  if (too_long(command.content, settings.max_friend_request_content_size)) {
    co_return refuse(Code::kIllegalArgument, "the content is too long");
  }
  auto recipient = co_await context_.reachability.get(command.recipient_id);
  if (!recipient) co_return refuse(recipient.error());
  auto permit = Rights::create_friend_request(caller.user_id, command.recipient_id, **recipient);
  if (!permit) co_return std::unexpected(std::move(permit.error()));

  const WallTime now = context_.now();
  FriendRequest request;
  request.id = context_.next_id<FriendRequestId>(now);
  request.requester_id = caller.user_id;
  request.recipient_id = command.recipient_id;
  request.content = std::move(command.content);
  request.creation_date = now;
  if (settings.friend_request_lifetime > Duration::zero()) {
    request.expiration_date = {now.unix_ms + to_ms(settings.friend_request_lifetime)};
  }
  const FriendRequestId id = request.id;
  auto created = co_await context_.store.friend_requests.create(
      *permit, std::move(request), settings.allow_friend_request_again);
  if (!created) co_return refuse(created.error());
  if (*created == Created::kExists) co_return refuse(Code::kFriendRequestExists);
  if (*created == Created::kTooMany) {
    co_return refuse(Code::kIllegalArgument, "too many friend requests are pending");
  }
  Reply<FriendRequestId> reply;
  reply.data = id;
  reply.effects.relay.audience = audience_of(settings.friend_request_created, command.recipient_id);
  reply.effects.relay.amendments.created_id = id.value;
  co_return reply;
}

Task<Outcome<Reply<>>> FriendRequests::recall(Caller caller, FriendRequestId id) {
  auto found = co_await context_.store.friend_requests.find(id);
  if (!found) co_return refuse(found.error());
  const WallTime now = context_.now();
  auto permit = Rights::recall_friend_request(context_.settings, *found ? &**found : nullptr,
                                              caller.user_id, now);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto recalled = co_await context_.store.friend_requests.recall(*permit, now);
  if (!recalled) co_return refuse(recalled.error());
  if (!*recalled) co_return refuse(Code::kRecallFriendRequestNotPending);
  Reply<> reply;
  reply.effects.relay.audience =
      audience_of(context_.settings.people.friend_request_recalled, (*found)->recipient_id);
  co_return reply;
}

Task<Outcome<Reply<>>> FriendRequests::reply(Caller caller, UpdateFriendRequest command) {
  const Settings::People& settings = context_.settings.people;
  if (!is_known(command.response_action)) {
    co_return refuse(Code::kIllegalArgument, "unknown response action");
  }
  if (command.reason && too_long(*command.reason, settings.max_friend_request_reason_size)) {
    co_return refuse(Code::kIllegalArgument, "the reason is too long");
  }
  auto found = co_await context_.store.friend_requests.find(command.request_id);
  if (!found) co_return refuse(found.error());
  const WallTime now = context_.now();
  auto permit = Rights::reply_to_friend_request(*found ? &**found : nullptr, caller.user_id, now);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  const UserId requester = (*found)->requester_id;
  auto replied = co_await context_.store.friend_requests.reply(
      *permit, status_after(command.response_action), command.reason.value_or(""), now);
  if (command.response_action == ResponseAction::kAccept) {
    context_.publish(RelationshipChanged{caller.user_id, requester, std::nullopt});
    context_.publish(RelationshipChanged{requester, caller.user_id, std::nullopt});
  }
  if (!replied) co_return refuse(replied.error());
  if (replied->outcome == Replied::Outcome::kNotPending) {
    co_return refuse(Code::kReplyFriendRequestNotPending);
  }
  if (replied->outcome == Replied::Outcome::kFull) {
    co_return refuse(Code::kIllegalArgument, "one of the two has too many relationships");
  }

  Reply<> reply;
  reply.effects.relay.audience = audience_of(settings.friend_request_replied, requester);
  if (!settings.relationship_added.others) co_return reply;
  if (replied->recipient_gained) {
    Push push;
    push.audience.recipients = recipient(requester);
    push.event = RelationshipCreated{caller.user_id, requester};
    reply.effects.pushes.push_back(std::move(push));
  }
  if (replied->requester_gained) {
    Push push;
    push.audience.recipients = recipient(caller.user_id);
    push.audience.calling_session = true;
    push.event = RelationshipCreated{requester, caller.user_id};
    reply.effects.pushes.push_back(std::move(push));
  }
  co_return reply;
}

Task<Outcome<FriendRequestList>> FriendRequests::query(Caller caller, QueryFriendRequests query) {
  const VersionOf kind =
      query.are_sent_by_me ? VersionOf::kSentFriendRequests : VersionOf::kReceivedFriendRequests;
  auto found = co_await context_.store.versions.find(kind, caller.user_id.value);
  if (!found) co_return refuse(found.error());
  auto version = newer_version(*found, query.last_updated_date);
  if (!version) co_return std::unexpected(std::move(version.error()));
  auto asked = query.are_sent_by_me ? context_.store.friend_requests.sent_by(caller.user_id)
                                    : context_.store.friend_requests.received_by(caller.user_id);
  auto requests = co_await std::move(asked);
  if (!requests) co_return refuse(requests.error());
  if (requests->empty()) co_return refuse(Code::kNoContent);
  const WallTime now = context_.now();
  for (FriendRequest& request : *requests) {
    if (request.status == RequestStatus::kPending && !request.is_pending(now)) {
      request.status = RequestStatus::kExpired;
    }
  }
  co_return FriendRequestList{std::move(*requests), *version};
}

}  // namespace turms::im
