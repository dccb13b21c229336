#include "im/conversations.h"

#include "im/context.h"
#include "im/ports/conversations.h"
#include "im/ports/groups.h"
#include "im/ports/messages.h"
#include "im/rights.h"

namespace turms::im {

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
  const ReadMove move{context_.now(), {}, command.read_sequence};
  ReadMoved moved;
  if (command.group_id) {
    auto group = co_await context_.groups.get(*command.group_id);
    if (!group) co_return refuse(group.error());
    auto permit = Rights::read_group(group->get(), caller.user_id);
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
  reply.effects.relay.audience.other_sessions_of_caller = true;
  co_return reply;
}

Task<Outcome<Reply<>>> Conversations::update_typing_status(Caller caller,
                                                           UpdateTypingStatus command) {
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
