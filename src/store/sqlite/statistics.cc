#include <algorithm>
#include <unordered_set>

#include "base/check.h"
#include "store/sqlite/administration.h"
#include "store/sqlite/filters.h"

namespace turms::store {
namespace {

#define TURMS_MESSAGES_OF(what)                                                             \
  "select delivery_date, " what                                                             \
  " from message where delivery_date >= ?1 "                                                \
  "and delivery_date < ?2 and (?3 is null or (group_id is not null) = ?3) and " TURMS_SAME( \
      "is_system_message", 4)

/// Dates, and of what they are: that of each kind is counted once in a time, unless all are.
struct Source {
  const char* sql;
  bool distinct;
  bool messages;
};

Source source_of(im::Counted what) {
  switch (what) {
    case im::Counted::kRegisteredUsers:
      return {
          "select registration_date, id from user "
          "where registration_date >= ? and registration_date < ? and deletion_date is null",
          false, false};
    case im::Counted::kDeletedUsers:
      return {"select deletion_date, id from user where deletion_date >= ? and deletion_date < ?",
              false, false};
    case im::Counted::kCreatedGroups:
      return {
          "select creation_date, id from chat_group "
          "where creation_date >= ? and creation_date < ?",
          false, false};
    case im::Counted::kDeletedGroups:
      // Nothing changes behind its deletion.
      return {
          "select last_updated_date, id from chat_group "
          "where not active and last_updated_date >= ? and last_updated_date < ?",
          false, false};
    case im::Counted::kUsersWhoSentMessages:
      return {TURMS_MESSAGES_OF("sender_id") "and sender_id <> 0", true, true};
    case im::Counted::kGroupsThatSentMessages:
      return {TURMS_MESSAGES_OF("group_id") "and group_id is not null", true, true};
    case im::Counted::kSentMessages:
      break;
  }
  return {TURMS_MESSAGES_OF("id"), false, true};
}

}  // namespace

// One pass, however many times there are: messages have no index by their date.
im::Stored<std::vector<int64_t>> Administration::count(im::CountSearch search) {
  TURMS_CHECK(search.bounds.size() >= 2 && std::ranges::is_sorted(search.bounds));
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<int64_t>> {
    const Source source = source_of(search.what);
    std::vector<int64_t> counts(search.bounds.size() - 1);
    std::vector<std::unordered_set<int64_t>> seen(source.distinct ? counts.size() : 0);
    Statement select = connection.prepare(source.sql);
    select.bind(search.bounds.front(), search.bounds.back());
    if (source.messages) select.bind(search.of_groups, search.system);
    while (select.step()) {
      const WallTime date = select.time();
      const auto end = std::ranges::upper_bound(search.bounds, date);
      const auto slot = static_cast<size_t>(end - search.bounds.begin()) - 1;
      if (source.distinct && !seen[slot].insert(select.integer()).second) continue;
      ++counts[slot];
    }
    return counts;
  });
}

}  // namespace turms::store
