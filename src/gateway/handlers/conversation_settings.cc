#include "gateway/handlers/convert.h"
#include "gateway/handlers/handlers.h"

namespace turms::gateway::handlers {
namespace {

template <class Request>
im::WhichConversations which(const Request& in) {
  im::WhichConversations out;
  out.user_ids = ids_from<UserId>(in.user_ids());
  out.group_ids = ids_from<GroupId>(in.group_ids());
  out.names.assign(in.names().begin(), in.names().end());
  return out;
}

}  // namespace

TURMS_HANDLER(update_conversation_settings) {
  const auto& in = request.update_conversation_settings_request();
  im::ConversationRef conversation;
  conversation.user_id = TURMS_OPTIONAL(in, user_id, UserId);
  conversation.group_id = TURMS_OPTIONAL(in, group_id, GroupId);
  std::map<std::string, std::string> settings;
  for (const auto& [name, value] : in.settings()) settings[name] = value.SerializeAsString();
  co_return done(co_await environment.domain.conversation_settings.update(caller, conversation,
                                                                          std::move(settings)));
}

TURMS_HANDLER(delete_conversation_settings) {
  const auto& in = request.delete_conversation_settings_request();
  co_return done(co_await environment.domain.conversation_settings.remove(caller, which(in)));
}

TURMS_HANDLER(query_conversation_settings) {
  const auto& in = request.query_conversation_settings_request();
  auto found = co_await environment.domain.conversation_settings.query(
      caller, which(in), TURMS_OPTIONAL(in, last_updated_date_start, wall_time));
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_conversation_settings_list();
  for (const im::ConversationSettingsOf& of : *found) {
    auto& one = *out.add_conversation_settings_list();
    if (of.conversation.user_id) one.set_user_id(of.conversation.user_id->value);
    if (of.conversation.group_id) one.set_group_id(of.conversation.group_id->value);
    for (const auto& [name, value] : of.settings) {
      model::Value parsed;
      if (parsed.ParseFromString(value)) (*one.mutable_settings())[name] = std::move(parsed);
    }
    one.set_last_updated_date(of.last_updated_date.unix_ms);
  }
  co_return answer;
}

}  // namespace turms::gateway::handlers
