#include "gateway/handlers/convert.h"
#include "gateway/handlers/handlers.h"

namespace turms::gateway::handlers {

TURMS_HANDLER(update_conversation) {
  const auto& in = request.update_conversation_request();
  im::UpdateConversation command;
  command.user_id = TURMS_OPTIONAL(in, user_id, UserId);
  command.group_id = TURMS_OPTIONAL(in, group_id, GroupId);
  command.read_date = wall_time(in.read_date());
  if (caller.extensions) command.read_sequence = TURMS_OPTIONAL(in, read_sequence, int64_t);
  co_return done(co_await environment.domain.conversations.update_read_date(caller, command));
}

TURMS_HANDLER(query_conversations) {
  const auto& in = request.query_conversations_request();
  im::QueryConversations query;
  query.user_ids = ids_from<UserId>(in.user_ids());
  query.group_ids = ids_from<GroupId>(in.group_ids());

  auto found = co_await environment.domain.conversations.query(caller, std::move(query));
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_conversations();
  for (const im::PrivateConversation& conversation : found->private_conversations) {
    fill(*out.add_private_conversations(), conversation);
  }
  for (const im::GroupConversation& conversation : found->group_conversations) {
    fill(*out.add_group_conversations(), conversation);
  }
  co_return answer;
}

TURMS_HANDLER(query_conversation_messages) {
  const auto& in = request.query_conversation_messages_request();
  im::QueryConversationMessages query;
  query.conversation.user_id = TURMS_OPTIONAL(in, user_id, UserId);
  query.conversation.group_id = TURMS_OPTIONAL(in, group_id, GroupId);
  query.after_sequence = in.after_sequence();
  query.max_count = TURMS_OPTIONAL(in, max_count, int32_t);
  auto page = co_await environment.domain.conversations.messages_after(caller, query);
  if (!page) co_return refused(std::move(page.error()));
  const MessageView view(environment.domain.settings(), caller.extensions);
  Answer answer;
  auto& out = *answer.data.mutable_conversation_messages();
  for (const im::Message& message : page->messages) fill(*out.add_messages(), message, view);
  out.set_through_sequence(page->through_sequence);
  out.set_last_sequence(page->last_sequence);
  co_return answer;
}

TURMS_HANDLER(query_conversation_list) {
  const auto& in = request.query_conversation_list_request();
  im::QueryConversationList query;
  query.skip = in.skip();
  query.limit = TURMS_OPTIONAL(in, limit, int32_t);
  auto found = co_await environment.domain.conversations.list(caller, query);
  if (!found) co_return refused(std::move(found.error()));
  const MessageView view(environment.domain.settings(), caller.extensions);
  Answer answer;
  auto& out = *answer.data.mutable_conversation_summaries();
  for (const im::ConversationSummary& summary : *found) {
    auto& one = *out.add_conversations();
    if (summary.conversation.user_id) one.set_user_id(summary.conversation.user_id->value);
    if (summary.conversation.group_id) one.set_group_id(summary.conversation.group_id->value);
    one.set_last_sequence(summary.last_sequence);
    if (summary.last_message) fill(*one.mutable_last_message(), *summary.last_message, view);
    one.set_read_sequence(summary.read_sequence);
    if (summary.read_date.unix_ms > 0) one.set_read_date(summary.read_date.unix_ms);
    one.set_their_read_sequence(summary.their_read_sequence);
    one.set_unread_count(summary.unread);
    one.set_mentioned(summary.mentioned);
    one.set_pinned(summary.pinned);
    one.set_muted(summary.muted);
    if (summary.retention_hours) one.set_retention_hours(*summary.retention_hours);
  }
  co_return answer;
}

TURMS_HANDLER(update_typing_status) {
  const auto& in = request.update_typing_status_request();
  im::UpdateTypingStatus command;
  command.is_group_message = in.is_group_message();
  command.to_id = in.to_id();
  co_return done(co_await environment.domain.conversations.update_typing_status(caller, command));
}

}  // namespace turms::gateway::handlers
