#include "im/messages.h"

#include <map>

#include "im/context.h"
#include "im/missed_messages.h"
#include "im/ports/conversations.h"
#include "im/ports/groups.h"
#include "im/ports/messages.h"
#include "im/rights.h"

namespace turms::im {
namespace {

/// Whom a message goes to; exactly one of the two is set.
struct Target {
  std::optional<GroupId> group_id;
  std::optional<UserId> recipient_id;
};

Target target_of(const Message& message) {
  return {message.group_id, message.recipient_id};
}

std::optional<Failure> check_content(const Settings& settings,
                                     const std::optional<std::string>& text,
                                     const std::vector<Bytes>& records) {
  if (text && text_length(*text) > settings.message.max_text_size) {
    return Failure{Code::kIllegalArgument, "the text is too long"};
  }
  size_t size = 0;
  for (const Bytes& record : records) size += record.size();
  if (size > settings.message.max_records_bytes) {
    return Failure{Code::kIllegalArgument, "the records are too large"};
  }
  return std::nullopt;
}

std::optional<Failure> check_creation(const Settings& settings, const CreateMessage& command) {
  if (command.is_system_message.value_or(false)) {
    return Failure{Code::kIllegalArgument, "users cannot create system messages"};
  }
  if (command.group_id.has_value() == command.recipient_id.has_value()) {
    return Failure{Code::kIllegalArgument, "either the group or the recipient must be given"};
  }
  if (!command.message_id && command.text.value_or("").empty() && command.records.empty()) {
    return Failure{Code::kIllegalArgument, "text and records must not both be empty"};
  }
  if (command.burn_after && *command.burn_after < 0) {
    return Failure{Code::kIllegalArgument, "burn_after must not be negative"};
  }
  if (command.sender_key &&
      (command.sender_key->empty() || command.sender_key->size() > Messages::kMaxSenderKey)) {
    return Failure{Code::kIllegalArgument, "the sender's key must have 1 to 64 bytes"};
  }
  return check_content(settings, command.text, command.records);
}

/// Of what the server itself says.
constexpr Settings::Notify kEverybody{true, true};

Audience audience_of(const Settings::Notify& notify, const Target& target, const GroupPtr& group) {
  Audience audience;
  audience.other_sessions_of_caller = notify.own_sessions;
  if (!notify.others) return audience;
  if (group) {
    audience.recipients = group->member_ids;
  } else if (target.recipient_id) {
    std::vector<UserId> ids;
    ids.push_back(*target.recipient_id);
    audience.recipients = recipients_of(std::move(ids));
  }
  return audience;
}

/// The first eight bytes of network order.
Bytes id_record(MessageId id) {
  Bytes bytes(8);
  store_be64(bytes.data(), static_cast<uint64_t>(id.value));
  return bytes;
}

void put_at(Message& message, const Placed& placed) {
  message.sequence = placed.sequence;
  message.delivery_date = placed.delivery_date;
}

struct MaySend {
  Permit<action::SendMessage> permit;
  GroupPtr group;
};

// The hot path: nothing is awaited while group and recipient are cached.
Task<Outcome<MaySend>> check_target(Context& context, UserId sender, Target target) {
  if (target.group_id) {
    GroupPtr group = context.groups.find(*target.group_id);
    if (!group) {
      auto loaded = co_await context.groups.get(*target.group_id);
      if (!loaded) co_return refuse(loaded.error());
      group = *loaded;
    }
    auto permit = Rights::send_to_group(group.get(), sender, context.now());
    if (!permit) co_return std::unexpected(std::move(permit.error()));
    co_return MaySend{*permit, std::move(group)};
  }
  ReachabilityCache::Ptr reachability = context.reachability.find(*target.recipient_id);
  if (!reachability) {
    auto loaded = co_await context.reachability.get(*target.recipient_id);
    if (!loaded) co_return refuse(loaded.error());
    reachability = *loaded;
  }
  auto permit = Rights::send_to_user(context.settings, sender, *target.recipient_id, *reachability);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  co_return MaySend{*permit, nullptr};
}

// What a hook made of the text, within the same limits.
Task<Outcome<std::optional<std::string>>> screen(Context& context, Draft draft) {
  auto screened = co_await context.send_hook->before_send(std::move(draft));
  if (!screened || !*screened) co_return screened;
  std::vector<Bytes> none;
  if (auto failure = check_content(context.settings, *screened, none)) {
    co_return std::unexpected(std::move(*failure));
  }
  co_return screened;
}

// A message that exists, was not recalled, and was written by or to the requester.
Task<Outcome<Message>> find_to_forward(Context& context, UserId requester, MessageId id) {
  auto found = co_await context.store.messages.find(id);
  if (!found) co_return refuse(found.error());
  GroupPtr group;
  if (*found && (*found)->group_id) {
    auto loaded = co_await context.groups.get(*(*found)->group_id);
    if (!loaded) co_return refuse(loaded.error());
    group = *loaded;
  }
  auto allowed = Rights::forward_message(*found ? &**found : nullptr, group.get(), requester);
  if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  co_return std::move(**found);
}

// The user has seen what these groups or users wrote.
Task<void> mark_read(Context& context, UserId reader, bool of_groups, std::vector<int64_t> all) {
  ConversationRepository& conversations = context.store.conversations;
  const ReadMove move{context.now(), {}, {}, false};
  for (const int64_t from : all) {
    if (!of_groups) {
      (void)co_await conversations.move_private(Rights::read_private(reader, UserId(from)), move);
      continue;
    }
    auto group = co_await context.groups.get(GroupId(from));
    if (!group) continue;
    auto permit = Rights::read_group(group->get(), reader);
    if (permit) (void)co_await conversations.move_group(*permit, move);
  }
}

/// The group, or whom the user talks to.
int64_t from_id(const Message& message, UserId user) {
  if (message.group_id) return message.group_id->value;
  return (message.sender_id == user ? *message.recipient_id : message.sender_id).value;
}

}  // namespace

std::vector<Bytes> recall_records(MessageId id) {
  std::vector<Bytes> records;
  records.push_back(Bytes{static_cast<uint8_t>(BuiltinSystemMessage::kRecallMessage)});
  records.push_back(id_record(id));
  return records;
}

Task<Outcome<Reply<Placed>>> Messages::create(Caller caller, CreateMessage command,
                                              std::function<void()> on_ordered) {
  if (auto failure = check_creation(context_.settings, command)) {
    co_return std::unexpected(std::move(*failure));
  }
  const Target target{command.group_id, command.recipient_id};
  NewMessage added;
  Message& message = added.message;
  std::shared_ptr<const Message> forwarded;
  if (command.message_id) {
    auto original = co_await find_to_forward(context_, caller.user_id, *command.message_id);
    if (!original) co_return std::unexpected(std::move(original.error()));
    forwarded = std::make_shared<const Message>(std::move(*original));
    message.text = forwarded->text;
    message.records = forwarded->records;
    message.burn_after = forwarded->burn_after;
    if (message.text.value_or("").empty() && message.records.empty()) {
      co_return refuse(Code::kIllegalArgument, "nothing of the message was kept to forward");
    }
  } else {
    message.text = std::move(command.text);
    message.records = std::move(command.records);
    message.burn_after = command.burn_after;
  }
  message.pre_message_id = command.pre_message_id;
  added.sender_key = std::move(command.sender_key);
  auto allowed = co_await check_target(context_, caller.user_id, target);
  if (!allowed) co_return std::unexpected(std::move(allowed.error()));

  if (context_.send_hook != nullptr && context_.send_hook->active()) {
    Draft draft{.sender_id = caller.user_id,
                .group_id = target.group_id,
                .recipient_id = target.recipient_id,
                .edited_id = {},
                .text = message.text,
                .records = message.records,
                .trace_id = caller.trace_id};
    auto screened = co_await screen(context_, std::move(draft));
    if (!screened) co_return std::unexpected(std::move(screened.error()));
    if (*screened) {
      message.text = std::move(**screened);
      // Its recipients are told what is stored, not what was asked.
      forwarded = std::make_shared<const Message>(message);
    }
    // That took its time.
    allowed = co_await check_target(context_, caller.user_id, target);
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  }

  // From here to the store's queue nothing is awaited: its order is the order of the requests.
  message.delivery_date = context_.now();
  message.id = context_.next_id<MessageId>(message.delivery_date);
  message.sender_id = caller.user_id;
  message.group_id = target.group_id;
  message.recipient_id = target.recipient_id;
  added.keep_records = context_.settings.message.persist_records;
  added.move_read_date = context_.settings.conversation.read_by_writing;
  std::optional<Message> missed;
  if (context_.push_hook != nullptr && context_.push_hook->pushes()) missed = message;
  if (on_ordered) on_ordered();
  auto stored = co_await context_.store.messages.append(allowed->permit, std::move(added));
  if (!stored) co_return refuse(stored.error());

  Reply<Placed> reply;
  reply.data = *stored;
  if (stored->repeated) co_return reply;
  if (missed) {
    put_at(*missed, *stored);
    spawn(tell_who_misses(
        context_, std::move(*missed),
        allowed->group ? allowed->group->member_ids : recipient(*target.recipient_id),
        allowed->group ? allowed->group->group.name : std::string()));
  }
  Relay& relay = reply.effects.relay;
  relay.audience = audience_of(context_.settings.message.created, target, allowed->group);
  relay.amendments.message_id = stored->id;
  relay.amendments.sequence = stored->sequence;
  relay.amendments.delivery_date = stored->delivery_date;
  relay.amendments.forwarded = std::move(forwarded);
  co_return reply;
}

Task<Outcome<Push>> Messages::create_system_message(UserId sender, std::optional<GroupId> group_id,
                                                    std::optional<UserId> recipient_id,
                                                    std::vector<Bytes> records) {
  const Target target{group_id, recipient_id};
  GroupPtr group;
  if (group_id) {
    auto loaded = co_await context_.groups.get(*group_id);
    if (!loaded) co_return refuse(loaded.error());
    group = *loaded;
  }
  NewMessage added;
  added.message.delivery_date = context_.now();
  added.message.id = context_.next_id<MessageId>(added.message.delivery_date);
  added.message.sender_id = sender;
  added.message.group_id = group_id;
  added.message.recipient_id = recipient_id;
  added.message.is_system_message = true;
  added.message.records = std::move(records);
  added.keep_records = true;
  added.move_read_date = false;
  Message message = added.message;
  auto stored = co_await context_.store.messages.append(
      Rights::server(action::SendMessage{sender, group_id, recipient_id}), std::move(added));
  if (!stored) co_return refuse(stored.error());
  put_at(message, *stored);
  Push push;
  push.audience = audience_of(kEverybody, target, group);
  push.event = SystemMessagePushed{std::move(message)};
  co_return push;
}

Task<Outcome<None>> Messages::check_may_send(UserId sender, std::optional<GroupId> group_id,
                                             std::optional<UserId> recipient_id) {
  auto allowed = co_await check_target(context_, sender, Target{group_id, recipient_id});
  if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  co_return None{};
}

Task<Outcome<Reply<>>> Messages::update(Caller caller, UpdateMessage command) {
  const bool edits = command.text.has_value() || !command.records.empty();
  if (!edits && !command.recall_date) co_return Reply<>{};
  if (auto failure = check_content(context_.settings, command.text, command.records)) {
    co_return std::unexpected(std::move(*failure));
  }
  auto found = co_await context_.store.messages.find(command.message_id);
  if (!found) co_return refuse(found.error());
  const Message* message = *found ? &**found : nullptr;
  GroupPtr group;
  if (message != nullptr && message->group_id) {
    auto loaded = co_await context_.groups.get(*message->group_id);
    if (!loaded) co_return refuse(loaded.error());
    group = *loaded;
  }
  const WallTime now = context_.now();
  Reply<> reply;
  Audience audience;
  if (message != nullptr) {
    const Settings::Notify& notify = context_.settings.message.updated;
    audience = audience_of(notify, target_of(*message), group);
    // As upstream does it, a group's update also goes to the device that asked.
    audience.calling_session = notify.others && group != nullptr;
  }
  if (command.recall_date) {
    auto permit =
        Rights::recall_message(context_.settings, message, group.get(), caller.user_id, now);
    if (!permit) co_return std::unexpected(std::move(permit.error()));
    NewMessage notice;
    notice.message.id = context_.next_id<MessageId>(now);
    notice.message.delivery_date = now;
    notice.message.sender_id = caller.user_id;
    notice.message.group_id = message->group_id;
    notice.message.recipient_id = message->recipient_id;
    notice.message.is_system_message = true;
    notice.message.records = recall_records(message->id);
    notice.keep_records = true;
    notice.move_read_date = false;
    Message told = notice.message;
    auto recalled = co_await context_.store.messages.recall(*permit, now, std::move(notice));
    if (!recalled) co_return refuse(recalled.error());
    // Recalled before: nothing happens, nobody is told again.
    if (!*recalled) co_return Reply<>{};
    put_at(told, **recalled);
    Push push;
    push.audience = audience_of(kEverybody, target_of(*message), group);
    push.event = SystemMessagePushed{std::move(told)};
    reply.effects.pushes.push_back(std::move(push));
  } else {
    auto permit = Rights::edit_message(context_.settings, message, group.get(), caller.user_id);
    if (!permit) co_return std::unexpected(std::move(permit.error()));
    // An edit speaks: whoever may not write there any more may not edit either.
    auto may_send = co_await check_target(context_, caller.user_id, target_of(*message));
    if (!may_send) co_return std::unexpected(std::move(may_send.error()));
    if (context_.send_hook != nullptr && context_.send_hook->active()) {
      Draft draft{.sender_id = caller.user_id,
                  .group_id = message->group_id,
                  .recipient_id = message->recipient_id,
                  .edited_id = message->id,
                  .text = command.text,
                  .records = command.records,
                  .trace_id = caller.trace_id};
      auto screened = co_await screen(context_, std::move(draft));
      if (!screened) co_return std::unexpected(std::move(screened.error()));
      if (*screened) {
        command.text = std::move(**screened);
        Message told;
        told.text = command.text;
        reply.effects.relay.amendments.forwarded = std::make_shared<const Message>(std::move(told));
      }
    }
    std::optional<std::vector<Bytes>> records;
    if (context_.settings.message.persist_records && !command.records.empty()) {
      records = std::move(command.records);
    }
    auto edited = co_await context_.store.messages.edit(*permit, std::move(command.text),
                                                        std::move(records), now);
    if (!edited) co_return refuse(edited.error());
    if (!*edited) co_return refuse(Code::kIllegalArgument, "the message was recalled");
  }
  reply.effects.relay.audience = std::move(audience);
  co_return reply;
}

Task<Outcome<FoundMessages>> Messages::query(Caller caller, QueryMessages query) {
  if (!query.are_group_messages) {
    co_return refuse(Code::kInvalidRequest, "are_group_messages must be given");
  }
  const Settings::Message& limits = context_.settings.message;
  const int32_t count = query.max_count.value_or(
      query.with_total ? limits.default_query_count_with_total : limits.default_query_count);
  if (count < 1) co_return refuse(Code::kIllegalArgument, "max_count must be positive");

  MessageFilter filter;
  filter.of_groups = *query.are_group_messages;
  filter.ids = std::move(query.ids);
  filter.are_system_messages = query.are_system_messages;
  filter.delivery_date_start = query.delivery_date_start;
  filter.delivery_date_end = query.delivery_date_end;
  filter.max_count = std::min(
      count, query.with_total ? limits.max_query_count_with_total : limits.max_query_count);
  filter.descending = query.descending;
  filter.recalled_too = limits.show_recalled;
  filter.own_too = limits.show_own;
  sort_unique(query.from_ids);
  if (filter.of_groups) {
    auto joined = co_await context_.store.groups.joined_by(caller.user_id);
    if (!joined) co_return refuse(joined.error());
    if (query.from_ids.empty()) {
      filter.group_ids = std::move(*joined);
    } else {
      for (const int64_t id : query.from_ids) {
        if (!std::binary_search(joined->begin(), joined->end(), GroupId(id))) {
          co_return refuse(Code::kQueryMessagesNotMember);
        }
        filter.group_ids.emplace_back(id);
      }
    }
    // Who is in no group is shown nothing, not everything.
    if (filter.group_ids.empty()) co_return refuse(Code::kNoContent);
  } else {
    filter.recipient_id = caller.user_id;
    for (const int64_t id : query.from_ids) filter.sender_ids.emplace_back(id);
  }
  auto messages = co_await context_.store.messages.query(filter);
  if (!messages) co_return refuse(messages.error());
  if (messages->empty()) co_return refuse(Code::kNoContent);
  const Settings::Conversation& reading = context_.settings.conversation;
  if (reading.read_receipts && reading.read_by_querying) {
    std::vector<int64_t> from;
    for (const Message& message : *messages) from.push_back(from_id(message, caller.user_id));
    sort_unique(from);
    co_await mark_read(context_, caller.user_id, filter.of_groups, std::move(from));
  }
  FoundMessages found;
  if (!query.with_total) {
    found.messages = std::move(*messages);
    co_return found;
  }

  std::map<int64_t, size_t> places;
  for (Message& message : *messages) {
    const int64_t from = from_id(message, caller.user_id);
    const auto [place, is_new] = places.try_emplace(from, found.with_total.size());
    if (is_new) {
      if (found.with_total.size() >= kMaxTotals) break;
      MessagesWithTotal part;
      part.is_group_message = filter.of_groups;
      part.from_id = from;
      found.with_total.push_back(std::move(part));
    }
    found.with_total[place->second].messages.push_back(std::move(message));
  }
  for (MessagesWithTotal& part : found.with_total) {
    MessageFilter one = filter;
    if (filter.of_groups) {
      one.group_ids.assign(1, GroupId(part.from_id));
    } else {
      one.sender_ids.assign(1, UserId(part.from_id));
    }
    auto total = co_await context_.store.messages.count(std::move(one));
    if (!total) co_return refuse(total.error());
    part.total = *total;
  }
  co_return found;
}

}  // namespace turms::im
