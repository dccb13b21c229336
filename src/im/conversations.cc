#include "im/conversations.h"

#include <algorithm>

#include "im/context.h"
#include "im/ports/conversations.h"
#include "im/ports/groups.h"
#include "im/ports/messages.h"
#include "im/rights.h"

namespace turms::im {
namespace {

Audience told_of_reading(const Settings::Conversation& rules, const Caller& caller,
                         const UpdateConversation& command, const GroupPtr& group) {
  const Settings::Notify& notify = group ? rules.group_read : rules.private_read;
  Audience audience;
  audience.other_sessions_of_caller = notify.own_sessions;
  if (!notify.others) return audience;
  std::vector<UserId> ids;
  if (group) {
    for (const UserId id : *group->member_ids) {
      if (id != caller.user_id) ids.push_back(id);
    }
  } else {
    ids.push_back(*command.user_id);
  }
  audience.recipients = recipients_of(std::move(ids));
  return audience;
}

// To those who wrote, and to the reader's other devices.
Push read_position(const Caller& caller, const UpdateConversation& command, const GroupPtr& group,
                   const ReadMoved& moved) {
  Push push;
  push.audience.extensions_only = true;
  push.audience.other_sessions_of_caller = true;
  if (!group) {
    push.audience.recipients = recipients_of(std::vector<UserId>{*command.user_id});
  } else if (group->member_ids->size() <= Conversations::kMaxReadersTold) {
    push.audience.recipients = group->member_ids;
  }
  push.event = ReadPositionMoved{
      caller.user_id, {command.user_id, command.group_id}, moved.read_sequence, moved.read_date};
  return push;
}

}  // namespace

Task<Outcome<ConversationList>> Conversations::query(Caller caller, QueryConversations query) {
  if (query.user_ids.empty() && query.group_ids.empty()) co_return refuse(Code::kNoContent);
  sort_unique(query.user_ids);
  sort_unique(query.group_ids);
  ConversationList list;
  if (!query.user_ids.empty()) {
    auto found = co_await context_.store.conversations.find_private(std::move(query.user_ids),
                                                                    caller.user_id);
    if (!found) co_return refuse(found.error());
    list.private_conversations = std::move(*found);
  }
  if (!query.group_ids.empty()) {
    auto joined = co_await context_.store.groups.joined_by(caller.user_id);
    if (!joined) co_return refuse(joined.error());
    // Left out, not refused: that is what upstream's clients are used to for what there is none of.
    std::erase_if(query.group_ids,
                  [&](GroupId id) { return !Rights::query_group_conversation(*joined, id); });
    auto found = co_await context_.store.conversations.find_group(std::move(query.group_ids));
    if (!found) co_return refuse(found.error());
    list.group_conversations = std::move(*found);
  }
  co_return list;
}

Task<Outcome<Reply<>>> Conversations::update_read_date(Caller caller, UpdateConversation command) {
  if (command.user_id.has_value() == command.group_id.has_value()) {
    co_return refuse(Code::kIllegalArgument, "either the user or the group must be given");
  }
  if (command.read_sequence && *command.read_sequence < 0) {
    co_return refuse(Code::kIllegalArgument, "the sequence must not be negative");
  }
  const Settings::Conversation& rules = context_.settings.conversation;
  if (!rules.read_receipts) co_return refuse(Code::kReadDateDisabled);
  ReadMove move{context_.now(), {}, command.read_sequence, rules.allow_moving_back};
  // Nobody has read what is not written yet.
  if (!rules.use_server_time && !move.sequence) move.until = std::min(command.read_date, move.now);
  ReadMoved moved;
  GroupPtr in;
  if (command.group_id) {
    auto group = co_await context_.groups.get(*command.group_id);
    if (!group) co_return refuse(group.error());
    in = *group;
    auto permit = Rights::read_group(in.get(), caller.user_id);
    if (!permit) co_return std::unexpected(std::move(permit.error()));
    auto stored = co_await context_.store.conversations.move_group(*permit, move);
    if (!stored) co_return refuse(stored.error());
    moved = *stored;
  } else {
    // Without a message from the other side there is nothing to have read.
    MessageFilter from_them;
    from_them.recipient_id = caller.user_id;
    from_them.sender_ids.push_back(*command.user_id);
    from_them.descending = true;
    from_them.max_count = 1;
    auto written = co_await context_.store.messages.query(std::move(from_them));
    if (!written) co_return refuse(written.error());
    if (written->empty()) co_return Reply<>{};
    auto stored = co_await context_.store.conversations.move_private(
        Rights::read_private(caller.user_id, *command.user_id), move);
    if (!stored) co_return refuse(stored.error());
    moved = *stored;
  }
  if (!moved.done) co_return refuse(Code::kReadDateMovesBackwards);
  Reply<> reply;
  reply.effects.relay.audience = told_of_reading(rules, caller, command, in);
  reply.effects.pushes.push_back(read_position(caller, command, in, moved));
  co_return reply;
}

Task<Outcome<ConversationPage>> Conversations::messages_after(Caller caller,
                                                              QueryConversationMessages query) {
  const ConversationRef& conversation = query.conversation;
  if (conversation.user_id.has_value() == conversation.group_id.has_value()) {
    co_return refuse(Code::kIllegalArgument, "either the user or the group must be given");
  }
  const int32_t count = query.max_count.value_or(kDefaultPage);
  if (count < 1 || query.after_sequence < 0) {
    co_return refuse(Code::kIllegalArgument, "max_count must be positive, after_sequence not less");
  }
  if (conversation.group_id) {
    auto group = co_await context_.groups.get(*conversation.group_id);
    if (!group) co_return refuse(group.error());
    auto allowed = Rights::follow_group(group->get(), caller.user_id);
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  }
  auto page = co_await context_.store.conversations.messages_after(
      caller.user_id, conversation, query.after_sequence, std::min(count, kMaxPage));
  if (!page) co_return refuse(page.error());
  co_return std::move(*page);
}

Task<Outcome<std::vector<ConversationSummary>>> Conversations::list(Caller caller,
                                                                    QueryConversationList query) {
  const int32_t limit = query.limit.value_or(kDefaultPage);
  if (limit < 1 || query.skip < 0) {
    co_return refuse(Code::kIllegalArgument, "limit must be positive, skip not less than 0");
  }
  auto found = co_await context_.store.conversations.list(caller.user_id, query.skip,
                                                          std::min(limit, kMaxPage));
  if (!found) co_return refuse(found.error());
  co_return std::move(*found);
}

Task<Outcome<Reply<>>> Conversations::update_typing_status(Caller caller,
                                                           UpdateTypingStatus command) {
  if (!context_.settings.conversation.typing_status) co_return refuse(Code::kTypingDisabled);
  Reply<> reply;
  Audience& audience = reply.effects.relay.audience;
  if (command.is_group_message) {
    auto group = co_await context_.groups.get(GroupId(command.to_id));
    if (!group) co_return refuse(group.error());
    auto allowed = Rights::type_in_group(group->get(), caller.user_id);
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
    audience.recipients = (*group)->member_ids;
    // As upstream does it: also to the device that asked.
    audience.calling_session = true;
    co_return reply;
  }
  const UserId target(command.to_id);
  auto reachability = co_await context_.reachability.get(target);
  if (!reachability) co_return refuse(reachability.error());
  auto allowed = Rights::type_to_user(caller.user_id, **reachability);
  if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  std::vector<UserId> ids;
  ids.push_back(target);
  audience.recipients = recipients_of(std::move(ids));
  co_return reply;
}

}  // namespace turms::im
