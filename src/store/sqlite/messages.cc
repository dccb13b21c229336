#include "base/check.h"
#include "store/sqlite/message_queries.h"
#include "store/sqlite/message_text.h"
#include "store/sqlite/repositories.h"

namespace turms::store {
namespace {

im::Placed find_repeated(Connection& connection, const im::NewMessage& added) {
  Statement row = connection.prepare(
      "select id, sequence, delivery_date from message where sender_id = ? and sender_key = ?");
  im::Placed placed;
  if (!row.bind(added.message.sender_id, added.sender_key).step()) return placed;
  placed.id = row.id<MessageId>();
  placed.sequence = row.integer();
  placed.delivery_date = row.time();
  placed.repeated = true;
  return placed;
}

// The sender has read up to there.
void move_read_position(Connection& connection, const im::Message& message, const Head& head) {
  Statement upsert = connection.prepare(
      message.group_id
          ? "insert into group_conversation (group_id, member_id, read_date, read_sequence) "
            "values (?, ?, ?, ?) on conflict (group_id, member_id) do update "
            "set read_date = max(read_date, excluded.read_date), "
            "read_sequence = max(read_sequence, excluded.read_sequence)"
          : "insert into private_conversation (target_id, owner_id, read_date, read_sequence) "
            "values (?, ?, ?, ?) on conflict (owner_id, target_id) do update "
            "set read_date = max(read_date, excluded.read_date), "
            "read_sequence = max(read_sequence, excluded.read_sequence)");
  upsert.bind(message.group_id ? message.group_id->value : message.recipient_id->value,
              message.sender_id, head.delivery_date, head.sequence);
  upsert.run();
}

// Both find the conversation in their lists from now on.
void open_conversation(Connection& connection, UserId one, UserId other) {
  Statement insert = connection.prepare(
      "insert into private_conversation (owner_id, target_id, read_date) values (?, ?, 0) "
      "on conflict do nothing");
  insert.bind(one, other).run();
  insert.reset();
  insert.bind(other, one).run();
}

im::Placed insert_message(Connection& connection, ConversationHeads& heads,
                          const im::NewMessage& added) {
  const im::Message& message = added.message;
  const ConversationKey key = ConversationKey::of(message);
  const Head head = heads.next(connection, key, message.delivery_date);
  {
    const Bytes records = added.keep_records ? encode_records(message.records) : Bytes();
    Statement insert = connection.prepare(
        "insert into message (id, sequence, delivery_date, sender_id, group_id, recipient_id, "
        "is_system_message, text, records, burn_after, pre_message_id, sender_key) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "on conflict (sender_id, sender_key) where sender_key is not null do nothing");
    insert.bind(message.id, head.sequence, head.delivery_date, message.sender_id, message.group_id,
                message.recipient_id, message.is_system_message, message.text);
    if (records.empty()) {
      insert.bind_null();
    } else {
      insert.bind(ByteView(records));
    }
    insert.bind(message.burn_after, message.pre_message_id, added.sender_key);
    const int inserted = insert.run();
    if (connection.failed()) return {};
    if (inserted == 0) return find_repeated(connection, added);
  }
  heads.take(head);
  if (head.sequence == 1 && message.recipient_id) {
    open_conversation(connection, message.sender_id, *message.recipient_id);
  }
  if (added.move_read_date) move_read_position(connection, message, head);
  return {message.id, head.sequence, head.delivery_date, false};
}

}  // namespace

im::Stored<im::Placed> Messages::append(im::Permit<im::action::SendMessage> permit,
                                        im::NewMessage message) {
  TURMS_CHECK(message.message.sender_id == permit->sender &&
              message.message.group_id == permit->group &&
              message.message.recipient_id == permit->recipient);
  auto operation = writer_.run([&](Connection& connection) -> Result<im::Placed> {
    return insert_message(connection, heads_, message);
  });
  // The first statement is the only one that a constraint can refuse.
  operation.needs_savepoint = false;
  co_return co_await operation;
}

im::Stored<std::optional<im::Message>> Messages::find(MessageId id) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::optional<im::Message>> {
        return find_message(connection, id);
      });
}

im::Stored<std::vector<im::Message>> Messages::query(im::MessageFilter filter) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<im::Message>> {
    std::vector<im::Message> found = find_messages(connection, filter);
    add_reactions(connection, found);
    return found;
  });
}

im::Stored<int64_t> Messages::count(im::MessageFilter filter) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<int64_t> {
    return count_messages(connection, filter);
  });
}

im::Stored<bool> Messages::edit(im::Permit<im::action::EditMessage> permit,
                                std::optional<std::string> text,
                                std::optional<std::vector<Bytes>> records, WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    const Bytes encoded = records ? encode_records(*records) : Bytes();
    if (text) forget_text(connection, permit->message);
    Statement update = connection.prepare(
        "update message set text = coalesce(?, text), records = coalesce(?, records), "
        "modification_date = ? where id = ? and recall_date is null");
    update.bind(text);
    if (records) {
      update.bind(ByteView(encoded));
    } else {
      update.bind_null();
    }
    if (update.bind(now, permit->message).run() == 0) return false;
    if (text) put_text(connection, permit->message);
    return true;
  });
}

im::Stored<std::optional<im::Placed>> Messages::recall(im::Permit<im::action::RecallMessage> permit,
                                                       WallTime recall_date,
                                                       im::NewMessage notice) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<std::optional<im::Placed>> {
    forget_text(connection, permit->message);
    {
      Statement update = connection.prepare(
          "update message set recall_date = ? where id = ? and recall_date is null");
      if (update.bind(recall_date, permit->message).run() == 0) return std::nullopt;
    }
    return insert_message(connection, heads_, notice);
  });
}

}  // namespace turms::store
