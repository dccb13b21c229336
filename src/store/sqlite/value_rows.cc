#include "store/sqlite/value_rows.h"

#include "base/bytes.h"

namespace turms::store {

const ValueTable kUserAttributes = {
    "select name, value from user_attribute where user_id = ?",
    "insert into user_attribute (user_id, name, value) values (?, ?, ?) "
    "on conflict do update set value = excluded.value"};

const ValueTable kUserSettings = {
    "select name, value from user_setting where user_id = ?",
    "insert into user_setting (user_id, name, value) values (?, ?, ?) "
    "on conflict do update set value = excluded.value"};

const ValueTable kGroupAttributes = {
    "select name, value from group_attribute where group_id = ?",
    "insert into group_attribute (group_id, name, value) values (?, ?, ?) "
    "on conflict do update set value = excluded.value"};

im::ValueMap read_values(Connection& connection, const ValueTable& table, int64_t owner) {
  im::ValueMap values;
  Statement select = connection.prepare(table.select);
  select.bind(owner);
  while (select.step()) {
    std::string name = select.text();
    values[std::move(name)] = std::string(as_text(select.blob()));
  }
  return values;
}

void write_values(Connection& connection, const ValueTable& table, int64_t owner,
                  const im::ValueMap& values) {
  for (const auto& [name, value] : values) {
    Statement upsert = connection.prepare(table.upsert);
    upsert.bind(owner, name, as_bytes(value)).run();
  }
}

}  // namespace turms::store
