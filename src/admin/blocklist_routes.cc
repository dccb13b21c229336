#include <algorithm>
#include <charconv>

#include "admin/backend.h"
#include "admin/json.h"
#include "im/domain.h"
#include "net/address.h"

namespace turms::admin {
namespace {

constexpr int64_t kMaxMinutes = int64_t{100} * 365 * 24 * 60;

std::string write_ip(const im::BlockedClient& client) {
  return JsonObject()
      .text("id", std::string_view(client.subject))
      .date("blockEndTime", client.until)
      .str();
}

/// Its subject is digits.
std::string write_user(const im::BlockedClient& client) {
  return JsonObject().raw("id", client.subject).date("blockEndTime", client.until).str();
}

/// As the gateway writes them; kInvalidArgument when one is no address.
Result<std::vector<std::string>> addresses_of(const std::vector<std::string>& texts) {
  std::vector<std::string> ips;
  for (const std::string& text : texts) {
    const auto address = net::Address::parse(text, 0);
    if (!address) return fail(ErrorCode::kInvalidArgument, "ids: one of them is no IP address");
    ips.push_back(address->ip());
  }
  return ips;
}

std::vector<std::string> subjects_of(const std::vector<int64_t>& ids) {
  std::vector<std::string> subjects;
  for (const int64_t id : ids) subjects.push_back(std::to_string(id));
  return subjects;
}

Duration duration_of(const Values& body) {
  return std::chrono::minutes(*body.number("blockMinutes"));
}

int64_t size_of(const std::vector<im::BlockedClient>& all) {
  return static_cast<int64_t>(all.size());
}

}  // namespace

std::vector<Route> BlocklistRoutes::routes() {
  using P = Permission;
  std::vector<Route> all;
  const auto add = adding_to(all, this);
  const Field minutes =
      required(number_field("blockMinutes", "For how many minutes", 1, kMaxMinutes));
  const Field ips = texts_field("ids", "IP addresses", 64);
  const Field users = ids_field("ids", "Users");
  const Field everybody = flag_field("deleteAll", "All that are blocked");
  std::vector<Field> paging;
  add_paging(paging);
  add("POST", "/blocked-clients/ips", P::kClientBlocklistCreate,
      "Let addresses in no more, and close their connections", {}, {required(ips), minutes},
      &BlocklistRoutes::block_ips);
  add("GET", "/blocked-clients/ips", P::kClientBlocklistQuery, "Which of these addresses are out",
      {required(ips)}, {}, &BlocklistRoutes::ips);
  add("GET", "/blocked-clients/ips/page", P::kClientBlocklistQuery,
      "List blocked addresses in pages", paging, {}, &BlocklistRoutes::ips_page);
  add("DELETE", "/blocked-clients/ips", P::kClientBlocklistDelete, "Let addresses in again",
      {ips, everybody}, {}, &BlocklistRoutes::unblock_ips);
  add("POST", "/blocked-clients/users", P::kClientBlocklistCreate,
      "Let users in no more, and end their sessions", {}, {required(users), minutes},
      &BlocklistRoutes::block_users);
  add("GET", "/blocked-clients/users", P::kClientBlocklistQuery, "Which of these users are out",
      {required(users)}, {}, &BlocklistRoutes::users);
  add("GET", "/blocked-clients/users/page", P::kClientBlocklistQuery, "List blocked users in pages",
      paging, {}, &BlocklistRoutes::users_page);
  add("DELETE", "/blocked-clients/users", P::kClientBlocklistDelete, "Let users in again",
      {users, everybody}, {}, &BlocklistRoutes::unblock_users);
  return all;
}

Task<Answer> BlocklistRoutes::block_ips(Call call) {
  auto ips = addresses_of(call.body.texts("ids"));
  if (!ips) co_return refused(ips.error());
  auto done = co_await backend_.domain.blocklist.block_ips(std::move(*ips), duration_of(call.body));
  co_return done ? ok() : refused(done.error());
}

Task<Answer> BlocklistRoutes::ips(Call call) {
  const auto ips = addresses_of(call.query.texts("ids"));
  if (!ips) co_return refused(ips.error());
  co_return ok(json_list(
      backend_.domain.blocklist.query(im::BlockedKind::kIp, *ips, 0, Field::kMaxItems), write_ip));
}

Task<Answer> BlocklistRoutes::ips_page(Call call) {
  const Paging paging = paging_of(call.query);
  const im::Blocklist& list = backend_.domain.blocklist;
  const auto all = list.query(im::BlockedKind::kIp, {}, 0, im::Blocklist::kMaxClients);
  const auto shown = list.query(im::BlockedKind::kIp, {}, static_cast<size_t>(paging.skip),
                                static_cast<size_t>(paging.limit));
  co_return page(size_of(all), json_list(shown, write_ip));
}

Task<Answer> BlocklistRoutes::unblock_ips(Call call) {
  std::vector<std::string> subjects;
  if (call.query.flag("deleteAll").value_or(false)) {
    for (const im::BlockedClient& client :
         backend_.domain.blocklist.query(im::BlockedKind::kIp, {}, 0, im::Blocklist::kMaxClients)) {
      subjects.push_back(client.subject);
    }
  } else {
    auto ips = addresses_of(call.query.texts("ids"));
    if (!ips) co_return refused(ips.error());
    subjects = std::move(*ips);
  }
  auto done = co_await backend_.domain.blocklist.unblock_ips(std::move(subjects));
  co_return done ? ok() : refused(done.error());
}

Task<Answer> BlocklistRoutes::block_users(Call call) {
  auto done = co_await backend_.domain.blocklist.block_users(call.body.ids<UserId>("ids"),
                                                             duration_of(call.body));
  co_return done ? ok() : refused(done.error());
}

Task<Answer> BlocklistRoutes::users(Call call) {
  const auto subjects = subjects_of(call.query.numbers("ids"));
  co_return ok(json_list(
      backend_.domain.blocklist.query(im::BlockedKind::kUser, subjects, 0, Field::kMaxItems),
      write_user));
}

Task<Answer> BlocklistRoutes::users_page(Call call) {
  const Paging paging = paging_of(call.query);
  const im::Blocklist& list = backend_.domain.blocklist;
  const auto all = list.query(im::BlockedKind::kUser, {}, 0, im::Blocklist::kMaxClients);
  const auto shown = list.query(im::BlockedKind::kUser, {}, static_cast<size_t>(paging.skip),
                                static_cast<size_t>(paging.limit));
  co_return page(size_of(all), json_list(shown, write_user));
}

Task<Answer> BlocklistRoutes::unblock_users(Call call) {
  std::vector<UserId> users;
  if (call.query.flag("deleteAll").value_or(false)) {
    for (const im::BlockedClient& client : backend_.domain.blocklist.query(
             im::BlockedKind::kUser, {}, 0, im::Blocklist::kMaxClients)) {
      int64_t id = 0;
      const std::string& text = client.subject;
      std::from_chars(text.data(), text.data() + text.size(), id);
      users.emplace_back(id);
    }
  } else {
    users = call.query.ids<UserId>("ids");
  }
  auto done = co_await backend_.domain.blocklist.unblock_users(std::move(users));
  co_return done ? ok() : refused(done.error());
}

}  // namespace turms::admin
