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

TURMS_HANDLER(update_typing_status) {
  const auto& in = request.update_typing_status_request();
  im::UpdateTypingStatus command;
  command.is_group_message = in.is_group_message();
  command.to_id = in.to_id();
  co_return done(co_await environment.domain.conversations.update_typing_status(caller, command));
}

}  // namespace turms::gateway::handlers
