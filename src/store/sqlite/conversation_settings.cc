#include <algorithm>

#include "store/sqlite/conversation_settings.h"
#include "store/sqlite/json.h"

namespace turms::store {
namespace {

using Filter = im::ConversationSettingsFilter;

struct Row {
  bool of_group = false;
  int64_t target = 0;
  std::string name;
  std::string value;
  WallTime date;
};

bool names_it(const Filter& filter, bool of_group, int64_t target) {
  if (filter.user_ids.empty() && filter.group_ids.empty()) return true;
  return of_group ? std::ranges::find(filter.group_ids, GroupId(target)) != filter.group_ids.end()
                  : std::ranges::find(filter.user_ids, UserId(target)) != filter.user_ids.end();
}

// An owner has few of them: what is allowed times the conversations that have any.
std::vector<Row> rows_of(Connection& connection, const Filter& filter) {
  std::vector<Row> rows;
  Statement select = connection.prepare(
      "select is_group, target_id, name, value, last_updated_date from conversation_setting "
      "where owner_id = ? order by is_group, target_id, name");
  select.bind(filter.owner_id);
  while (select.step()) {
    Row row;
    row.of_group = select.boolean();
    row.target = select.integer();
    row.name = select.text();
    const ByteView value = select.blob();
    row.value.assign(value.begin(), value.end());
    row.date = select.time();
    if (names_it(filter, row.of_group, row.target)) rows.push_back(std::move(row));
  }
  return rows;
}

bool wanted(const Filter& filter, const std::string& name) {
  return filter.names.empty() || std::ranges::find(filter.names, name) != filter.names.end();
}

}  // namespace

im::Stored<std::vector<im::ConversationSettingsOf>> ConversationSettings::find(Filter filter) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::ConversationSettingsOf>> {
        std::vector<im::ConversationSettingsOf> found;
        for (Row& row : rows_of(connection, filter)) {
          if (!wanted(filter, row.name)) continue;
          im::ConversationRef ref;
          if (row.of_group) {
            ref.group_id = GroupId(row.target);
          } else {
            ref.user_id = UserId(row.target);
          }
          if (found.empty() || found.back().conversation != ref) {
            found.push_back({ref, {}, row.date});
          }
          found.back().last_updated_date = std::max(found.back().last_updated_date, row.date);
          found.back().settings.emplace(std::move(row.name), std::move(row.value));
        }
        if (filter.last_updated_date_start) {
          std::erase_if(found, [&](const im::ConversationSettingsOf& one) {
            return one.last_updated_date < *filter.last_updated_date_start;
          });
        }
        return found;
      });
}

im::Stored<im::ConversationSettingsRepository::Put> ConversationSettings::put(
    im::Permit<im::action::ChangeConversationSettings> permit, im::ConversationRef conversation,
    std::map<std::string, std::string> settings, std::set<std::string> immutable, WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<Put> {
    const bool of_group = conversation.group_id.has_value();
    const int64_t target = of_group ? conversation.group_id->value : conversation.user_id->value;
    std::vector<const std::pair<const std::string, std::string>*> changed;
    {
      Statement find = connection.prepare(
          "select value from conversation_setting "
          "where owner_id = ? and is_group = ? and target_id = ? and name = ?");
      for (const auto& setting : settings) {
        const bool there = find.bind(permit->owner, of_group, target, setting.first).step();
        bool same = false;
        if (there) {
          const ByteView value = find.blob();
          same = std::ranges::equal(value, as_bytes(setting.second));
        }
        find.reset();
        if (there && !same && immutable.contains(setting.first)) return Put::kImmutable;
        if (!same) changed.push_back(&setting);
      }
    }
    if (changed.empty()) return Put::kUnchanged;
    Statement upsert = connection.prepare(
        "insert into conversation_setting "
        "(owner_id, is_group, target_id, name, value, last_updated_date) values (?, ?, ?, ?, ?, ?) "
        "on conflict (owner_id, is_group, target_id, name) do update "
        "set value = excluded.value, last_updated_date = excluded.last_updated_date");
    for (const auto* setting : changed) {
      upsert.bind(permit->owner, of_group, target, setting->first, as_bytes(setting->second), now);
      upsert.run();
      upsert.reset();
    }
    return Put::kDone;
  });
}

im::Stored<bool> ConversationSettings::remove(
    im::Permit<im::action::ChangeConversationSettings> permit, Filter filter) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    filter.owner_id = permit->owner;
    bool removed = false;
    for (const Row& row : rows_of(connection, filter)) {
      if (!wanted(filter, row.name)) continue;
      Statement erase = connection.prepare(
          "delete from conversation_setting "
          "where owner_id = ? and is_group = ? and target_id = ? and name = ?");
      erase.bind(permit->owner, row.of_group, row.target, row.name).run();
      removed = true;
    }
    return removed;
  });
}

}  // namespace turms::store
