#include "app/commands.h"

#include <fmt/core.h>

#include "admin/accounts.h"
#include "app/im_stack.h"
#include "livekit/token.h"
#include "net/loop.h"

namespace turms::app {
namespace {

constexpr int kPageSize = 1000;

/// Opens the data directory, runs one operation to its end, closes.
template <class Operation>
Status with_domain(const Config& config, const DataDirectory& data, Operation operation) {
  net::Loop loop;
  auto stack = ImStack::open(loop, config, data);
  if (!stack) return std::unexpected(stack.error());
  Status result = fail(ErrorCode::kInternal, "the operation did not complete");
  spawn([](Operation& run, im::Domain& domain, Status& out, net::Loop& owner) -> Task<void> {
    out = co_await run(domain);
    owner.stop();
  }(operation, (*stack)->domain(), result, loop));
  loop.run();
  (*stack)->close();
  return result;
}

template <class T>
Status to_status(const Result<T>& result) {
  if (!result) return std::unexpected(result.error());
  return {};
}

}  // namespace

Status add_user(const Config& config, const DataDirectory& data, int64_t id,
                const std::string& name, const std::string& password) {
  return with_domain(config, data, [&](im::Domain& domain) -> Task<Status> {
    return [](im::Domain& d, UserId user, std::string n, std::string p) -> Task<Status> {
      const auto added = co_await d.administration.add_user(user, std::move(n), std::move(p));
      if (added) fmt::print("added user {}\n", user.value);
      co_return to_status(added);
    }(domain, UserId(id), name, password);
  });
}

Status change_password(const Config& config, const DataDirectory& data, int64_t id,
                       const std::string& password) {
  return with_domain(config, data, [&](im::Domain& domain) -> Task<Status> {
    return [](im::Domain& d, UserId user, std::string p) -> Task<Status> {
      const auto changed = co_await d.administration.set_password(user, std::move(p));
      if (changed) fmt::print("changed the password of user {}\n", user.value);
      co_return to_status(changed);
    }(domain, UserId(id), password);
  });
}

Status list_users(const Config& config, const DataDirectory& data) {
  return with_domain(config, data, [](im::Domain& domain) -> Task<Status> {
    UserId after(INT64_MIN);
    for (;;) {
      const auto users = co_await domain.administration.list_users(after, kPageSize);
      if (!users) co_return std::unexpected(users.error());
      for (const im::User& user : *users) {
        fmt::print("{}\t{}\t{}\n", user.id.value, user.name, user.active ? "active" : "inactive");
        after = user.id;
      }
      if (users->size() < kPageSize) co_return Status();
    }
  });
}

Status add_group(const Config& config, const DataDirectory& data, const std::string& name,
                 int64_t owner, const std::vector<int64_t>& members) {
  return with_domain(config, data, [&](im::Domain& domain) -> Task<Status> {
    std::vector<UserId> ids;
    for (int64_t member : members) ids.emplace_back(member);
    return [](im::Domain& d, std::string n, UserId o, std::vector<UserId> m) -> Task<Status> {
      const auto added = co_await d.administration.add_group(std::move(n), o, std::move(m));
      if (added) fmt::print("added group {}\n", added->value);
      co_return to_status(added);
    }(domain, name, UserId(owner), std::move(ids));
  });
}

Status list_groups(const Config& config, const DataDirectory& data) {
  return with_domain(config, data, [](im::Domain& domain) -> Task<Status> {
    GroupId after(INT64_MIN);
    for (;;) {
      const auto groups = co_await domain.administration.list_groups(after, kPageSize);
      if (!groups) co_return std::unexpected(groups.error());
      for (const im::Group& group : *groups) {
        fmt::print("{}\t{}\towner {}\t{}\n", group.id.value, group.name, group.owner_id.value,
                   group.active ? "active" : "deleted");
        after = group.id;
      }
      if (groups->size() < kPageSize) co_return Status();
    }
  });
}

Status reset_admin(const Config& config, const DataDirectory& data, const std::string& account,
                   const std::string& password) {
  net::Loop loop;
  auto stack = ImStack::open(loop, config, data);
  if (!stack) return std::unexpected(stack.error());
  admin::Accounts accounts((*stack)->admins(), (*stack)->hasher(), (*stack)->clock());
  Status result = fail(ErrorCode::kInternal, "the operation did not complete");
  spawn([](admin::Accounts& all, std::string name, std::string secret, Status& out,
           net::Loop& owner) -> Task<void> {
    out = to_status(co_await all.reset(std::move(name), std::move(secret)));
    owner.stop();
  }(accounts, account, password, result, loop));
  loop.run();
  (*stack)->close();
  if (result) fmt::print("gave {} a new password\n", account);
  return result;
}

Status print_token(const Config& config, const DataDirectory& data, const TokenRequest& request) {
  const auto keys = data.livekit_keys(config.map("livekit.keys"), config.text("livekit.key_file"));
  if (!keys) return std::unexpected(keys.error());
  livekit::Grants grants;
  grants.api_key = keys->begin()->first;
  grants.identity = request.identity;
  grants.name = request.name;
  grants.metadata = request.metadata;
  livekit::VideoGrants& video = grants.video.emplace();
  video.room = request.room;
  video.room_join = request.join;
  video.room_create = request.create;
  video.room_list = request.list;
  video.room_admin = request.admin;
  if (request.subscribe_only) video.can_publish = video.can_publish_data = false;
  fmt::print("{}\n", livekit::mint_token(grants, keys->begin()->second, wall_now(),
                                         std::chrono::seconds(request.valid_for_seconds)));
  return {};
}

}  // namespace turms::app
