// What an administrator does to messages and to how far users have read them.
#include <algorithm>

#include "im/context.h"
#include "im/messages.h"
#include "im/operations.h"
#include "im/ports/conversations.h"
#include "im/ports/messages.h"
#include "im/ports/users.h"
#include "im/rights.h"

namespace turms::im {

Task<Result<MessageId>> Operations::send(SystemMessage sent) {
  if (sent.group_id.has_value() == sent.recipient_id.has_value()) {
    co_return fail(ErrorCode::kInvalidArgument, "a message goes to a group or to a user");
  }
  if (exceeds(sent.text, context_.settings.message.max_text_size)) {
    co_return fail(ErrorCode::kInvalidArgument, "text: too long");
  }
  if (!sent.text && sent.records.empty()) {
    co_return fail(ErrorCode::kInvalidArgument, "a message has a text or records");
  }
  Push push;
  if (sent.group_id) {
    auto group = co_await context_.groups.get(*sent.group_id);
    if (!group) co_return std::unexpected(group.error());
    if (!*group) co_return fail(ErrorCode::kNotFound, "there is no such group");
    push.audience.recipients = (*group)->member_ids;
  } else {
    std::vector<UserId> recipients = {*sent.recipient_id};
    auto known = co_await context_.store.users.find(recipients);
    if (!known) co_return std::unexpected(known.error());
    if (known->empty()) co_return fail(ErrorCode::kNotFound, "there is no such user");
    push.audience.recipients = recipients_of(std::move(recipients));
  }
  Message message;
  message.delivery_date = context_.now();
  message.id = context_.next_id<MessageId>(message.delivery_date);
  message.group_id = sent.group_id;
  message.recipient_id = sent.recipient_id;
  message.is_system_message = true;
  message.text = std::move(sent.text);
  message.records = std::move(sent.records);
  NewMessage added;
  added.message = message;
  added.keep_records = true;
  added.move_read_date = false;
  auto appended = co_await context_.store.messages.append(
      Rights::administrator(
          action::SendMessage{message.sender_id, message.group_id, message.recipient_id}),
      std::move(added));
  if (!appended) co_return std::unexpected(appended.error());
  const MessageId id = message.id;
  message.sequence = appended->sequence;
  message.delivery_date = appended->delivery_date;
  push.event = SystemMessagePushed{std::move(message)};
  delivery_.push(push);
  co_return id;
}

Task<Result<int64_t>> Operations::remove_messages(std::vector<MessageId> messages) {
  sort_unique(messages);
  return data_.delete_messages(Rights::administrator(action::DeleteMessages{std::move(messages)}),
                               context_.now());
}

Task<Result<int64_t>> Operations::edit_messages(std::vector<MessageId> messages,
                                                std::optional<std::string> text,
                                                std::optional<std::vector<Bytes>> records) {
  if (exceeds(text, context_.settings.message.max_text_size)) {
    co_return fail(ErrorCode::kInvalidArgument, "text: too long");
  }
  size_t size = 0;
  for (const Bytes& record : records.value_or(std::vector<Bytes>())) size += record.size();
  if (size > context_.settings.message.max_records_bytes) {
    co_return fail(ErrorCode::kInvalidArgument, "records: too large");
  }
  sort_unique(messages);
  int64_t edited = 0;
  for (const MessageId id : messages) {
    auto done = co_await context_.store.messages.edit(
        Rights::administrator(action::EditMessage{id}), text, records, context_.now());
    if (!done) co_return std::unexpected(done.error());
    edited += *done ? 1 : 0;
  }
  co_return edited;
}

Task<Result<bool>> Operations::recall_message(Message message) {
  Push push;
  if (message.group_id) {
    auto group = co_await context_.groups.get(*message.group_id);
    if (!group) co_return std::unexpected(group.error());
    if (*group) push.audience.recipients = (*group)->member_ids;
  } else {
    std::vector<UserId> both = {*message.recipient_id};
    // An administrator's own is from nobody.
    if (message.sender_id != UserId(0)) both.push_back(message.sender_id);
    sort_unique(both);
    push.audience.recipients = recipients_of(std::move(both));
  }
  const WallTime now = context_.now();
  NewMessage notice;
  notice.message.id = context_.next_id<MessageId>(now);
  notice.message.delivery_date = now;
  // In the sender's name: so it is in the same conversation.
  notice.message.sender_id = message.sender_id;
  notice.message.group_id = message.group_id;
  notice.message.recipient_id = message.recipient_id;
  notice.message.is_system_message = true;
  notice.message.records = recall_records(message.id);
  notice.keep_records = true;
  notice.move_read_date = false;
  Message told = notice.message;
  auto recalled = co_await context_.store.messages.recall(
      Rights::administrator(action::RecallMessage{message.id}), now, std::move(notice));
  if (!recalled) co_return std::unexpected(recalled.error());
  if (!*recalled) co_return false;
  told.sequence = (*recalled)->sequence;
  told.delivery_date = (*recalled)->delivery_date;
  push.event = SystemMessagePushed{std::move(told)};
  if (push.audience.recipients) delivery_.push(push);
  co_return true;
}

Task<Result<int64_t>> Operations::recall_messages(std::vector<MessageId> messages) {
  sort_unique(messages);
  int64_t count = 0;
  for (const MessageId id : messages) {
    auto found = co_await context_.store.messages.find(id);
    if (!found) co_return std::unexpected(found.error());
    if (!*found) continue;
    auto recalled = co_await recall_message(std::move(**found));
    if (!recalled) co_return std::unexpected(recalled.error());
    count += *recalled ? 1 : 0;
  }
  co_return count;
}

Task<Result<int64_t>> Operations::move_read_dates(std::vector<UserId> owners, UserId target,
                                                  WallTime date) {
  sort_unique(owners);
  int64_t moved = 0;
  for (const UserId owner : owners) {
    // Without a message from the other side there is nothing to have read.
    MessageFilter from_them;
    from_them.recipient_id = owner;
    from_them.sender_ids.push_back(target);
    from_them.recalled_too = true;
    from_them.max_count = 1;
    auto written = co_await context_.store.messages.query(std::move(from_them));
    if (!written) co_return std::unexpected(written.error());
    if (written->empty()) continue;
    auto done = co_await context_.store.conversations.move_private(
        Rights::administrator(action::MovePrivateReadDate{owner, target}), read_until(date));
    if (!done) co_return std::unexpected(done.error());
    moved += done->done ? 1 : 0;
  }
  co_return moved;
}

Task<Result<int64_t>> Operations::move_group_read_dates(GroupId id, std::vector<UserId> members,
                                                        WallTime date) {
  auto group = co_await find(id);
  if (!group) co_return std::unexpected(group.error());
  sort_unique(members);
  int64_t moved = 0;
  for (const UserId member : members) {
    if ((*group)->find(member) == nullptr) continue;
    auto done = co_await context_.store.conversations.move_group(
        Rights::administrator(action::MoveGroupReadDate{id, member}), read_until(date));
    if (!done) co_return std::unexpected(done.error());
    moved += done->done ? 1 : 0;
  }
  co_return moved;
}

/// Nobody has read what is not written yet.
ReadMove Operations::read_until(WallTime date) const {
  const WallTime now = context_.now();
  return {now, std::min(date, now), std::nullopt, true};
}

Task<Result<int64_t>> Operations::forget_read_dates(action::ForgetReadPositions whose) {
  return data_.forget_read_positions(Rights::administrator(std::move(whose)));
}

}  // namespace turms::im
