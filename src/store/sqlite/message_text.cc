#include "store/sqlite/message_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>

#include "store/sqlite/message_queries.h"
#include "store/sqlite/repositories.h"
#include "store/sqlite/search_tokens.h"

namespace turms::store {
namespace {

// About 10 ms of the writer.
constexpr int kPiece = 200;
/// Conversations that a search without one looks at; those with the highest ids.
constexpr int kMaxPlaces = 1000;

// One word for the tokenizer.
std::string place_of(ConversationKey key) {
  return key.low < 0 ? fmt::format("g{}", key.high) : fmt::format("p{}x{}", key.low, key.high);
}

struct Text {
  MessageId id;
  ConversationKey key;
  std::string text;
};

/// What the index has of a message; nothing when it is none that can be found.
std::optional<Text> text_of(Connection& connection, MessageId id) {
  Statement find = connection.prepare(
      "select low, high, text from message where id = ? and text is not null "
      "and recall_date is null and is_system_message = 0");
  if (!find.bind(id).step()) return std::nullopt;
  Text found{id, {}, {}};
  found.key.low = find.integer();
  found.key.high = find.integer();
  found.text = find.text();
  return found;
}

int64_t indexed_through(Connection& connection) {
  return connection.scalar("select indexed_through from message_text_state");
}

void insert(Connection& connection, const Text& text) {
  const std::string place = place_of(text.key);
  const std::string tokens = index_tokens(text.text);
  Statement insert =
      connection.prepare("insert into message_text (rowid, place, tokens) values (?, ?, ?)");
  insert.bind(text.id, place, tokens).run();
}

// All conversations of a reader, or the one that is asked for.
std::string places_of(Connection& connection, const im::TextSearch& search) {
  if (search.conversation) {
    return place_of(search.conversation->group_id
                        ? ConversationKey::of(*search.conversation->group_id)
                        : ConversationKey::of(search.reader, *search.conversation->user_id));
  }
  std::string places;
  const auto add = [&](ConversationKey key) {
    if (!places.empty()) places += " OR ";
    places += place_of(key);
  };
  int count = 0;
  {
    Statement groups = connection.prepare(
        "select group_id from group_member where user_id = ? order by group_id desc limit ?");
    groups.bind(search.reader, kMaxPlaces);
    while (groups.step()) {
      add(ConversationKey::of(groups.id<GroupId>()));
      ++count;
    }
  }
  Statement others = connection.prepare(
      "select target_id from private_conversation where owner_id = ? "
      "order by target_id desc limit ?");
  others.bind(search.reader, kMaxPlaces - count);
  while (others.step()) add(ConversationKey::of(search.reader, others.id<UserId>()));
  return places;
}

// BM25 without the rarity of words, which would have FTS5 count every message of every
// conversation: all of the words are in all that is found, so what differs is how often, and in how
// much.
double score(const im::FoundText& found) {
  constexpr double kUsualLength = 100;
  const double hits = static_cast<double>(found.highlights.size());
  const double length = static_cast<double>(found.message.text.value_or("").size());
  return hits / (hits + 1.2 * (0.25 + 0.75 * length / kUsualLength));
}

}  // namespace

void forget_text(Connection& connection, MessageId id) {
  if (id.value > indexed_through(connection)) return;
  const auto text = text_of(connection, id);
  if (!text) return;
  const std::string place = place_of(text->key);
  const std::string tokens = index_tokens(text->text);
  Statement remove = connection.prepare(
      "insert into message_text (message_text, rowid, place, tokens) values ('delete', ?, ?, ?)");
  remove.bind(id, place, tokens).run();
}

void put_text(Connection& connection, MessageId id) {
  if (id.value > indexed_through(connection)) return;
  if (const auto text = text_of(connection, id)) insert(connection, *text);
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
    for (const MessageId id : ids) {
      through = id.value;
      if (const auto text = text_of(connection, id)) insert(connection, *text);
    }
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
        std::vector<im::FoundText> found;
        const auto words = match_expression(search.query);
        const std::string places = places_of(connection, search);
        if (!words || places.empty()) return found;
        const std::string match = fmt::format("place : ({}) AND tokens : ({})", places, *words);
        Statement select = connection.prepare(
            "select " TURMS_MESSAGE_COLUMNS
            "from (select rowid as found from message_text where message_text match ? "
            "order by rowid desc limit ?) join message on id = found "
            "where recall_date is null order by id desc");
        select.bind(match, kMaxRanked);
        while (select.step()) {
          im::FoundText one{read_message(select), {}};
          for (const Highlight& part :
               find_highlights(one.message.text.value_or(""), search.query)) {
            one.highlights.push_back({part.start, part.length});
          }
          found.push_back(std::move(one));
        }
        std::ranges::stable_sort(found, std::ranges::greater{}, score);
        if (found.size() > static_cast<size_t>(search.max_count)) {
          found.resize(static_cast<size_t>(search.max_count));
        }
        return found;
      });
}

}  // namespace turms::store
