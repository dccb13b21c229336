#include "gateway/ldap/client.h"

#include <fmt/core.h>

#include "base/log.h"

namespace turms::gateway::ldap {
namespace {

constexpr std::string_view kPlaceholder = "${userId}";
// One more than is right, so that several are told from one.
constexpr int32_t kMostEntries = 2;

/// Digits only: there is nothing in an id that means something in a filter.
std::string filter_text(std::string text, UserId user) {
  const std::string digits = std::to_string(user.value);
  for (size_t at = text.find(kPlaceholder); at != text.npos; at = text.find(kPlaceholder, at)) {
    text.replace(at, kPlaceholder.size(), digits);
    at += digits.size();
  }
  return text;
}

net::ClientStream::Target target_of(const LdapServer& server,
                                    const std::shared_ptr<net::TlsClient::Context>& tls) {
  return {server.host, server.port, server.tls ? tls : nullptr};
}

/// A kept connection that the server has closed meanwhile: a new one may do.
bool was_stale(const Pool::Lease& lease, const Result<Answer>& answer) {
  return !answer && !lease.fresh && answer.error().code == ErrorCode::kUnavailable;
}

}  // namespace

// -------------------------------------------------------------------------------------------- pool

Task<Result<Pool::Lease>> Pool::take(TimePoint deadline) {
  if (leased_ >= kMaxConnections || !waiting_.empty()) {
    if (waiting_.size() >= kMaxWaiting) {
      co_return fail(ErrorCode::kResourceExhausted, "too many wait for the directory");
    }
    Completion<bool> turn;
    waiting_.push_back({turn.setter()});
    // Whoever holds a connection has a deadline, so the turn comes soon after ours at most.
    (void)co_await turn;
  } else {
    ++leased_;
  }
  if (loop_.now() >= deadline) {
    give_back({});
    co_return fail(ErrorCode::kDeadlineExceeded, "no connection was free in time");
  }
  Lease lease;
  while (!idle_.empty() && !lease.connection) {
    const Idle last = std::move(idle_.back());
    idle_.pop_back();
    const bool recent = loop_.now() - last.since < kMaxIdle;
    if (recent && last.connection->usable()) lease.connection = last.connection;
    if (!recent) last.connection->close();
  }
  lease.fresh = !lease.connection;
  if (lease.fresh) lease.connection = Connection::open(loop_, resolver_, target_);
  co_return lease;
}

void Pool::give_back(Lease lease) {
  if (lease.connection && lease.connection->usable()) {
    idle_.push_back({std::move(lease.connection), loop_.now()});
  }
  wake_next();
}

// The place goes from hand to hand.
void Pool::wake_next() {
  if (waiting_.empty()) {
    --leased_;
    return;
  }
  const auto wake = waiting_.front().wake;
  waiting_.pop_front();
  loop_.post([wake] { wake(true); });
}

// ------------------------------------------------------------------------------------------ client

Result<std::unique_ptr<Client>> Client::make(net::Loop& loop, LdapAuthentication config) {
  const std::string& filter = config.user.search_filter;
  if (filter.find(kPlaceholder) == filter.npos) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the search filter has no {} in it", kPlaceholder));
  }
  if (const auto parsed = parse_filter(filter_text(filter, UserId(1))); !parsed) {
    return std::unexpected(parsed.error());
  }
  std::shared_ptr<net::TlsClient::Context> tls;
  if (config.admin.tls || config.user.tls) {
    auto made = net::TlsClient::make_context(config.ca_file);
    if (!made) return std::unexpected(made.error());
    tls = std::move(*made);
  }
  if (!config.user.tls && config.user.host != "localhost" && config.user.host != "127.0.0.1") {
    log::warn("passwords of users go to the directory {} without TLS", config.user.host);
  }
  return std::unique_ptr<Client>(new Client(loop, std::move(config), tls));
}

Client::Client(net::Loop& loop, LdapAuthentication config,
               const std::shared_ptr<net::TlsClient::Context>& tls)
    : loop_(loop),
      config_(std::move(config)),
      resolver_(loop),
      admins_(loop, resolver_, target_of(config_.admin, tls)),
      users_(loop, resolver_, target_of(config_.user, tls)) {}

Task<Result<Client::Verdict>> Client::ask(UserId user, std::string password) {
  // With an empty one a server says yes to everybody (RFC 4513 section 5.1.2).
  if (password.empty()) co_return Verdict::kWrong;
  const TimePoint deadline = loop_.now() + config_.timeout;
  auto found = co_await find(user, deadline);
  if (!found) co_return std::unexpected(found.error());
  const bool complete = found->code == ResultCode::kSuccess;
  if (!complete && found->code != ResultCode::kSizeLimitExceeded) {
    co_return fail(ErrorCode::kUnavailable,
                   fmt::format("the search for a user ends with code {} {}",
                               static_cast<int32_t>(found->code), found->diagnostic));
  }
  if (found->entries.size() > 1 || !complete) co_return Verdict::kAmbiguous;
  if (found->entries.empty()) co_return Verdict::kUnknown;
  // Without a name it would be an anonymous bind, whatever the password.
  if (found->entries.front().empty()) co_return Verdict::kUnknown;
  auto bound = co_await bind_as(found->entries.front(), std::move(password), deadline);
  if (!bound) co_return std::unexpected(bound.error());
  if (bound->code == ResultCode::kSuccess) co_return Verdict::kRight;
  if (bound->code == ResultCode::kBusy || bound->code == ResultCode::kUnavailable) {
    co_return fail(ErrorCode::kUnavailable, "the directory is busy");
  }
  // Locked and expired accounts have codes of their own.
  co_return Verdict::kWrong;
}

Task<Result<Answer>> Client::find(UserId user, TimePoint deadline) {
  Search search;
  search.base = config_.base_dn;
  search.filter = *parse_filter(filter_text(config_.user.search_filter, user));
  search.size_limit = kMostEntries;
  for (;;) {
    auto lease = co_await admins_.take(deadline);
    if (!lease) co_return std::unexpected(lease.error());
    auto answer = co_await search_with(*lease, search, deadline);
    const bool again = was_stale(*lease, answer);
    admins_.give_back(std::move(*lease));
    if (!again) co_return answer;
  }
}

Task<Result<Answer>> Client::search_with(Pool::Lease& lease, const Search& search,
                                         TimePoint deadline) {
  if (lease.fresh) {
    auto bound =
        co_await lease.connection->bind(config_.admin.username, config_.admin.password, deadline);
    if (!bound) co_return bound;
    if (bound->code != ResultCode::kSuccess) {
      lease.connection->close();
      co_return fail(ErrorCode::kFailedPrecondition,
                     fmt::format("the administrator is refused with code {} {}",
                                 static_cast<int32_t>(bound->code), bound->diagnostic));
    }
  }
  co_return co_await lease.connection->search(search, deadline);
}

Task<Result<Answer>> Client::bind_as(std::string name, std::string password, TimePoint deadline) {
  for (;;) {
    auto lease = co_await users_.take(deadline);
    if (!lease) co_return std::unexpected(lease.error());
    auto answer = co_await lease->connection->bind(name, password, deadline);
    const bool again = was_stale(*lease, answer);
    users_.give_back(std::move(*lease));
    if (!again) co_return answer;
  }
}

}  // namespace turms::gateway::ldap
