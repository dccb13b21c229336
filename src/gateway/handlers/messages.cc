#include "gateway/handlers/convert.h"
#include "gateway/handlers/handlers.h"
#include "gateway/push_encoder.h"

namespace turms::gateway::handlers {

TURMS_HANDLER(create_message) {
  const auto& in = request.create_message_request();
  im::CreateMessage command;
  command.message_id = TURMS_OPTIONAL(in, message_id, MessageId);
  command.is_system_message = TURMS_OPTIONAL(in, is_system_message, bool);
  command.group_id = TURMS_OPTIONAL(in, group_id, GroupId);
  command.recipient_id = TURMS_OPTIONAL(in, recipient_id, UserId);
  command.text = TURMS_OPTIONAL(in, text, std::string);
  command.records = records_from(in.records());
  command.burn_after = TURMS_OPTIONAL(in, burn_after, int32_t);
  command.pre_message_id = TURMS_OPTIONAL(in, pre_message_id, MessageId);
  if (caller.extensions) command.sender_key = TURMS_OPTIONAL(in, sender_key, std::string);
  auto sent = co_await environment.domain.messages.create(caller, std::move(command),
                                                          [&turn] { turn.pass(); });
  if (!sent) co_return refused(std::move(sent.error()));
  Answer answer;
  const im::Placed& placed = sent->data;
  answer.data.set_long_(placed.id.value);
  if (caller.extensions) {
    answer.addition = encode_place(placed.id, placed.sequence, placed.delivery_date);
  }
  answer.effects = std::move(sent->effects);
  co_return answer;
}

TURMS_HANDLER(query_messages) {
  const auto& in = request.query_messages_request();
  im::QueryMessages query;
  query.ids = ids_from<MessageId>(in.ids());
  query.are_group_messages = TURMS_OPTIONAL(in, are_group_messages, bool);
  query.are_system_messages = TURMS_OPTIONAL(in, are_system_messages, bool);
  query.from_ids.assign(in.from_ids().begin(), in.from_ids().end());
  query.delivery_date_start = TURMS_OPTIONAL(in, delivery_date_start, wall_time);
  query.delivery_date_end = TURMS_OPTIONAL(in, delivery_date_end, wall_time);
  query.max_count = TURMS_OPTIONAL(in, max_count, int32_t);
  query.with_total = in.with_total();
  query.descending = in.descending();

  auto found = co_await environment.domain.messages.query(caller, std::move(query));
  if (!found) co_return refused(std::move(found.error()));
  const MessageView view(environment.domain.settings(), caller.extensions);
  Answer answer;
  if (in.with_total()) {
    auto& out = *answer.data.mutable_messages_with_total_list();
    for (const im::MessagesWithTotal& part : found->with_total) {
      auto& list = *out.add_messages_with_total_list();
      list.set_total(static_cast<int32_t>(part.total));
      list.set_is_group_message(part.is_group_message);
      list.set_from_id(part.from_id);
      for (const im::Message& message : part.messages) fill(*list.add_messages(), message, view);
    }
  } else {
    auto& out = *answer.data.mutable_messages();
    for (const im::Message& message : found->messages) fill(*out.add_messages(), message, view);
  }
  co_return answer;
}

TURMS_HANDLER(update_message) {
  const auto& in = request.update_message_request();
  im::UpdateMessage command;
  command.message_id = MessageId(in.message_id());
  command.text = TURMS_OPTIONAL(in, text, std::string);
  command.records = records_from(in.records());
  command.recall_date = TURMS_OPTIONAL(in, recall_date, wall_time);
  co_return done(co_await environment.domain.messages.update(caller, std::move(command)));
}

TURMS_HANDLER(search_messages) {
  const auto& in = request.search_messages_request();
  im::SearchMessages query;
  query.query = in.query();
  query.user_id = TURMS_OPTIONAL(in, user_id, UserId);
  query.group_id = TURMS_OPTIONAL(in, group_id, GroupId);
  query.max_count = TURMS_OPTIONAL(in, max_count, int32_t);
  auto found = co_await environment.domain.messages.search(caller, std::move(query));
  if (!found) co_return refused(std::move(found.error()));
  const MessageView view(environment.domain.settings(), caller.extensions);
  Answer answer;
  auto& out = *answer.data.mutable_found_messages();
  for (const im::FoundText& text : *found) {
    auto& one = *out.add_found_messages();
    fill(*one.mutable_message(), text.message, view);
    for (const im::FoundText::Highlight& part : text.highlights) {
      auto& highlight = *one.add_highlights();
      highlight.set_start(part.start);
      highlight.set_length(part.length);
    }
  }
  co_return answer;
}

TURMS_HANDLER(update_group_retention) {
  const auto& in = request.update_group_retention_request();
  co_return done(co_await environment.domain.messages.set_retention(
      caller, GroupId(in.group_id()), TURMS_OPTIONAL(in, hours, int32_t)));
}

}  // namespace turms::gateway::handlers
