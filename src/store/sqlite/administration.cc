#include "store/sqlite/administration.h"

#include <array>

#include "store/sqlite/filters.h"
#include "store/sqlite/group_rows.h"
#include "store/sqlite/json.h"
#include "store/sqlite/message_text.h"

namespace turms::store {
namespace {

#define TURMS_GROUPS \
  "from chat_group where " TURMS_ONE_OF("id", 1) "and " TURMS_ONE_OF("type_id", 2)           \
  "and " TURMS_ONE_OF("creator_id", 3) "and " TURMS_ONE_OF("owner_id", 4)                    \
  "and creation_date >= ?5 and creation_date < ?6 and " TURMS_SAME("active", 7)              \
  "and (?8 is null or id in (select group_id from group_member "                             \
  "where user_id in (select value from json_each(?8)))) "

#define TURMS_MESSAGES \
  "from message where delivery_date >= ?1 and delivery_date < ?2 and "                 \
  TURMS_ONE_OF("id", 3) "and (?4 is null or (group_id is not null) = ?4) and "         \
  TURMS_SAME("is_system_message", 5) "and " TURMS_ONE_OF("sender_id", 6)               \
  "and " TURMS_ONE_OF("coalesce(group_id, recipient_id)", 7)                           \
  "and (?8 or recall_date is null) "

/// Without records: they are for clients.
im::Message read_message(Statement& row) {
  im::Message message;
  message.id = row.id<MessageId>();
  message.sender_id = row.id<UserId>();
  message.group_id = row.optional_id<GroupId>();
  message.recipient_id = row.optional_id<UserId>();
  message.is_system_message = row.boolean();
  message.text = row.optional_text();
  message.modification_date = row.optional_time();
  message.recall_date = row.optional_time();
  message.sequence = row.integer();
  message.delivery_date = row.time();
  return message;
}

/// Lists for the parameters, which must outlive the statements.
struct GroupLists {
  explicit GroupLists(const im::GroupSearch& search)
      : ids(json_of(search.ids)),
        types(json_list(search.type_ids)),
        creators(json_of(search.creator_ids)),
        owners(json_of(search.owner_ids)),
        members(json_of(search.member_ids)) {}
  void bind(Statement& statement, const im::GroupSearch& search) const {
    statement.bind(ids, types, creators, owners, from(search.creation_date_start),
                   until(search.creation_date_end), search.active, members);
  }
  std::optional<std::string> ids, types, creators, owners, members;
};

struct MessageLists {
  explicit MessageLists(const im::MessageSearch& search)
      : ids(json_of(search.ids)),
        senders(json_of(search.sender_ids)),
        targets(json_list(search.target_ids)) {}
  void bind(Statement& statement, const im::MessageSearch& search) const {
    statement.bind(from(search.delivery_date_start), until(search.delivery_date_end), ids,
                   search.of_groups, search.system, senders, targets, search.with_recalled);
  }
  std::optional<std::string> ids, senders, targets;
};

}  // namespace

im::Stored<im::Listed<im::Group>> Administration::groups(im::GroupSearch search) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<im::Listed<im::Group>> {
    im::Listed<im::Group> found;
    const GroupLists lists(search);
    Statement count = connection.prepare("select count(*) " TURMS_GROUPS);
    lists.bind(count, search);
    if (count.step()) found.total = count.integer();
    Statement select = connection.prepare("select " TURMS_GROUP_COLUMNS " " TURMS_GROUPS
                                          "order by id limit ?9 offset ?10");
    lists.bind(select, search);
    select.bind(search.limit, search.skip);
    while (select.step()) found.records.push_back(read_group(select));
    return found;
  });
}

im::Stored<im::Listed<im::Message>> Administration::messages(im::MessageSearch search) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<im::Listed<im::Message>> {
    im::Listed<im::Message> found;
    const MessageLists lists(search);
    Statement count = connection.prepare("select count(*) " TURMS_MESSAGES);
    lists.bind(count, search);
    if (count.step()) found.total = count.integer();
    Statement select = connection.prepare(
        "select id, sender_id, group_id, recipient_id, is_system_message, text, "
        "modification_date, recall_date, sequence, delivery_date " TURMS_MESSAGES
        "order by delivery_date desc, id desc limit ?9 offset ?10");
    lists.bind(select, search);
    select.bind(search.limit, search.skip);
    while (select.step()) found.records.push_back(read_message(select));
    return found;
  });
}

im::Stored<std::vector<im::GroupType>> Administration::group_types() {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::GroupType>> {
        std::vector<im::GroupType> found;
        Statement row =
            connection.prepare("select " TURMS_GROUP_TYPE_COLUMNS " from group_type order by id");
        while (row.step()) found.push_back(read_group_type(row));
        return found;
      });
}

im::Stored<im::StorageReport> Administration::storage() {
  co_return co_await readers_.run([&](Connection& connection) -> Result<im::StorageReport> {
    im::StorageReport report;
    report.database_bytes =
        connection.scalar("pragma page_count") * connection.scalar("pragma page_size");
    report.free_bytes =
        connection.scalar("pragma freelist_count") * connection.scalar("pragma page_size");
    report.attachment_bytes = connection.scalar("select coalesce(sum(size), 0) from attachment");
    struct Counted {
      const char* name;
      const char* sql;
    };
    constexpr std::array<Counted, 6> kCounted = {{
        {"users", "select count(*) from user where deletion_date is null"},
        {"groups", "select count(*) from chat_group where active"},
        {"groupMembers", "select count(*) from group_member"},
        // To count ten million rows would take seconds.
        {"messages", "select count(*) from (select 1 from message limit 1000000)"},
        {"meetings", "select count(*) from meeting"},
        {"attachments", "select count(*) from attachment"},
    }};
    for (const Counted& counted : kCounted) {
      report.tables.push_back({counted.name, connection.scalar(counted.sql)});
    }
    return report;
  });
}

im::Stored<int64_t> Administration::delete_messages(im::Permit<im::action::DeleteMessages> permit,
                                                    WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<int64_t> {
    int64_t changed = 0;
    for (const MessageId id : permit->messages) {
      forget_text(connection, id);
      (void)connection.prepare("delete from message_reaction where message_id = ?").bind(id).run();
      Statement update = connection.prepare(
          "update message set text = null, records = null, recall_date = coalesce(recall_date, ?) "
          "where id = ?");
      changed += update.bind(now, id).run();
    }
    return changed;
  });
}

}  // namespace turms::store
