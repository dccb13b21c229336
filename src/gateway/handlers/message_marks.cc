#include "gateway/handlers/convert.h"
#include "gateway/handlers/handlers.h"

namespace turms::gateway::handlers {
namespace {

std::vector<int32_t> types_from(const ::google::protobuf::RepeatedField<int32_t>& types) {
  return {types.begin(), types.end()};
}

}  // namespace

TURMS_HANDLER(create_message_reactions) {
  const auto& in = request.create_message_reactions_request();
  co_return done(co_await environment.domain.message_marks.react(caller, MessageId(in.message_id()),
                                                                 types_from(in.reaction_types())));
}

TURMS_HANDLER(delete_message_reactions) {
  const auto& in = request.delete_message_reactions_request();
  co_return done(co_await environment.domain.message_marks.take_back(
      caller, MessageId(in.message_id()), types_from(in.reaction_types())));
}

TURMS_HANDLER(update_pinned_message) {
  const auto& in = request.update_pinned_message_request();
  co_return done(co_await environment.domain.message_marks.pin(caller, MessageId(in.message_id()),
                                                               in.pinned()));
}

TURMS_HANDLER(query_pinned_messages) {
  const auto& in = request.query_pinned_messages_request();
  im::ConversationRef conversation;
  conversation.user_id = TURMS_OPTIONAL(in, user_id, UserId);
  conversation.group_id = TURMS_OPTIONAL(in, group_id, GroupId);
  auto found = co_await environment.domain.message_marks.pinned(caller, conversation);
  if (!found) co_return refused(std::move(found.error()));
  const MessageView view(environment.domain.settings(), caller.extensions);
  Answer answer;
  auto& out = *answer.data.mutable_messages();
  for (const im::Message& message : *found) fill(*out.add_messages(), message, view);
  co_return answer;
}

}  // namespace turms::gateway::handlers
