#include <algorithm>

#include "store/sqlite/message_queries.h"
#include "store/sqlite/message_text.h"
#include "store/sqlite/repositories.h"

namespace turms::store {
namespace {

// A few milliseconds of the writer.
constexpr size_t kPiece = 200;

/// What is to be deleted at a time.
struct Piece {
  [[nodiscard]] bool full() const { return ids.size() >= kPiece; }
  /// Rows to look at for a whole piece of which none is kept.
  [[nodiscard]] auto most() const { return static_cast<int64_t>(kPiece + kept.size()); }
  /// Rows of ids.
  void take(Statement& rows) {
    for (size_t count = 0; count < kPiece && rows.step();) {
      const auto id = rows.id<MessageId>();
      if (std::ranges::binary_search(kept, id)) continue;
      ids.push_back(id);
      ++count;
    }
  }

  std::vector<MessageId> ids;
  /// Ascending.
  std::vector<MessageId> kept;
};

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

struct Retention {
  GroupId group;
  int64_t hours = 0;
};

// What groups do not keep any longer: of some groups after the others, a piece at most.
void find_outlived(Connection& connection, WallTime now, GroupId& looked_at, Piece& piece) {
  constexpr size_t kLookedAt = 200;
  std::vector<Retention> some;
  {
    Statement rows = connection.prepare(
        "select group_id, hours from group_retention where group_id > ? order by group_id limit ?");
    rows.bind(looked_at, static_cast<int64_t>(kLookedAt));
    while (rows.step()) {
      const auto group = rows.id<GroupId>();
      some.push_back({group, rows.integer()});
    }
  }
  Statement outlived = connection.prepare(
      "select id from message where high = ? and low = ? and sequence < ? order by sequence limit "
      "?");
  for (const Retention& one : some) {
    // The group is looked at again: it may have more.
    if (piece.full()) return;
    looked_at = one.group;
    const ConversationKey key = ConversationKey::of(one.group);
    const WallTime keep_from{now.unix_ms - one.hours * 3'600'000};
    outlived.bind(key.high, key.low, first_sequence_at(connection, key, keep_from), piece.most());
    piece.take(outlived);
    outlived.reset();
  }
  if (some.size() < kLookedAt) looked_at = GroupId();
}

// Those of groups burn from their delivery, private ones from when their recipient has read them.
// Many may wait for that, so some are looked at each time.
void light(Connection& connection, WallTime now, MessageId& looked_at) {
  constexpr size_t kLookedAt = 2000;
  struct Burning {
    MessageId id;
    WallTime date;
  };
  std::vector<Burning> burning;
  size_t count = 0;
  {
    Statement next = connection.prepare(
        "select id, burn_after, delivery_date, group_id is not null, "
        "exists (select 1 from private_conversation "
        "where owner_id = recipient_id and target_id = sender_id and read_sequence >= sequence) "
        "from message where burn_after is not null and burn_date is null "
        "and id > ? order by id limit ?");
    next.bind(looked_at, static_cast<int64_t>(kLookedAt));
    for (; next.step(); ++count) {
      looked_at = next.id<MessageId>();
      const int64_t burn_after_ms = next.integer() * 1000;
      const WallTime delivered = next.time();
      const bool of_group = next.boolean();
      if (!of_group && !next.boolean()) continue;
      const WallTime from = of_group ? delivered : now;
      burning.push_back({looked_at, WallTime{from.unix_ms + burn_after_ms}});
    }
  }
  // From the beginning again.
  if (count < kLookedAt) looked_at = MessageId();
  Statement update = connection.prepare("update message set burn_date = ? where id = ?");
  for (const Burning& one : burning) {
    update.bind(one.date, one.id).run();
    update.reset();
  }
}

void find_old(Connection& connection, WallTime keep_from, Piece& piece) {
  // Imported ids say nothing of the time; an import makes this index for that (finish_import).
  const bool imported =
      connection.scalar("select count(*) from sqlite_schema where name = 'message_by_date'") > 0;
  // Our own were made at the time of delivery or before it.
  Statement old = connection.prepare(
      imported
          ? "select id from message where ?1 is not null and delivery_date < ?2 "
            "order by delivery_date limit ?3"
          : "select id from message where id < ?1 and delivery_date < ?2 order by id limit ?3");
  piece.take(old.bind(IdGenerator::first_at(keep_from), keep_from, piece.most()));
}

/// Where the last piece ended.
struct LookedAt {
  MessageId& burning;
  GroupId& retention;
};

void collect(Connection& connection, WallTime now, std::optional<WallTime> keep_from,
             const LookedAt& looked_at, Piece& piece) {
  light(connection, now, looked_at.burning);
  Statement burnt = connection.prepare(
      "select id from message where burn_date is not null and burn_date <= ? limit ?");
  piece.take(burnt.bind(now, piece.most()));
  if (keep_from) find_old(connection, *keep_from, piece);
  find_outlived(connection, now, looked_at.retention, piece);
}

}  // namespace

im::Stored<im::None> Messages::set_retention(im::Permit<im::action::SetRetention> permit,
                                             std::optional<int32_t> hours) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<im::None> {
    if (!hours) {
      Statement remove = connection.prepare("delete from group_retention where group_id = ?");
      remove.bind(permit->group).run();
      return im::None{};
    }
    Statement put = connection.prepare(
        "insert into group_retention (group_id, hours) values (?, ?) "
        "on conflict (group_id) do update set hours = excluded.hours");
    put.bind(permit->group, *hours).run();
    return im::None{};
  });
}

im::Stored<bool> Messages::delete_expired(im::Permit<im::action::DeleteExpiredMessages>,
                                          WallTime now, std::optional<WallTime> keep_from) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    Piece piece;
    collect(connection, now, keep_from, {burn_looked_at_, retention_looked_at_}, piece);
    for (const MessageId id : piece.ids) turms::store::erase(connection, id);
    return piece.full();
  });
}

im::Stored<im::Expired> Messages::find_expired(WallTime now, std::optional<WallTime> keep_from,
                                               std::vector<MessageId> kept) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<im::Expired> {
    Piece piece{.ids = {}, .kept = std::move(kept)};
    collect(connection, now, keep_from, {burn_looked_at_, retention_looked_at_}, piece);
    im::Expired expired;
    expired.more = piece.full();
    // The same one may have burnt and be old.
    std::ranges::sort(piece.ids);
    const auto twice = std::ranges::unique(piece.ids);
    piece.ids.erase(twice.begin(), twice.end());
    for (const MessageId id : piece.ids) {
      auto message = find_message(connection, id);
      if (message) expired.messages.push_back(std::move(*message));
    }
    return expired;
  });
}

im::Stored<im::None> Messages::erase(im::Permit<im::action::DeleteExpiredMessages>,
                                     std::vector<MessageId> ids) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<im::None> {
    for (const MessageId id : ids) turms::store::erase(connection, id);
    return im::None{};
  });
}

}  // namespace turms::store
