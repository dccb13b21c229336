#include "im/join_requests.h"

#include "im/context.h"
#include "im/enrollment.h"
#include "im/group_audience.h"
#include "im/ports/join_requests.h"
#include "im/ports/versions.h"
#include "im/rights.h"

namespace turms::im {
namespace {

using Created = JoinRequestRepository::Created;
using Replied = JoinRequestRepository::Replied;

std::optional<Failure> refusal(Created created) {
  switch (created) {
    case Created::kDone:
      return std::nullopt;
    case Created::kGroupGone:
      return Failure{Code::kJoinRequestToInactiveGroup, {}};
    case Created::kMember:
      return Failure{Code::kJoinRequestByMember, {}};
    case Created::kBlocked:
      return Failure{Code::kJoinRequestByBlocked, {}};
    case Created::kTooMany:
      return Failure{Code::kIllegalArgument, "too many of your requests are pending"};
  }
  return Failure{Code::kInternalError, {}};
}

Code code_of(Replied replied) {
  switch (replied) {
    case Replied::kDone:
    case Replied::kAlreadyMember:
      return Code::kOk;
    case Replied::kNotPending:
      return Code::kReplyJoinRequestNotPending;
    case Replied::kFull:
      return Code::kAddMemberSizeLimit;
    case Replied::kBlocked:
      return Code::kAddBlockedUser;
    case Replied::kGroupGone:
      return Code::kAddMemberToInactiveGroup;
  }
  return Code::kInternalError;
}

}  // namespace

Task<Outcome<Reply<JoinRequestId>>> JoinRequests::create(Caller caller,
                                                         CreateGroupJoinRequest command) {
  const Settings& settings = context_.settings;
  if (too_long(command.content, settings.group.max_join_request_content_size)) {
    co_return refuse(Code::kIllegalArgument, "the content is too long");
  }
  auto loaded = co_await context_.groups.get(command.group_id);
  if (!loaded) co_return refuse(loaded.error());
  const GroupPtr group = *loaded;
  auto permit = Rights::ask_to_join(group.get(), caller.user_id);
  if (!permit) co_return std::unexpected(std::move(permit.error()));

  const WallTime now = context_.now();
  GroupJoinRequest request;
  request.id = context_.next_id<JoinRequestId>(now);
  request.group_id = command.group_id;
  request.requester_id = caller.user_id;
  request.content = std::move(command.content);
  request.creation_date = now;
  request.expiration_date = expiration(now, settings.group.join_request_lifetime);
  const JoinRequestId id = request.id;
  auto created = co_await context_.store.join_requests.create(*permit, std::move(request));
  if (!created) co_return refuse(created.error());
  if (auto failure = refusal(*created)) co_return std::unexpected(std::move(*failure));

  Reply<JoinRequestId> reply;
  reply.data = id;
  reply.effects.relay.audience = group_audience(settings.group_notifications.join_request_created,
                                                group.get(), {}, caller.user_id);
  reply.effects.relay.amendments.created_id = id.value;
  co_return reply;
}

Task<Outcome<Reply<>>> JoinRequests::reply(Caller caller, UpdateGroupJoinRequest command) {
  const Settings& settings = context_.settings;
  if (!is_known(command.response_action)) {
    co_return refuse(Code::kIllegalArgument, "unknown response action");
  }
  if (command.reason && too_long(*command.reason, settings.group.max_join_request_reason_size)) {
    co_return refuse(Code::kIllegalArgument, "the reason is too long");
  }
  auto found = co_await context_.store.join_requests.find(command.request_id);
  if (!found) co_return refuse(found.error());
  GroupPtr group;
  if (*found) {
    auto loaded = co_await context_.groups.get((*found)->group_id);
    if (!loaded) co_return refuse(loaded.error());
    group = *loaded;
  }
  const WallTime now = context_.now();
  auto permit =
      Rights::reply_to_join_request(*found ? &**found : nullptr, group.get(), caller.user_id, now);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  const GroupJoinRequest request = std::move(**found);

  const bool accepts = command.response_action == ResponseAction::kAccept;
  std::optional<GroupMember> member;
  if (accepts) member = new_member(request.group_id, request.requester_id, now);
  auto replied = co_await context_.store.join_requests.reply(
      *permit, caller.user_id, status_after(command.response_action), command.reason.value_or(""),
      std::move(member), group->type.size_limit, now);
  const bool joined = replied && *replied == Replied::kDone && accepts;
  GroupChanged done{.group_id = request.group_id};
  if (joined) done.joined.push_back(request.requester_id);
  if (accepts) context_.publish(done);
  if (!replied) co_return refuse(replied.error());
  if (const Code code = code_of(*replied); code != Code::kOk) co_return refuse(code);

  Reply<> reply;
  reply.effects.relay.audience =
      group_audience(settings.group_notifications.join_request_replied, group.get(),
                     std::span(&request.requester_id, 1), caller.user_id);
  if (joined) {
    auto after = co_await context_.groups.get(request.group_id);
    if (after && *after) {
      reply.effects.pushes.push_back(
          member_added(settings, **after, request.requester_id, caller.user_id));
    }
  }
  co_return reply;
}

Task<Outcome<Reply<>>> JoinRequests::recall(Caller caller, JoinRequestId id) {
  const Settings& settings = context_.settings;
  auto found = co_await context_.store.join_requests.find(id);
  if (!found) co_return refuse(found.error());
  const WallTime now = context_.now();
  auto permit =
      Rights::recall_join_request(settings, *found ? &**found : nullptr, caller.user_id, now);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto recalled = co_await context_.store.join_requests.recall(*permit, now);
  if (!recalled) co_return refuse(recalled.error());
  if (!*recalled) co_return refuse(Code::kRecallJoinRequestNotPending);
  auto group = co_await context_.groups.get((*found)->group_id);
  Reply<> reply;
  reply.effects.relay.audience = group_audience(settings.group_notifications.join_request_recalled,
                                                group ? group->get() : nullptr, {}, caller.user_id);
  co_return reply;
}

Task<Outcome<GroupJoinRequestList>> JoinRequests::query(Caller caller,
                                                        QueryGroupJoinRequests query) {
  JoinRequestFilter filter;
  VersionOf kind = VersionOf::kSentJoinRequests;
  int64_t version_id = caller.user_id.value;
  if (query.group_id) {
    auto group = co_await context_.groups.get(*query.group_id);
    if (!group) co_return refuse(group.error());
    auto allowed = Rights::query_join_requests(group->get(), caller.user_id);
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
    filter.group_id = query.group_id;
    kind = VersionOf::kGroupJoinRequests;
    version_id = query.group_id->value;
  } else {
    filter.requester_id = caller.user_id;
  }
  auto found = co_await context_.store.versions.find(kind, version_id);
  if (!found) co_return refuse(found.error());
  auto version = newer_version(*found, query.last_updated_date);
  if (!version) co_return std::unexpected(std::move(version.error()));
  auto requests = co_await context_.store.join_requests.query(filter);
  if (!requests) co_return refuse(requests.error());
  if (requests->empty()) co_return refuse(Code::kNoContent);
  show_expired(*requests, context_.now());
  co_return GroupJoinRequestList{std::move(*requests), *version};
}

}  // namespace turms::im
