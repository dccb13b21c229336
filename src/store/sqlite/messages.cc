#include <algorithm>
#include <queue>
#include <span>

#include "base/check.h"
#include "store/sqlite/json.h"
#include "store/sqlite/repositories.h"

namespace turms::store {
namespace {

// What read_message() reads. Macros, because a statement's text must be one literal.
#define TURMS_SELECT_MESSAGE                                                                     \
  "select id, sender_id, group_id, recipient_id, is_system_message, text, records, burn_after, " \
  "modification_date, recall_date from message "
// `recall_date is null` is what lets SQLite use the partial indexes.
#define TURMS_OF_GROUP                                                    \
  "where group_id = ?1 and id >= ?2 and id < ?3 and recall_date is null " \
  "and (?4 is null or is_system_message = ?4) "
#define TURMS_TO_USER                                                         \
  "where recipient_id = ?1 and id >= ?2 and id < ?3 and recall_date is null " \
  "and (?4 is null or is_system_message = ?4) "                               \
  "and (?5 is null or sender_id in (select value from json_each(?5))) "

constexpr const char* kSelectById = TURMS_SELECT_MESSAGE "where id = ?";
constexpr const char* kSelectOfGroup = TURMS_SELECT_MESSAGE TURMS_OF_GROUP "order by id limit ?5";
constexpr const char* kSelectOfGroupDescending =
    TURMS_SELECT_MESSAGE TURMS_OF_GROUP "order by id desc limit ?5";
constexpr const char* kCountOfGroup = "select count(*) from message " TURMS_OF_GROUP;
constexpr const char* kSelectPrivate = TURMS_SELECT_MESSAGE TURMS_TO_USER "order by id limit ?6";
constexpr const char* kSelectPrivateDescending =
    TURMS_SELECT_MESSAGE TURMS_TO_USER "order by id desc limit ?6";
constexpr const char* kCountPrivate = "select count(*) from message " TURMS_TO_USER;

#undef TURMS_SELECT_MESSAGE
#undef TURMS_OF_GROUP
#undef TURMS_TO_USER

// Groups that are read side by side, each with a statement of its own.
constexpr size_t kCursors = Connection::kMaxIdle;

// Each record after its length (32 bits, network byte order).
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

im::Message read_message(Statement& row) {
  im::Message message;
  message.id = row.id<MessageId>();
  message.sender_id = row.id<UserId>();
  message.group_id = row.optional_id<GroupId>();
  message.recipient_id = row.optional_id<UserId>();
  message.is_system_message = row.boolean();
  message.text = row.optional_text();
  message.records = decode_records(row.blob());
  if (!row.null()) message.burn_after = static_cast<int32_t>(row.integer());
  message.modification_date = row.optional_time();
  message.recall_date = row.optional_time();
  return message;
}

void insert_message(Connection& connection, const im::NewMessage& added) {
  const im::Message& message = added.message;
  {
    Statement insert = connection.prepare(
        "insert into message (id, sender_id, group_id, recipient_id, is_system_message, text, "
        "records, burn_after) values (?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(message.id, message.sender_id, message.group_id, message.recipient_id,
                message.is_system_message, message.text);
    const Bytes records = added.keep_records ? encode_records(message.records) : Bytes();
    if (records.empty()) {
      insert.bind_null();
    } else {
      insert.bind(ByteView(records));
    }
    insert.bind(message.burn_after);
    insert.run();
  }
  if (!added.move_read_date || connection.failed()) return;
  Statement upsert = connection.prepare(
      message.group_id
          ? "insert into group_conversation (group_id, member_id, read_date) values (?, ?, ?) "
            "on conflict (group_id, member_id) do update "
            "set read_date = max(read_date, excluded.read_date)"
          : "insert into private_conversation (target_id, owner_id, read_date) values (?, ?, ?) "
            "on conflict (owner_id, target_id) do update "
            "set read_date = max(read_date, excluded.read_date)");
  upsert.bind(message.group_id ? message.group_id->value : message.recipient_id->value,
              message.sender_id, message.delivery_date());
  upsert.run();
}

// What of the ids the dates of a filter leave.
struct IdRange {
  int64_t first = 0;
  int64_t end = std::numeric_limits<int64_t>::max();
};

IdRange range_of(const im::MessageFilter& filter) {
  IdRange range;
  if (filter.delivery_date_start) range.first = IdGenerator::first_at(*filter.delivery_date_start);
  if (filter.delivery_date_end) range.end = IdGenerator::first_at(*filter.delivery_date_end);
  return range;
}

template <class T>
bool contains(const std::vector<T>& all, T one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

bool matches(const im::MessageFilter& filter, const IdRange& range, const im::Message& message) {
  if (message.recall_date || message.id.value < range.first || message.id.value >= range.end) {
    return false;
  }
  if (filter.are_system_messages && *filter.are_system_messages != message.is_system_message) {
    return false;
  }
  if (filter.of_groups) return message.group_id && contains(filter.group_ids, *message.group_id);
  return message.recipient_id == filter.recipient_id &&
         (filter.sender_ids.empty() || contains(filter.sender_ids, message.sender_id));
}

std::vector<im::Message> select_by_id(Connection& connection, const im::MessageFilter& filter) {
  std::vector<MessageId> ids = filter.ids;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  if (filter.descending) std::reverse(ids.begin(), ids.end());
  const IdRange range = range_of(filter);
  std::vector<im::Message> found;
  Statement select = connection.prepare(kSelectById);
  for (const MessageId id : ids) {
    if (found.size() >= static_cast<size_t>(filter.max_count)) break;
    select.bind(id);
    if (select.step()) {
      im::Message message = read_message(select);
      if (matches(filter, range, message)) found.push_back(std::move(message));
    }
    select.reset();
  }
  return found;
}

std::vector<im::Message> select_private(Connection& connection, const im::MessageFilter& filter) {
  const IdRange range = range_of(filter);
  const std::optional<std::string> senders = json_of(filter.sender_ids);
  std::vector<im::Message> found;
  Statement select =
      connection.prepare(filter.descending ? kSelectPrivateDescending : kSelectPrivate);
  select.bind(filter.recipient_id, range.first, range.end, filter.are_system_messages, senders,
              filter.max_count);
  while (select.step()) found.push_back(read_message(select));
  return found;
}

// The first messages of some groups, merged from one cursor per group: it reads no more rows than
// it returns, plus one per group.
std::vector<im::Message> merge_groups(Connection& connection, const im::MessageFilter& filter,
                                      const IdRange& range, std::span<const GroupId> groups) {
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
  cursors.reserve(groups.size());
  for (const GroupId group : groups) {
    Cursor cursor{std::unique_ptr<Statement>(new Statement(connection.prepare(
                      filter.descending ? kSelectOfGroupDescending : kSelectOfGroup))),
                  {}};
    cursor.statement->bind(group, range.first, range.end, filter.are_system_messages,
                           filter.max_count);
    if (cursor.advance()) cursors.push_back(std::move(cursor));
  }
  const auto later = [&](size_t a, size_t b) {
    const bool less = cursors[a].next.id < cursors[b].next.id;
    return filter.descending ? less : !less;
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

// Some groups after the others, however many there are: what is found so far narrows the range for
// those that follow, so that most of them have nothing to add.
std::vector<im::Message> select_of_groups(Connection& connection, const im::MessageFilter& filter) {
  const auto before = [&](const im::Message& a, const im::Message& b) {
    return filter.descending ? b.id < a.id : a.id < b.id;
  };
  const size_t max_count = static_cast<size_t>(filter.max_count);
  IdRange range = range_of(filter);
  std::vector<im::Message> found;
  std::span<const GroupId> rest(filter.group_ids);
  while (!rest.empty()) {
    const size_t size = std::min(rest.size(), kCursors);
    std::vector<im::Message> more = merge_groups(connection, filter, range, rest.first(size));
    rest = rest.subspan(size);
    const auto middle = static_cast<std::ptrdiff_t>(found.size());
    std::move(more.begin(), more.end(), std::back_inserter(found));
    std::inplace_merge(found.begin(), found.begin() + middle, found.end(), before);
    if (found.size() < max_count) continue;
    found.resize(max_count);
    if (filter.descending) {
      range.first = found.back().id.value + 1;
    } else {
      range.end = found.back().id.value;
    }
  }
  return found;
}

std::vector<im::Message> select(Connection& connection, const im::MessageFilter& filter) {
  if (!filter.ids.empty()) return select_by_id(connection, filter);
  return filter.of_groups ? select_of_groups(connection, filter)
                          : select_private(connection, filter);
}

int64_t count_rows(Connection& connection, const im::MessageFilter& filter) {
  if (!filter.ids.empty()) {
    im::MessageFilter all = filter;
    all.max_count = std::numeric_limits<int32_t>::max();
    return static_cast<int64_t>(select_by_id(connection, all).size());
  }
  const IdRange range = range_of(filter);
  if (!filter.of_groups) {
    const std::optional<std::string> senders = json_of(filter.sender_ids);
    Statement count = connection.prepare(kCountPrivate);
    count.bind(filter.recipient_id, range.first, range.end, filter.are_system_messages, senders);
    return count.step() ? count.integer() : 0;
  }
  int64_t total = 0;
  for (const GroupId group : filter.group_ids) {
    Statement count = connection.prepare(kCountOfGroup);
    count.bind(group, range.first, range.end, filter.are_system_messages);
    if (count.step()) total += count.integer();
  }
  return total;
}

}  // namespace

im::Stored<im::None> Messages::append(im::Permit<im::action::SendMessage> permit,
                                      im::NewMessage message) {
  TURMS_CHECK(message.message.sender_id == permit->sender &&
              message.message.group_id == permit->group &&
              message.message.recipient_id == permit->recipient);
  auto operation = writer_.run([&](Connection& connection) -> Result<im::None> {
    insert_message(connection, message);
    return im::None{};
  });
  // The first statement is the only one that a constraint can refuse.
  operation.needs_savepoint = false;
  co_return co_await operation;
}

im::Stored<std::optional<im::Message>> Messages::find(MessageId id) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::optional<im::Message>> {
        Statement row = connection.prepare(kSelectById);
        if (!row.bind(id).step()) return std::nullopt;
        return read_message(row);
      });
}

im::Stored<std::vector<im::Message>> Messages::query(im::MessageFilter filter) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<im::Message>> {
    return select(connection, filter);
  });
}

im::Stored<int64_t> Messages::count(im::MessageFilter filter) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<int64_t> { return count_rows(connection, filter); });
}

im::Stored<bool> Messages::edit(im::Permit<im::action::EditMessage> permit,
                                std::optional<std::string> text,
                                std::optional<std::vector<Bytes>> records, WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    const Bytes encoded = records ? encode_records(*records) : Bytes();
    Statement update = connection.prepare(
        "update message set text = coalesce(?, text), records = coalesce(?, records), "
        "modification_date = ? where id = ? and recall_date is null");
    update.bind(text);
    if (records) {
      update.bind(ByteView(encoded));
    } else {
      update.bind_null();
    }
    return update.bind(now, permit->message).run() > 0;
  });
}

im::Stored<bool> Messages::recall(im::Permit<im::action::RecallMessage> permit,
                                  WallTime recall_date, im::NewMessage notice) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    {
      Statement update = connection.prepare(
          "update message set recall_date = ? where id = ? and recall_date is null");
      if (update.bind(recall_date, permit->message).run() == 0) return false;
    }
    insert_message(connection, notice);
    return true;
  });
}

}  // namespace turms::store
