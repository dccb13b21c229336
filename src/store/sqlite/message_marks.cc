#include "store/sqlite/message_marks.h"

#include "store/sqlite/heads.h"
#include "store/sqlite/message_queries.h"

namespace turms::store {
namespace {

bool is_there(Connection& connection, MessageId id) {
  Statement find = connection.prepare("select 1 from message where id = ? and recall_date is null");
  return find.bind(id).step();
}

}  // namespace

im::Stored<im::MessageMarkRepository::Put> MessageMarks::react(
    im::Permit<im::action::ReactToMessage> permit, std::vector<int32_t> types, int32_t max,
    WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<Put> {
    if (!is_there(connection, permit->message)) return Put::kGone;
    {
      // As many as there would be.
      Statement kinds = connection.prepare(
          "select count(*) from (select distinct type from message_reaction where message_id = ?)");
      const int64_t there = kinds.bind(permit->message).step() ? kinds.integer() : 0;
      Statement known = connection.prepare(
          "select 1 from message_reaction where message_id = ? and type = ? limit 1");
      int64_t added = 0;
      for (const int32_t type : types) {
        if (!known.bind(permit->message, type).step()) ++added;
        known.reset();
      }
      if (added > 0 && there + added > max) return Put::kTooMany;
    }
    Statement insert = connection.prepare(
        "insert into message_reaction (message_id, type, user_id, date) values (?, ?, ?, ?) "
        "on conflict do nothing");
    int inserted = 0;
    for (const int32_t type : types) {
      inserted += insert.bind(permit->message, type, permit->user, now).run();
      insert.reset();
    }
    return inserted > 0 ? Put::kDone : Put::kUnchanged;
  });
}

im::Stored<im::MessageMarkRepository::Put> MessageMarks::take_back(
    im::Permit<im::action::ReactToMessage> permit, std::vector<int32_t> types) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<Put> {
    int removed = 0;
    if (types.empty()) {
      Statement all =
          connection.prepare("delete from message_reaction where message_id = ? and user_id = ?");
      removed = all.bind(permit->message, permit->user).run();
    }
    Statement one = connection.prepare(
        "delete from message_reaction where message_id = ? and type = ? and user_id = ?");
    for (const int32_t type : types) {
      removed += one.bind(permit->message, type, permit->user).run();
      one.reset();
    }
    return removed > 0 ? Put::kDone : Put::kUnchanged;
  });
}

im::Stored<im::MessageMarkRepository::Put> MessageMarks::pin(
    im::Permit<im::action::PinMessage> permit, int32_t max, WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<Put> {
    const auto message = find_message(connection, permit->message);
    if (!message || message->recall_date) return Put::kGone;
    const ConversationKey key = ConversationKey::of(*message);
    {
      Statement count =
          connection.prepare("select count(*) from pinned_message where high = ? and low = ?");
      if (count.bind(key.high, key.low).step() && count.integer() >= max) return Put::kTooMany;
    }
    Statement insert = connection.prepare(
        "insert into pinned_message (high, low, message_id, user_id, date) values (?, ?, ?, ?, ?) "
        "on conflict do nothing");
    insert.bind(key.high, key.low, permit->message, permit->user, now);
    return insert.run() > 0 ? Put::kDone : Put::kUnchanged;
  });
}

im::Stored<im::MessageMarkRepository::Put> MessageMarks::unpin(
    im::Permit<im::action::PinMessage> permit) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<Put> {
    const auto message = find_message(connection, permit->message);
    if (!message) return Put::kGone;
    const ConversationKey key = ConversationKey::of(*message);
    Statement remove = connection.prepare(
        "delete from pinned_message where high = ? and low = ? and message_id = ?");
    return remove.bind(key.high, key.low, permit->message).run() > 0 ? Put::kDone : Put::kUnchanged;
  });
}

im::Stored<std::vector<im::Message>> MessageMarks::pinned(UserId reader,
                                                          im::ConversationRef conversation) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<im::Message>> {
    const ConversationKey key = conversation.group_id
                                    ? ConversationKey::of(*conversation.group_id)
                                    : ConversationKey::of(reader, *conversation.user_id);
    std::vector<im::Message> found;
    Statement select = connection.prepare(
        "select " TURMS_MESSAGE_COLUMNS
        "from message where id in (select message_id from pinned_message "
        "where high = ? and low = ?) and recall_date is null order by sequence desc");
    select.bind(key.high, key.low);
    while (select.step()) found.push_back(read_message(select));
    add_reactions(connection, found);
    return found;
  });
}

}  // namespace turms::store
