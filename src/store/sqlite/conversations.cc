#include "store/sqlite/repositories.h"

namespace turms::store {
namespace {

// The two tables hold the same: (owner, target) or (group, member).
struct ReadTable {
  const char* find;
  const char* put;
};

constexpr ReadTable kPrivate = {
    "select read_date, read_sequence from private_conversation where owner_id = ? and target_id = "
    "?",
    "insert into private_conversation (owner_id, target_id, read_date, read_sequence) "
    "values (?, ?, ?, ?) on conflict (owner_id, target_id) do update "
    "set read_date = excluded.read_date, read_sequence = excluded.read_sequence"};
constexpr ReadTable kGroup = {
    "select read_date, read_sequence from group_conversation where group_id = ? and member_id = ?",
    "insert into group_conversation (group_id, member_id, read_date, read_sequence) "
    "values (?, ?, ?, ?) on conflict (group_id, member_id) do update "
    "set read_date = excluded.read_date, read_sequence = excluded.read_sequence"};

im::ReadMoved move(Connection& connection, const ReadTable& table, int64_t first, int64_t second,
                   ConversationKey key, const im::ReadMove& move) {
  im::ReadMoved now;
  {
    Statement find = connection.prepare(table.find);
    if (find.bind(first, second).step()) {
      now.read_date = find.time();
      now.read_sequence = find.integer();
    }
  }
  const Head head = find_head(connection, key);
  im::ReadMoved asked{true, move.now, head.sequence};
  if (move.sequence) {
    asked.read_sequence = std::min(*move.sequence, head.sequence);
    if (asked.read_sequence < now.read_sequence && !move.backwards) return now;
  } else if (move.until) {
    if (*move.until < now.read_date && !move.backwards) return now;
    asked.read_date = *move.until;
    asked.read_sequence = first_sequence_at(connection, key, {move.until->unix_ms + 1}) - 1;
  }
  // What was written is read, also when the clock is behind.
  if (!move.until && !move.backwards) {
    asked.read_date = std::max({asked.read_date, now.read_date, head.delivery_date});
  }
  Statement put = connection.prepare(table.put);
  put.bind(first, second, asked.read_date, asked.read_sequence).run();
  return asked;
}

}  // namespace

im::Stored<std::vector<im::PrivateConversation>> Conversations::find_private(
    std::vector<UserId> owners, UserId target) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::PrivateConversation>> {
        std::vector<im::PrivateConversation> found;
        Statement select = connection.prepare(
            "select read_date, read_sequence from private_conversation "
            "where owner_id = ? and target_id = ? and read_date > 0");
        for (const UserId owner : owners) {
          select.bind(owner, target);
          if (select.step()) {
            const WallTime date = select.time();
            found.push_back({owner, target, date, select.integer()});
          }
          select.reset();
        }
        return found;
      });
}

im::Stored<std::vector<im::GroupConversation>> Conversations::find_group(std::vector<GroupId> ids) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::GroupConversation>> {
        std::vector<im::GroupConversation> found;
        Statement select = connection.prepare(
            "select member_id, read_date, read_sequence from group_conversation "
            "where group_id = ? and read_date > 0 order by member_id");
        for (const GroupId id : ids) {
          im::GroupConversation conversation{id, {}};
          select.bind(id);
          while (select.step()) {
            const auto member = select.id<UserId>();
            const WallTime date = select.time();
            conversation.reads.push_back({member, date, select.integer()});
          }
          select.reset();
          if (!conversation.reads.empty()) found.push_back(std::move(conversation));
        }
        return found;
      });
}

im::Stored<im::ReadMoved> Conversations::move_private(
    im::Permit<im::action::MovePrivateReadDate> permit, im::ReadMove asked) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<im::ReadMoved> {
    return move(connection, kPrivate, permit->owner.value, permit->target.value,
                ConversationKey::of(permit->owner, permit->target), asked);
  });
}

im::Stored<im::ReadMoved> Conversations::move_group(
    im::Permit<im::action::MoveGroupReadDate> permit, im::ReadMove asked) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<im::ReadMoved> {
    return move(connection, kGroup, permit->group.value, permit->member.value,
                ConversationKey::of(permit->group), asked);
  });
}

}  // namespace turms::store
