#include "admin/backend.h"
#include "admin/json.h"
#include "base/encoding.h"
#include "im/context.h"
#include "im/domain.h"
#include "im/meetings.h"
#include "im/operations.h"
#include "im/ports/administration.h"
#include "im/ports/conversations.h"
#include "im/ports/meetings.h"

namespace turms::admin {
namespace {

constexpr int64_t kMaxText = 32 * 1024;

std::string write_message(const im::Message& message) {
  JsonObject object;
  object.number("id", message.id.value)
      .flag("isGroupMessage", message.group_id.has_value())
      .flag("isSystemMessage", message.is_system_message)
      .number("senderId", message.sender_id.value)
      .number("targetId", message.group_id ? message.group_id->value : message.recipient_id->value)
      .text("text", message.text)
      .date("deliveryDate", message.delivery_date)
      .number("sequenceId", message.sequence)
      .date("modificationDate", message.modification_date)
      .date("recallDate", message.recall_date);
  return object.str();
}

std::string write_meeting(const im::Meeting& meeting) {
  JsonObject object;
  object.number("id", meeting.id.value).number("creatorId", meeting.creator_id.value);
  if (meeting.user_id) object.number("userId", meeting.user_id->value);
  if (meeting.group_id) object.number("groupId", meeting.group_id->value);
  object.text("name", std::string_view(meeting.name))
      .text("intro", std::string_view(meeting.intro))
      .date("creationDate", meeting.creation_date)
      .date("startDate", meeting.start_date)
      .date("endDate", meeting.end_date)
      .date("cancelDate", meeting.cancel_date);
  return object.str();
}

std::vector<Field> search_fields(bool paged) {
  std::vector<Field> fields = {
      ids_field("ids", "Of these ids"),
      flag_field("areGroupMessages", "Only those to groups, or to users"),
      flag_field("areSystemMessages", "Only system messages, or others"),
      ids_field("senderIds", "From one of these users"),
      ids_field("targetIds", "To one of these groups or users"),
      date_field("deliveryDateStart", "Sent from then on"),
      date_field("deliveryDateEnd", "Sent before then"),
      flag_field("withRecalled", "Also those that were recalled or deleted")};
  add_size(fields, paged);
  return fields;
}

im::MessageSearch search_of(const Values& query) {
  im::MessageSearch search;
  search.ids = query.ids<MessageId>("ids");
  search.of_groups = query.flag("areGroupMessages");
  search.system = query.flag("areSystemMessages");
  search.sender_ids = query.ids<UserId>("senderIds");
  search.target_ids = query.numbers("targetIds");
  search.delivery_date_start = query.date("deliveryDateStart");
  search.delivery_date_end = query.date("deliveryDateEnd");
  search.with_recalled = query.flag("withRecalled").value_or(false);
  const Paging paging = paging_of(query);
  search.skip = paging.skip;
  search.limit = paging.limit;
  return search;
}

Result<std::vector<Bytes>> records_of(const Values& body) {
  std::vector<Bytes> records;
  for (const std::string& record : body.texts("records")) {
    auto bytes = from_base64(record);
    if (!bytes) return fail(ErrorCode::kInvalidArgument, "records: no base64");
    records.push_back(std::move(*bytes));
  }
  return records;
}

Answer malformed(std::string reason) {
  Answer answer;
  answer.status = 400;
  answer.code = static_cast<int32_t>(im::Code::kIllegalArgument);
  answer.reason = std::move(reason);
  return answer;
}

}  // namespace

std::vector<Route> MessageRoutes::routes() {
  using P = Permission;
  std::vector<Route> all;
  const auto add = adding_to(all, this);
  std::vector<Field> meeting_query = {ids_field("ids", "Of these ids"),
                                      ids_field("creatorIds", "Made by one of these users"),
                                      ids_field("groupIds", "Of one of these groups"),
                                      ids_field("userIds", "With one of these users"),
                                      flag_field("activeOnly", "Only those that go on")};
  add_paging(meeting_query);
  add("POST", "/messages", P::kMessageCreate,
      "Send a system message, whose requester and sender is 0", {},
      {required(flag_field("isGroupMessage", "To a group, or to a user")),
       required(number_field("targetId", "Which group or user", INT64_MIN, INT64_MAX)),
       text_field("text", "Text", kMaxText), texts_field("records", "Records in base64", kMaxText)},
      &MessageRoutes::create);
  add("GET", "/messages", P::kMessageQuery, "List messages, the newest first", search_fields(false),
      {}, &MessageRoutes::list);
  add("GET", "/messages/page", P::kMessageQuery, "List messages in pages, the newest first",
      search_fields(true), {}, &MessageRoutes::list_page);
  add("PUT", "/messages", P::kMessageUpdate,
      "Edit messages, or recall them; who has them is told of a recall, as by their senders",
      {ids_field("ids", "Which messages", true)},
      {text_field("text", "Text", kMaxText), texts_field("records", "Records in base64", kMaxText),
       date_field("recallDate", "Recall them; the date is the present one")},
      &MessageRoutes::update);
  add("DELETE", "/messages", P::kMessageDelete,
      "Delete messages: their content is gone, clients that have them keep them",
      {ids_field("ids", "Which messages")}, {}, &MessageRoutes::remove);
  add("GET", "/conversations", P::kConversationQuery,
      "How far users have read: private conversations of owners with a target, or groups",
      {ids_field("ownerIds", "Private: who has read"),
       number_field("targetId", "Private: whose messages", INT64_MIN, INT64_MAX),
       ids_field("groupIds", "Groups")},
      {}, &MessageRoutes::conversations);
  add("PUT", "/conversations", P::kConversationUpdate,
      "Say until when users have read: what a target wrote to owners, or members of a group",
      {ids_field("ownerIds", "Private: who has read"),
       number_field("targetId", "Private: whose messages", INT64_MIN, INT64_MAX),
       number_field("groupId", "Group", INT64_MIN, INT64_MAX),
       ids_field("memberIds", "Group: who has read")},
      {required(date_field("readDate", "What was sent until then, and nothing behind it"))},
      &MessageRoutes::update_conversations);
  add("DELETE", "/conversations", P::kConversationDelete,
      "Forget how far users have read: all is unread to them; messages stay",
      {ids_field("ownerIds", "Private: who has read"), ids_field("groupIds", "Groups"),
       ids_field("targetIds", "Private: only the messages of these users"),
       ids_field("memberIds", "Groups: only these members")},
      {}, &MessageRoutes::remove_conversations);
  add("GET", "/meetings", P::kMeetingQuery, "List meetings", std::move(meeting_query), {},
      &MessageRoutes::meetings);
  add("DELETE", "/meetings", P::kMeetingDelete, "End meetings for all who are in them",
      {ids_field("ids", "Which meetings")}, {}, &MessageRoutes::end_meetings);
  return all;
}

Task<Answer> MessageRoutes::create(Call call) {
  im::SystemMessage message;
  const int64_t target = *call.body.number("targetId");
  if (*call.body.flag("isGroupMessage")) {
    message.group_id = GroupId(target);
  } else {
    message.recipient_id = UserId(target);
  }
  message.text = call.body.text("text");
  auto records = records_of(call.body);
  if (!records) co_return refused(records.error());
  message.records = std::move(*records);
  auto sent = co_await backend_.operations.send(std::move(message));
  co_return sent ? ok(JsonObject().number("id", sent->value).str()) : refused(sent.error());
}

Task<Answer> MessageRoutes::list(Call call) {
  auto found = co_await backend_.data.messages(search_of(call.query));
  co_return found ? ok(json_list(found->records, write_message)) : refused(found.error());
}

Task<Answer> MessageRoutes::list_page(Call call) {
  auto found = co_await backend_.data.messages(search_of(call.query));
  co_return found ? page(found->total, json_list(found->records, write_message))
                  : refused(found.error());
}

Task<Answer> MessageRoutes::remove(Call call) {
  auto removed = co_await backend_.operations.remove_messages(call.query.ids<MessageId>("ids"));
  co_return removed ? deleted(*removed) : refused(removed.error());
}

Task<Answer> MessageRoutes::update(Call call) {
  auto ids = call.query.ids<MessageId>("ids");
  const bool edits = call.body.has("text") || call.body.has("records");
  if (edits == call.body.has("recallDate")) {
    co_return malformed("either text and records, or recallDate, are needed");
  }
  if (!edits) {
    auto recalled = co_await backend_.operations.recall_messages(std::move(ids));
    co_return recalled ? updated(*recalled) : refused(recalled.error());
  }
  std::optional<std::vector<Bytes>> records;
  if (call.body.has("records")) {
    auto given = records_of(call.body);
    if (!given) co_return refused(given.error());
    records = std::move(*given);
  }
  auto edited = co_await backend_.operations.edit_messages(std::move(ids), call.body.text("text"),
                                                           std::move(records));
  co_return edited ? updated(*edited) : refused(edited.error());
}

Task<Answer> MessageRoutes::conversations(Call call) {
  const auto owners = call.query.ids<UserId>("ownerIds");
  const auto groups = call.query.ids<GroupId>("groupIds");
  const auto target = call.query.number("targetId");
  if (groups.empty() && (owners.empty() || !target)) {
    co_return malformed("either groupIds, or ownerIds and targetId, are needed");
  }
  JsonObject data;
  if (target) {
    auto found = co_await backend_.domain.context().store.conversations.find_private(
        owners, UserId(*target));
    if (!found) co_return refused(found.error());
    data.raw("privateConversations", json_list(*found, [](const im::PrivateConversation& one) {
               return JsonObject()
                   .number("ownerId", one.owner_id.value)
                   .number("targetId", one.target_id.value)
                   .date("readDate", one.read_date)
                   .str();
             }));
  }
  if (!groups.empty()) {
    auto found = co_await backend_.domain.context().store.conversations.find_group(groups);
    if (!found) co_return refused(found.error());
    data.raw("groupConversations", json_list(*found, [](const im::GroupConversation& one) {
               JsonObject reads;
               for (const auto& read : one.reads) {
                 reads.date(std::to_string(read.member_id.value), read.read_date);
               }
               return JsonObject()
                   .number("groupId", one.group_id.value)
                   .raw("memberIdToReadDate", reads.str())
                   .str();
             }));
  }
  co_return ok(data.str());
}

Task<Answer> MessageRoutes::update_conversations(Call call) {
  const WallTime date = *call.body.date("readDate");
  const auto owners = call.query.ids<UserId>("ownerIds");
  const auto target = call.query.number("targetId");
  const auto members = call.query.ids<UserId>("memberIds");
  const auto group = call.query.number("groupId");
  const bool of_users = target && !owners.empty();
  const bool of_group = group && !members.empty();
  if (!of_users && !of_group) {
    co_return malformed("either ownerIds and targetId, or groupId and memberIds, are needed");
  }
  int64_t moved = 0;
  if (of_users) {
    auto done = co_await backend_.operations.move_read_dates(owners, UserId(*target), date);
    if (!done) co_return refused(done.error());
    moved += *done;
  }
  if (of_group) {
    auto done = co_await backend_.operations.move_group_read_dates(GroupId(*group), members, date);
    if (!done) co_return refused(done.error());
    moved += *done;
  }
  co_return updated(moved);
}

Task<Answer> MessageRoutes::remove_conversations(Call call) {
  im::action::ForgetReadPositions whose;
  whose.owners = call.query.ids<UserId>("ownerIds");
  whose.targets = call.query.ids<UserId>("targetIds");
  whose.groups = call.query.ids<GroupId>("groupIds");
  whose.members = call.query.ids<UserId>("memberIds");
  auto done = co_await backend_.operations.forget_read_dates(std::move(whose));
  co_return done ? deleted(*done) : refused(done.error());
}

Task<Answer> MessageRoutes::meetings(Call call) {
  im::MeetingFilter filter;
  filter.ids = call.query.ids<MeetingId>("ids");
  filter.creator_ids = call.query.ids<UserId>("creatorIds");
  filter.group_ids = call.query.ids<GroupId>("groupIds");
  filter.user_ids = call.query.ids<UserId>("userIds");
  filter.active_only = call.query.flag("activeOnly").value_or(false);
  const Paging paging = paging_of(call.query);
  filter.skip = paging.skip;
  filter.limit = paging.limit;
  auto found = co_await backend_.domain.context().store.meetings.query(std::move(filter));
  co_return found ? ok(json_list(*found, write_meeting)) : refused(found.error());
}

Task<Answer> MessageRoutes::end_meetings(Call call) {
  auto ids = call.query.ids<MeetingId>("ids");
  im::sort_unique(ids);
  int64_t count = 0;
  for (const MeetingId id : ids) {
    auto ended = co_await backend_.meetings.end_by_administrator(id);
    if (!ended) co_return refused(ended.error());
    if (*ended) ++count;
  }
  co_return deleted(count);
}

}  // namespace turms::admin
