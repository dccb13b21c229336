#include <algorithm>
#include <iterator>

#include "base/unicode.h"
#include "store/sqlite/repositories.h"

namespace turms::store {
namespace {

/// Names that the rarest token of a query has, which are then looked at one by one.
constexpr int kMaxCandidates = 20'000;

struct Found {
  int rank;
  UserId user;
};

int rank_of(const std::string& name, const std::string& text) {
  if (name == text) return 0;
  return name.starts_with(text) ? 1 : 2;
}

int64_t count_of(Connection& connection, const std::string& token) {
  Statement select = connection.prepare(
      "select count(*) from (select 1 from user_name_token where token = ? limit 20000)");
  return select.bind(token).step() ? select.integer() : 0;
}

std::string rarest(Connection& connection, const std::vector<std::string>& tokens) {
  std::string best;
  int64_t least = INT64_MAX;
  for (const std::string& token : tokens) {
    const int64_t count = count_of(connection, token);
    if (count < least) {
      least = count;
      best = token;
    }
  }
  return best;
}

}  // namespace

void index_name(Connection& connection, UserId user, const std::string& name) {
  {
    Statement remove = connection.prepare("delete from user_name_token where user_id = ?");
    remove.bind(user).run();
  }
  for (const std::string& token : name_tokens(fold(name))) {
    Statement insert =
        connection.prepare("insert into user_name_token (token, user_id) values (?, ?)");
    insert.bind(token, user).run();
  }
  Statement update = connection.prepare("update user set name_is_indexed = 1 where id = ?");
  update.bind(user).run();
}

void index_names(Connection& connection) {
  constexpr size_t kBatch = 1000;
  for (;;) {
    std::vector<std::pair<UserId, std::string>> names;
    {
      Statement select =
          connection.prepare("select id, name from user where name_is_indexed = 0 limit ?");
      select.bind(static_cast<int64_t>(kBatch));
      while (select.step()) {
        const auto user = select.id<UserId>();
        names.emplace_back(user, select.text());
      }
    }
    if (names.empty() || connection.failed()) return;
    connection.execute("begin immediate");
    for (const auto& [user, name] : names) index_name(connection, user, name);
    connection.execute("commit");
  }
}

im::Stored<std::vector<UserId>> Users::search_names(std::string text) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<UserId>> {
    const std::string wanted = fold(text);
    std::vector<Found> found;
    const auto tokens = query_tokens(wanted);
    if (!tokens.empty()) {
      const std::string token = rarest(connection, tokens);
      Statement select = connection.prepare(
          "select user.id, name from user_name_token join user on user.id = user_id "
          "where token = ? and active limit ?");
      select.bind(token, kMaxCandidates);
      while (select.step()) {
        const auto user = select.id<UserId>();
        const std::string name = fold(select.text());
        if (name.find(wanted) != std::string::npos) found.push_back({rank_of(name, wanted), user});
      }
    }
    std::ranges::sort(found, [](const Found& a, const Found& b) {
      return a.rank != b.rank ? a.rank < b.rank : a.user < b.user;
    });
    std::vector<UserId> users;
    for (const Found& one : found) {
      if (users.size() == kMaxFound) break;
      users.push_back(one.user);
    }
    return users;
  });
}

}  // namespace turms::store
