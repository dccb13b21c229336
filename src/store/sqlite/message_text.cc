#include "store/sqlite/message_text.h"

#include <algorithm>
#include <optional>
#include <string>

#include "store/sqlite/message_search.h"
#include "store/sqlite/repositories.h"
#include "store/sqlite/search_tokens.h"

namespace turms::store {
namespace {

// About 10 ms of the writer.
constexpr int kPiece = 200;

struct Text {
  ConversationKey key;
  int64_t sequence = 0;
  std::string text;
};

/// What the index has of a message; nothing when it is none that can be found.
std::optional<Text> text_of(Connection& connection, MessageId id) {
  Statement find = connection.prepare(
      "select low, high, sequence, text from message where id = ? and text is not null "
      "and recall_date is null and is_system_message = 0");
  if (!find.bind(id).step()) return std::nullopt;
  Text found;
  found.key.low = find.integer();
  found.key.high = find.integer();
  found.sequence = find.integer();
  found.text = find.text();
  return found;
}

/// The message's row of the index; its conversation gets a number when it has none.
int64_t row_of(Connection& connection, const Text& text) {
  Statement find =
      connection.prepare("select number from searched_conversation where high = ? and low = ?");
  if (find.bind(text.key.high, text.key.low).step()) {
    return text_row(find.integer(), text.sequence);
  }
  Statement insert = connection.prepare(
      "insert into searched_conversation (high, low) values (?, ?) returning number");
  const bool made = insert.bind(text.key.high, text.key.low).step();
  return made ? text_row(insert.integer(), text.sequence) : 0;
}

int64_t indexed_through(Connection& connection) {
  return connection.scalar("select indexed_through from message_text_state");
}

void insert(Connection& connection, int64_t row, const std::string& text) {
  const std::string tokens = index_tokens(text);
  Statement insert = connection.prepare("insert into message_text (rowid, tokens) values (?, ?)");
  insert.bind(row, tokens).run();
}

}  // namespace

void forget_text(Connection& connection, MessageId id) {
  if (id.value > indexed_through(connection)) return;
  const auto text = text_of(connection, id);
  if (!text) return;
  const int64_t row = row_of(connection, *text);
  const std::string tokens = index_tokens(text->text);
  Statement remove = connection.prepare(
      "insert into message_text (message_text, rowid, tokens) values ('delete', ?, ?)");
  remove.bind(row, tokens).run();
}

void put_text(Connection& connection, MessageId id) {
  if (id.value > indexed_through(connection)) return;
  if (const auto text = text_of(connection, id)) {
    insert(connection, row_of(connection, *text), text->text);
  }
}

im::Stored<bool> Messages::index_text() {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    int64_t through = indexed_through(connection);
    const int64_t before = through;
    std::vector<MessageId> ids;
    {
      Statement next =
          connection.prepare("select id from message where id > ? order by id limit ?");
      next.bind(through, kPiece);
      while (next.step()) ids.push_back(next.id<MessageId>());
    }
    std::vector<std::pair<int64_t, std::string>> rows;
    for (const MessageId id : ids) {
      through = id.value;
      if (auto text = text_of(connection, id)) {
        rows.emplace_back(row_of(connection, *text), std::move(text->text));
      }
    }
    // FTS5 writes out what it has gathered when a row comes before the last one.
    std::ranges::sort(rows);
    for (const auto& [row, text] : rows) insert(connection, row, text);
    if (through != before) {
      Statement update = connection.prepare("update message_text_state set indexed_through = ?");
      update.bind(through).run();
    }
    return ids.size() == static_cast<size_t>(kPiece);
  });
}

im::Stored<std::vector<im::FoundText>> Messages::search(im::TextSearch search) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::FoundText>> {
        return search_messages(connection, search).found;
      });
}

}  // namespace turms::store
