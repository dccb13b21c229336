#include "store/sqlite/message_queries.h"
#include "store/sqlite/message_text.h"
#include "store/sqlite/repositories.h"

namespace turms::store {
namespace {

// A few milliseconds of the writer.
constexpr int kPiece = 200;

void erase(Connection& connection, MessageId id) {
  const auto message = find_message(connection, id);
  if (!message) return;
  const ConversationKey key = ConversationKey::of(*message);
  keep_head(connection, key);
  forget_text(connection, id);
  (void)connection.prepare("delete from message_reaction where message_id = ?").bind(id).run();
  (void)connection
      .prepare("delete from pinned_message where high = ? and low = ? and message_id = ?")
      .bind(key.high, key.low, id)
      .run();
  (void)connection.prepare("delete from message where id = ?").bind(id).run();
}

// Those that burn and were read since.
void light(Connection& connection) {
  Statement update = connection.prepare(
      "update message set burn_date = delivery_date + burn_after * 1000 where id in ("
      "select id from message where burn_after is not null and burn_date is null "
      "and group_id is not null limit ?)");
  update.bind(kPiece).run();
}

}  // namespace

im::Stored<bool> Messages::delete_expired(im::Permit<im::action::DeleteExpiredMessages>,
                                          WallTime now, std::optional<WallTime> keep_from) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    light(connection);
    {
      // The recipient has read it.
      Statement update = connection.prepare(
          "update message set burn_date = ?1 + burn_after * 1000 where id in ("
          "select id from message where burn_after is not null and burn_date is null "
          "and recipient_id is not null and exists (select 1 from private_conversation "
          "where owner_id = recipient_id and target_id = sender_id "
          "and read_sequence >= sequence) limit ?2)");
      update.bind(now, kPiece).run();
    }
    std::vector<MessageId> ids;
    {
      Statement burnt = connection.prepare(
          "select id from message where burn_date is not null and burn_date <= ? limit ?");
      burnt.bind(now, kPiece);
      while (burnt.step()) ids.push_back(burnt.id<MessageId>());
    }
    if (keep_from) {
      // Ids were made at the time of delivery or before it.
      Statement old = connection.prepare(
          "select id from message where id < ? and delivery_date < ? order by id limit ?");
      old.bind(IdGenerator::first_at(*keep_from), *keep_from, kPiece);
      while (old.step()) ids.push_back(old.id<MessageId>());
    }
    for (const MessageId id : ids) erase(connection, id);
    return ids.size() >= static_cast<size_t>(kPiece);
  });
}

}  // namespace turms::store
