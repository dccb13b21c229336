#include "im/conversation_settings.h"

#include "im/allowed_names.h"
#include "im/context.h"
#include "im/ports/groups.h"
#include "im/rights.h"

namespace turms::im {
namespace {

AllowedNames allowed_names(const Settings& settings, bool extensions) {
  AllowedNames allowed(settings.conversation.settings);
  if (extensions) {
    allowed.add(ConversationSettings::kPinned);
    allowed.add(ConversationSettings::kMuted);
  }
  return allowed;
}

std::optional<Failure> check_size(const WhichConversations& which) {
  if (which.user_ids.size() + which.group_ids.size() <= ConversationSettings::kMaxConversations &&
      which.names.size() <= ConversationSettings::kMaxConversations) {
    return std::nullopt;
  }
  return Failure{Code::kIllegalArgument, "too many conversations or names at once"};
}

ConversationSettingsFilter filter_of(UserId owner, WhichConversations which) {
  ConversationSettingsFilter filter;
  filter.owner_id = owner;
  filter.user_ids = std::move(which.user_ids);
  filter.group_ids = std::move(which.group_ids);
  filter.names = std::move(which.names);
  return filter;
}

}  // namespace

Task<Outcome<Reply<>>> ConversationSettings::update(Caller caller, ConversationRef conversation,
                                                    std::map<std::string, std::string> settings) {
  if (conversation.user_id.has_value() == conversation.group_id.has_value()) {
    co_return refuse(Code::kIllegalArgument, "either the user or the group must be given");
  }
  Reply<> reply;
  const AllowedNames allowed = allowed_names(context_.settings, caller.extensions);
  if (auto known = allowed.filter(settings, false); !known) {
    co_return std::unexpected(std::move(known.error()));
  }
  if (settings.empty()) co_return reply;
  std::optional<Permit<action::ChangeConversationSettings>> permit;
  if (conversation.group_id) {
    auto group = co_await context_.groups.get(*conversation.group_id);
    if (!group) co_return refuse(group.error());
    auto allowed_in = Rights::set_of_group(group->get(), caller.user_id);
    if (!allowed_in) co_return std::unexpected(std::move(allowed_in.error()));
    permit = *allowed_in;
  } else {
    auto own = co_await context_.reachability.get(caller.user_id);
    if (!own) co_return refuse(own.error());
    auto allowed_with = Rights::set_of_private(**own, caller, *conversation.user_id);
    if (!allowed_with) co_return std::unexpected(std::move(allowed_with.error()));
    permit = *allowed_with;
  }
  using Put = ConversationSettingsRepository::Put;
  auto put = co_await context_.store.conversation_settings.put(
      *permit, conversation, std::move(settings), allowed.immutable(), context_.now());
  if (!put) co_return refuse(put.error());
  if (*put == Put::kImmutable) {
    co_return refuse(Code::kIllegalArgument, "a setting does not change any more");
  }
  if (*put == Put::kDone) {
    const Settings::Conversation& conversations = context_.settings.conversation;
    reply.effects.relay.audience.other_sessions_of_caller =
        conversation.group_id ? conversations.tell_group_setting_updated
                              : conversations.tell_private_setting_updated;
  }
  co_return reply;
}

Task<Outcome<Reply<>>> ConversationSettings::remove(Caller caller, WhichConversations which) {
  if (auto failure = check_size(which)) co_return std::unexpected(std::move(*failure));
  const AllowedNames allowed = allowed_names(context_.settings, caller.extensions);
  for (const std::string& name : which.names) {
    if (allowed.is_immutable(name)) {
      co_return refuse(Code::kIllegalArgument, "a setting cannot be deleted");
    }
  }
  if (which.names.empty()) which.names = allowed.changeable();
  Reply<> reply;
  if (which.names.empty()) co_return reply;
  const bool of_groups = !which.group_ids.empty() || which.user_ids.empty();
  const bool of_private = !which.user_ids.empty() || which.group_ids.empty();
  auto removed = co_await context_.store.conversation_settings.remove(
      Rights::change_own_conversation_settings(caller.user_id),
      filter_of(caller.user_id, std::move(which)));
  if (!removed) co_return refuse(removed.error());
  const Settings::Conversation& conversations = context_.settings.conversation;
  reply.effects.relay.audience.other_sessions_of_caller =
      *removed && ((of_groups && conversations.tell_group_setting_deleted) ||
                   (of_private && conversations.tell_private_setting_deleted));
  co_return reply;
}

Task<Outcome<std::vector<ConversationSettingsOf>>> ConversationSettings::query(
    Caller caller, WhichConversations which, std::optional<WallTime> last_updated_date_start) {
  if (auto failure = check_size(which)) co_return std::unexpected(std::move(*failure));
  ConversationSettingsFilter filter = filter_of(caller.user_id, std::move(which));
  filter.last_updated_date_start = last_updated_date_start;
  auto found = co_await context_.store.conversation_settings.find(std::move(filter));
  if (!found) co_return refuse(found.error());
  co_return std::move(*found);
}

}  // namespace turms::im
