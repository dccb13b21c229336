#include "im/blocklist.h"

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "im/context.h"
#include "im/ports/bus.h"
#include "im/rights.h"
#include "im/status.h"

namespace turms::im {
namespace {

std::vector<std::string> texts_of(const std::vector<UserId>& users) {
  std::vector<std::string> texts;
  texts.reserve(users.size());
  for (const UserId user : users) texts.push_back(std::to_string(user.value));
  return texts;
}

Permit<action::BlockClients> may_block() {
  return Rights::administrator(action::BlockClients{});
}

}  // namespace

Task<void> Blocklist::load() {
  uint64_t before = 0;
  Result<std::vector<BlockedClient>> loaded;
  do {
    before = changes_;
    loaded = co_await context_.store.blocklist.load(context_.now());
    if (!loaded) {
      log::error("who is blocked could not be read: {}", loaded.error().message);
      co_return;
    }
    // What was read may be older than what is being stored: read again when that is done.
    if (storing_ > 0) {
      load_again_ = true;
      co_return;
    }
  } while (changes_ != before);
  const Entries known = std::exchange(users_, {});
  ips_.clear();
  std::vector<std::string> new_users;
  std::vector<std::string> ips;
  for (BlockedClient& client : *loaded) {
    const bool user = client.kind == BlockedKind::kUser;
    if (user && !known.contains(client.subject)) new_users.push_back(client.subject);
    if (!user) ips.push_back(client.subject);
    entries(client.kind).insert_or_assign(std::move(client.subject), client.until);
  }
  end_sessions(new_users);
  if (listener_ && !ips.empty()) listener_(ips);
}

bool Blocklist::is_blocked(const Entries& entries, const std::string& subject) const {
  const auto found = entries.find(subject);
  return found != entries.end() && context_.now() < found->second;
}

bool Blocklist::is_blocked(const std::string& ip) const {
  return !ips_.empty() && is_blocked(ips_, ip);
}

bool Blocklist::is_blocked(UserId user) const {
  return !users_.empty() && is_blocked(users_, std::to_string(user.value));
}

Task<Result<None>> Blocklist::block_ips(std::vector<std::string> ips, Duration duration) {
  return block(BlockedKind::kIp, std::move(ips), duration);
}

Task<Result<None>> Blocklist::block_users(std::vector<UserId> users, Duration duration) {
  return block(BlockedKind::kUser, texts_of(users), duration);
}

Task<Result<None>> Blocklist::unblock_ips(std::vector<std::string> ips) {
  return unblock(BlockedKind::kIp, std::move(ips));
}

Task<Result<None>> Blocklist::unblock_users(std::vector<UserId> users) {
  return unblock(BlockedKind::kUser, texts_of(users));
}

Task<Result<None>> Blocklist::block(BlockedKind kind, std::vector<std::string> subjects,
                                    Duration duration) {
  if (duration <= Duration::zero()) {
    co_return fail(ErrorCode::kInvalidArgument, "a client is blocked for a time");
  }
  Entries& known = entries(kind);
  forget_expired(known);
  if (known.size() + subjects.size() > kMaxClients) {
    co_return fail(ErrorCode::kResourceExhausted, "too many clients are blocked");
  }
  const WallTime now = context_.now();
  const WallTime until{now.unix_ms + to_ms(duration)};
  std::vector<BlockedClient> rows;
  // Before they are stored, so that who comes meanwhile stays out.
  for (const std::string& subject : subjects) {
    known.insert_or_assign(subject, until);
    rows.push_back({kind, subject, until});
  }
  if (kind == BlockedKind::kUser) {
    end_sessions(subjects);
  } else if (listener_) {
    listener_(subjects);
  }
  ++changes_;
  ++storing_;
  auto stored = co_await context_.store.blocklist.put(may_block(), std::move(rows), now);
  co_await finish_storing();
  co_return stored;
}

Task<void> Blocklist::finish_storing() {
  if (--storing_ == 0 && std::exchange(load_again_, false)) co_await load();
}

Task<Result<None>> Blocklist::unblock(BlockedKind kind, std::vector<std::string> subjects) {
  ++changes_;
  ++storing_;
  auto removed = co_await context_.store.blocklist.remove(may_block(), kind, subjects);
  if (removed) {
    for (const std::string& subject : subjects) entries(kind).erase(subject);
  }
  co_await finish_storing();
  co_return removed;
}

void Blocklist::forget_expired(Entries& entries) {
  if (entries.size() < kMaxClients / 2) return;
  const WallTime now = context_.now();
  std::erase_if(entries, [now](const auto& entry) { return entry.second <= now; });
}

void Blocklist::end_sessions(const std::vector<std::string>& users) {
  for (const std::string& user : users) {
    DisconnectOrder order;
    int64_t id = 0;
    std::from_chars(user.data(), user.data() + user.size(), id);
    order.user_id = UserId(id);
    order.close_status = kUserIsBlocked;
    context_.bus.publish(order);
  }
}

std::vector<BlockedClient> Blocklist::query(BlockedKind kind,
                                            const std::vector<std::string>& subjects, size_t skip,
                                            size_t limit) const {
  const Entries& known = kind == BlockedKind::kIp ? ips_ : users_;
  const WallTime now = context_.now();
  std::vector<BlockedClient> found;
  for (const auto& [subject, until] : known) {
    if (until <= now) continue;
    if (!subjects.empty() && std::ranges::find(subjects, subject) == subjects.end()) continue;
    found.push_back({kind, subject, until});
  }
  std::ranges::sort(found, {}, &BlockedClient::subject);
  found.erase(found.begin(), found.begin() + static_cast<ptrdiff_t>(std::min(skip, found.size())));
  if (found.size() > limit) found.resize(limit);
  return found;
}

}  // namespace turms::im
