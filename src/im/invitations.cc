#include "im/invitations.h"

#include "im/context.h"
#include "im/enrollment.h"
#include "im/group_audience.h"
#include "im/ports/invitations.h"
#include "im/ports/versions.h"
#include "im/rights.h"

namespace turms::im {
namespace {

Code code_of(InvitationRepository::Replied replied) {
  switch (replied) {
    case InvitationRepository::Replied::kDone:
    case InvitationRepository::Replied::kAlreadyMember:
      return Code::kOk;
    case InvitationRepository::Replied::kNotPending:
      return Code::kReplyInvitationNotPending;
    case InvitationRepository::Replied::kFull:
      return Code::kAddMemberSizeLimit;
    case InvitationRepository::Replied::kBlocked:
      return Code::kAddBlockedUser;
    case InvitationRepository::Replied::kGroupGone:
      return Code::kAddMemberToInactiveGroup;
  }
  return Code::kInternalError;
}

}  // namespace

Task<Outcome<Reply<InvitationId>>> Invitations::create(Caller caller,
                                                       CreateGroupInvitation command) {
  if (too_long(command.content, context_.settings.group.max_invitation_content_size)) {
    co_return refuse(Code::kIllegalArgument, "the content is too long");
  }
  auto loaded = co_await context_.groups.get(command.group_id);
  if (!loaded) co_return refuse(loaded.error());
  const GroupPtr group = *loaded;
  auto permit = Rights::invite(group.get(), caller.user_id, command.invitee_id);
  if (!permit) co_return std::unexpected(std::move(permit.error()));

  const WallTime now = context_.now();
  GroupInvitation invitation;
  invitation.id = context_.next_id<InvitationId>(now);
  invitation.group_id = command.group_id;
  invitation.inviter_id = caller.user_id;
  invitation.invitee_id = command.invitee_id;
  invitation.content = std::move(command.content);
  invitation.creation_date = now;
  invitation.expiration_date = expiration(now, context_.settings.group.invitation_lifetime);
  const InvitationId id = invitation.id;
  auto stored = co_await context_.store.invitations.create(*permit, std::move(invitation));
  if (!stored) co_return refuse(stored.error());

  Reply<InvitationId> reply;
  reply.data = id;
  reply.effects.relay.audience =
      group_audience(context_.settings.group_notifications.invitation_added, group.get(),
                     std::span(&command.invitee_id, 1), caller.user_id);
  reply.effects.relay.amendments.created_id = id.value;
  co_return reply;
}

Task<Outcome<Reply<>>> Invitations::reply(Caller caller, UpdateGroupInvitation command) {
  if (!is_known(command.response_action)) {
    co_return refuse(Code::kIllegalArgument, "unknown response action");
  }
  if (command.reason &&
      too_long(*command.reason, context_.settings.group.max_invitation_reason_size)) {
    co_return refuse(Code::kIllegalArgument, "the reason is too long");
  }
  auto found = co_await context_.store.invitations.find(command.invitation_id);
  if (!found) co_return refuse(found.error());
  const WallTime now = context_.now();
  auto permit = Rights::reply_to_invitation(*found ? &**found : nullptr, caller.user_id, now);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  const GroupInvitation invitation = std::move(**found);

  int32_t size_limit = 0;
  std::optional<GroupMember> member;
  const bool accepts = command.response_action == ResponseAction::kAccept;
  if (accepts) {
    auto group = co_await context_.groups.get(invitation.group_id);
    if (!group) co_return refuse(group.error());
    if (*group == nullptr) co_return refuse(Code::kAddMemberToInactiveGroup);
    size_limit = (*group)->type.size_limit;
    member = new_member(invitation.group_id, caller.user_id, now);
  }
  auto replied = co_await context_.store.invitations.reply(
      *permit, status_after(command.response_action), command.reason.value_or(""),
      std::move(member), size_limit, now);
  GroupChanged done{.group_id = invitation.group_id};
  if (replied && *replied == InvitationRepository::Replied::kDone && accepts) {
    done.joined.push_back(caller.user_id);
  }
  context_.publish(done);
  if (!replied) co_return refuse(replied.error());
  if (const Code code = code_of(*replied); code != Code::kOk) co_return refuse(code);

  auto group = co_await context_.groups.get(invitation.group_id);
  const GroupPtr state = group ? *group : nullptr;
  Reply<> reply;
  reply.effects.relay.audience =
      group_audience(context_.settings.group_notifications.invitation_replied, state.get(),
                     std::span(&invitation.inviter_id, 1), caller.user_id);
  const bool joined = command.response_action == ResponseAction::kAccept &&
                      *replied == InvitationRepository::Replied::kDone;
  if (joined && state) {
    reply.effects.pushes.push_back(
        member_added(context_.settings, *state, caller.user_id, caller.user_id));
  }
  co_return reply;
}

Task<Outcome<Reply<>>> Invitations::recall(Caller caller, InvitationId id) {
  const Settings& settings = context_.settings;
  auto found = co_await context_.store.invitations.find(id);
  if (!found) co_return refuse(found.error());
  GroupPtr group;
  if (*found) {
    auto loaded = co_await context_.groups.get((*found)->group_id);
    if (!loaded) co_return refuse(loaded.error());
    group = *loaded;
  }
  const WallTime now = context_.now();
  auto permit = Rights::recall_invitation(settings, *found ? &**found : nullptr, group.get(),
                                          caller.user_id, now);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto recalled = co_await context_.store.invitations.recall(*permit, now);
  if (!recalled) co_return refuse(recalled.error());
  if (!*recalled) co_return refuse(Code::kRecallInvitationNotPending);
  Reply<> reply;
  reply.effects.relay.audience =
      group_audience(settings.group_notifications.invitation_recalled, group.get(),
                     std::span(&(*found)->invitee_id, 1), caller.user_id);
  co_return reply;
}

Task<Outcome<GroupInvitationList>> Invitations::query(Caller caller, QueryGroupInvitations query) {
  InvitationFilter filter;
  VersionOf kind = VersionOf::kReceivedInvitations;
  int64_t version_id = caller.user_id.value;
  if (query.group_id) {
    auto group = co_await context_.groups.get(*query.group_id);
    if (!group) co_return refuse(group.error());
    auto allowed = Rights::query_invitations(group->get(), caller.user_id);
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
    filter.group_id = query.group_id;
    kind = VersionOf::kGroupInvitations;
    version_id = query.group_id->value;
  } else if (query.are_sent_by_me.value_or(false)) {
    filter.inviter_id = caller.user_id;
    kind = VersionOf::kSentInvitations;
  } else {
    filter.invitee_id = caller.user_id;
  }
  auto found = co_await context_.store.versions.find(kind, version_id);
  if (!found) co_return refuse(found.error());
  auto version = newer_version(*found, query.last_updated_date);
  if (!version) co_return std::unexpected(std::move(version.error()));
  auto invitations = co_await context_.store.invitations.query(filter);
  if (!invitations) co_return refuse(invitations.error());
  if (invitations->empty()) co_return refuse(Code::kNoContent);
  show_expired(*invitations, context_.now());
  GroupInvitationList list;
  list.invitations = std::move(*invitations);
  list.last_updated_date = *version;
  co_return list;
}

}  // namespace turms::im
