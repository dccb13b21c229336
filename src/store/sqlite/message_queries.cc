#include "store/sqlite/message_queries.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <queue>
#include <span>

#include "store/sqlite/heads.h"
#include "store/sqlite/json.h"

namespace turms::store {
namespace {

#define TURMS_SELECT_MESSAGE "select " TURMS_MESSAGE_COLUMNS "from message "
#define TURMS_OF_CONVERSATION                                                      \
  "where low = ?1 and high = ?2 and sequence >= ?3 and sequence < ?4 "             \
  "and (?5 is null or is_system_message = ?5) and (?6 is null or sender_id = ?6) " \
  "and (?7 or recall_date is null) "

constexpr const char* kSelectById = TURMS_SELECT_MESSAGE "where id = ?";
constexpr const char* kSelect =
    TURMS_SELECT_MESSAGE TURMS_OF_CONVERSATION "order by sequence limit ?8";
constexpr const char* kSelectDescending =
    TURMS_SELECT_MESSAGE TURMS_OF_CONVERSATION "order by sequence desc limit ?8";
constexpr const char* kCount = "select count(*) from message " TURMS_OF_CONVERSATION;

#undef TURMS_SELECT_MESSAGE
#undef TURMS_OF_CONVERSATION

// Conversations that are read side by side, each with a statement of its own.
constexpr size_t kCursors = Connection::kMaxIdle;

std::vector<Bytes> decode_records(ByteView encoded) {
  std::vector<Bytes> records;
  ByteReader reader(encoded);
  while (reader.remaining() > 0) {
    const ByteView record = reader.bytes(reader.u32());
    if (!reader.ok()) break;
    records.emplace_back(record.begin(), record.end());
  }
  return records;
}

struct DateRange {
  WallTime first{0};
  WallTime end{std::numeric_limits<int64_t>::max()};

  explicit DateRange(const im::MessageFilter& filter) {
    if (filter.delivery_date_start) first = *filter.delivery_date_start;
    if (filter.delivery_date_end) end = *filter.delivery_date_end;
  }
  [[nodiscard]] bool contains(WallTime date) const { return date >= first && date < end; }
};

struct SequenceRange {
  int64_t first = 0;
  int64_t end = std::numeric_limits<int64_t>::max();
};

SequenceRange sequences_of(Connection& connection, ConversationKey key, const DateRange& dates) {
  SequenceRange range;
  if (dates.first.unix_ms > 0) range.first = first_sequence_at(connection, key, dates.first);
  if (dates.end.unix_ms < std::numeric_limits<int64_t>::max()) {
    range.end = first_sequence_at(connection, key, dates.end);
  }
  return range;
}

template <class T>
bool contains(const std::vector<T>& all, T one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

/// The order of messages of several conversations.
bool before(const im::Message& a, const im::Message& b) {
  return std::pair(a.delivery_date, a.id) < std::pair(b.delivery_date, b.id);
}

bool matches(const im::MessageFilter& filter, const im::Message& message) {
  if (message.recall_date && !filter.recalled_too) return false;
  if (!DateRange(filter).contains(message.delivery_date)) return false;
  if (filter.are_system_messages && *filter.are_system_messages != message.is_system_message) {
    return false;
  }
  if (filter.of_groups) return message.group_id && contains(filter.group_ids, *message.group_id);
  const auto between = [&](UserId from, std::optional<UserId> to) {
    return to == filter.recipient_id &&
           (filter.sender_ids.empty() || contains(filter.sender_ids, from));
  };
  if (between(message.sender_id, message.recipient_id)) return true;
  return filter.own_too && message.recipient_id &&
         between(*message.recipient_id, message.sender_id);
}

std::vector<im::Message> select_by_id(Connection& connection, const im::MessageFilter& filter) {
  std::vector<MessageId> ids = filter.ids;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::vector<im::Message> found;
  Statement select = connection.prepare(kSelectById);
  for (const MessageId id : ids) {
    select.bind(id);
    if (select.step()) {
      im::Message message = read_message(select);
      if (matches(filter, message)) found.push_back(std::move(message));
    }
    select.reset();
  }
  std::sort(found.begin(), found.end(), before);
  if (filter.descending) std::reverse(found.begin(), found.end());
  if (found.size() > static_cast<size_t>(filter.max_count)) {
    found.resize(static_cast<size_t>(filter.max_count));
  }
  return found;
}

/// A conversation, and whose messages of it are asked for.
struct Part {
  ConversationKey key;
  std::optional<UserId> sender;
};

std::vector<Part> parts_of(Connection& connection, const im::MessageFilter& filter) {
  std::vector<Part> parts;
  if (filter.of_groups) {
    for (const GroupId group : filter.group_ids) parts.push_back({ConversationKey::of(group), {}});
    return parts;
  }
  const UserId to = filter.recipient_id;
  const auto add = [&](UserId from) {
    const std::optional<UserId> sender = filter.own_too ? std::nullopt : std::optional(from);
    parts.push_back({ConversationKey::of(from, to), sender});
  };
  for (const UserId from : filter.sender_ids) add(from);
  if (!filter.sender_ids.empty()) return parts;
  // Everybody who ever wrote to them, or was written to.
  Statement others =
      connection.prepare("select target_id from private_conversation where owner_id = ?");
  others.bind(to);
  while (others.step()) add(others.id<UserId>());
  return parts;
}

// The first messages of some conversations, merged from one cursor for each: it reads no more rows
// than it returns, plus one per conversation.
std::vector<im::Message> merge(Connection& connection, const im::MessageFilter& filter,
                               const DateRange& dates, std::span<const Part> parts) {
  struct Cursor {
    std::unique_ptr<Statement> statement;
    im::Message next;
    bool advance() {
      if (!statement->step()) return false;
      next = read_message(*statement);
      return true;
    }
  };
  std::vector<Cursor> cursors;
  cursors.reserve(parts.size());
  for (const Part& part : parts) {
    const SequenceRange range = sequences_of(connection, part.key, dates);
    if (range.first >= range.end) continue;
    Cursor cursor{std::unique_ptr<Statement>(new Statement(
                      connection.prepare(filter.descending ? kSelectDescending : kSelect))),
                  {}};
    cursor.statement->bind(part.key.low, part.key.high, range.first, range.end,
                           filter.are_system_messages, part.sender, filter.recalled_too,
                           filter.max_count);
    if (cursor.advance()) cursors.push_back(std::move(cursor));
  }
  const auto later = [&](size_t a, size_t b) {
    return filter.descending ? before(cursors[a].next, cursors[b].next)
                             : before(cursors[b].next, cursors[a].next);
  };
  std::priority_queue<size_t, std::vector<size_t>, decltype(later)> queue(later);
  for (size_t i = 0; i < cursors.size(); ++i) queue.push(i);
  std::vector<im::Message> found;
  while (!queue.empty() && found.size() < static_cast<size_t>(filter.max_count)) {
    const size_t first = queue.top();
    queue.pop();
    found.push_back(std::move(cursors[first].next));
    if (cursors[first].advance()) queue.push(first);
  }
  return found;
}

// Some conversations after the others, however many there are: what is found so far narrows the
// range for those that follow, so that most of them have nothing to add.
std::vector<im::Message> select(Connection& connection, const im::MessageFilter& filter) {
  const auto in_order = [&](const im::Message& a, const im::Message& b) {
    return filter.descending ? before(b, a) : before(a, b);
  };
  const size_t max_count = static_cast<size_t>(filter.max_count);
  DateRange range(filter);
  std::vector<im::Message> found;
  const std::vector<Part> parts = parts_of(connection, filter);
  std::span<const Part> rest(parts);
  while (!rest.empty()) {
    const size_t size = std::min(rest.size(), kCursors);
    std::vector<im::Message> more = merge(connection, filter, range, rest.first(size));
    rest = rest.subspan(size);
    const auto middle = static_cast<std::ptrdiff_t>(found.size());
    std::move(more.begin(), more.end(), std::back_inserter(found));
    std::inplace_merge(found.begin(), found.begin() + middle, found.end(), in_order);
    if (found.size() < max_count) continue;
    found.resize(max_count);
    // Others may have the very date of the last one.
    if (filter.descending) {
      range.first = found.back().delivery_date;
    } else {
      range.end = {found.back().delivery_date.unix_ms + 1};
    }
  }
  return found;
}

}  // namespace

Bytes encode_records(const std::vector<Bytes>& records) {
  size_t size = 0;
  for (const Bytes& record : records) size += 4 + record.size();
  Bytes encoded(size);
  ByteWriter writer(encoded);
  for (const Bytes& record : records) {
    writer.u32(static_cast<uint32_t>(record.size()));
    writer.bytes(record);
  }
  return encoded;
}

im::Message read_message(Statement& row) {
  im::Message message;
  message.id = row.id<MessageId>();
  message.sequence = row.integer();
  message.delivery_date = row.time();
  message.sender_id = row.id<UserId>();
  message.group_id = row.optional_id<GroupId>();
  message.recipient_id = row.optional_id<UserId>();
  message.is_system_message = row.boolean();
  message.text = row.optional_text();
  message.records = decode_records(row.blob());
  if (!row.null()) message.burn_after = static_cast<int32_t>(row.integer());
  message.modification_date = row.optional_time();
  message.recall_date = row.optional_time();
  message.pre_message_id = row.optional_id<MessageId>();
  return message;
}

void add_reactions(Connection& connection, std::vector<im::Message>& messages) {
  if (messages.empty()) return;
  std::map<int64_t, im::Message*> by_id;
  std::vector<MessageId> ids;
  for (im::Message& message : messages) {
    by_id.emplace(message.id.value, &message);
    ids.push_back(message.id);
  }
  const std::optional<std::string> list = json_of(ids);
  Statement rows = connection.prepare(
      "select message_id, type, user_id from message_reaction "
      "where message_id in (select value from json_each(?)) order by message_id, type, date");
  rows.bind(list);
  while (rows.step()) {
    std::vector<im::ReactionGroup>& groups = by_id.at(rows.integer())->reactions;
    const auto type = static_cast<int32_t>(rows.integer());
    if (groups.empty() || groups.back().type != type) groups.push_back({type, 0, {}});
    ++groups.back().count;
    if (groups.back().users.size() < im::ReactionGroup::kMaxUsers) {
      groups.back().users.push_back(rows.id<UserId>());
    }
  }
}

std::optional<im::Message> find_message(Connection& connection, MessageId id) {
  Statement row = connection.prepare(kSelectById);
  if (!row.bind(id).step()) return std::nullopt;
  return read_message(row);
}

std::vector<im::Message> find_messages(Connection& connection, const im::MessageFilter& filter) {
  if (!filter.ids.empty()) return select_by_id(connection, filter);
  return select(connection, filter);
}

int64_t count_messages(Connection& connection, const im::MessageFilter& filter) {
  if (!filter.ids.empty()) {
    im::MessageFilter all = filter;
    all.max_count = std::numeric_limits<int32_t>::max();
    return static_cast<int64_t>(select_by_id(connection, all).size());
  }
  const DateRange dates(filter);
  int64_t total = 0;
  for (const Part& part : parts_of(connection, filter)) {
    const SequenceRange range = sequences_of(connection, part.key, dates);
    Statement count = connection.prepare(kCount);
    count.bind(part.key.low, part.key.high, range.first, range.end, filter.are_system_messages,
               part.sender, filter.recalled_too);
    if (count.step()) total += count.integer();
  }
  return total;
}

}  // namespace turms::store
