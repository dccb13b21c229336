#include "store/sqlite/name_index.h"

#include <algorithm>

#include "base/unicode.h"

namespace turms::store {
namespace {

/// Names that the rarest token of a query has, which are then looked at one by one.
constexpr int kMaxCandidates = 20'000;

struct Found {
  int rank;
  int64_t id;
  auto operator<=>(const Found&) const = default;
};

int rank_of(const std::string& name, const std::string& text) {
  if (name == text) return 0;
  return name.starts_with(text) ? 1 : 2;
}

std::string rarest(Connection& connection, const NameIndex& index,
                   const std::vector<std::string>& tokens) {
  std::string best;
  int64_t least = INT64_MAX;
  for (const std::string& token : tokens) {
    Statement select = connection.prepare(index.count);
    const int64_t count = select.bind(token, kMaxCandidates).step() ? select.integer() : 0;
    if (count < least) {
      least = count;
      best = token;
    }
  }
  return best;
}

}  // namespace

const NameIndex kUserNames = {
    "delete from user_name_token where user_id = ?",
    "insert into user_name_token (token, user_id) values (?, ?)",
    "update user set name_is_indexed = 1 where id = ?",
    "select id, name from user where name_is_indexed = 0 limit ?",
    "select count(*) from (select 1 from user_name_token where token = ? limit ?)",
    "select user.id, name from user_name_token join user on user.id = user_id "
    "where token = ? and active limit ?"};

const NameIndex kGroupNames = {
    "delete from group_name_token where group_id = ?",
    "insert into group_name_token (token, group_id) values (?, ?)",
    "update chat_group set name_is_indexed = 1 where id = ?",
    "select id, name from chat_group where name_is_indexed = 0 limit ?",
    "select count(*) from (select 1 from group_name_token where token = ? limit ?)",
    "select chat_group.id, name from group_name_token join chat_group on chat_group.id = group_id "
    "where token = ? and active limit ?"};

void index_name(Connection& connection, const NameIndex& index, int64_t id,
                const std::string& name) {
  forget_name(connection, index, id);
  for (const std::string& token : name_tokens(fold(name))) {
    (void)connection.prepare(index.insert).bind(token, id).run();
  }
  (void)connection.prepare(index.mark).bind(id).run();
}

void forget_name(Connection& connection, const NameIndex& index, int64_t id) {
  (void)connection.prepare(index.forget).bind(id).run();
}

void index_names(Connection& connection, const NameIndex& index) {
  constexpr size_t kBatch = 1000;
  for (;;) {
    std::vector<std::pair<int64_t, std::string>> names;
    {
      Statement select = connection.prepare(index.unindexed);
      select.bind(static_cast<int64_t>(kBatch));
      while (select.step()) {
        const int64_t id = select.integer();
        names.emplace_back(id, select.text());
      }
    }
    if (names.empty() || connection.failed()) return;
    connection.execute("begin immediate");
    for (const auto& [id, name] : names) index_name(connection, index, id, name);
    connection.execute("commit");
  }
}

std::vector<int64_t> search_names(Connection& connection, const NameIndex& index,
                                  const std::string& text, size_t max) {
  const std::string wanted = fold(text);
  const auto tokens = query_tokens(wanted);
  if (tokens.empty()) return {};
  std::vector<Found> found;
  const std::string token = rarest(connection, index, tokens);
  Statement select = connection.prepare(index.candidates);
  select.bind(token, kMaxCandidates);
  while (select.step()) {
    const int64_t id = select.integer();
    const std::string name = fold(select.text());
    if (name.find(wanted) != std::string::npos) found.push_back({rank_of(name, wanted), id});
  }
  std::ranges::sort(found);
  if (found.size() > max) found.resize(max);
  std::vector<int64_t> ids;
  for (const Found& one : found) ids.push_back(one.id);
  return ids;
}

}  // namespace turms::store
