#include "gateway/guard.h"

#include <algorithm>

#include "base/log.h"

namespace turms::gateway {
namespace {

Task<void> report(Task<Result<im::None>> blocking) {
  auto done = co_await blocking;
  if (!done) log::warn("a client was not blocked: {}", done.error().message);
}

}  // namespace

std::string blocked_network(const net::Address& address) {
  if (address.is_v4()) return address.ip();
  std::array<uint8_t, 16> network = address.ip_bytes();
  std::fill(network.begin() + 8, network.end(), uint8_t{0});
  return net::Address::v6(network, 0).ip();
}

Guard::Counters::Counters(const GuardConfig::Rules& rules)
    : corrupted_frame(rules.corrupted_frame),
      corrupted_request(rules.corrupted_request),
      frequent_request(rules.frequent_request) {}

AutoBlock& Guard::Counters::of(Misdeed misdeed) {
  if (misdeed == Misdeed::kCorruptedFrame) return corrupted_frame;
  return misdeed == Misdeed::kCorruptedRequest ? corrupted_request : frequent_request;
}

Guard::Guard(im::Blocklist& blocklist, GuardConfig config)
    : blocklist_(blocklist),
      config_(std::move(config)),
      by_ip_(config_.ip),
      by_user_(config_.user) {}

bool Guard::lets_in(const net::Address& address) const {
  if (!config_.ip.enabled) return true;
  return !blocklist_.is_blocked(address.ip()) &&
         (address.is_v4() || !blocklist_.is_blocked(blocked_network(address)));
}

bool Guard::lets_in(UserId user) const {
  return !config_.user.enabled || !blocklist_.is_blocked(user);
}

void Guard::note(Misdeed misdeed, const net::Address& address, std::optional<UserId> user,
                 TimePoint now) {
  if (config_.ip.enabled) {
    const std::string network = blocked_network(address);
    if (const auto duration = by_ip_.of(misdeed).trigger(network, now)) {
      spawn(report(blocklist_.block_ips({network}, *duration)));
    }
  }
  if (user && config_.user.enabled) {
    if (const auto duration = by_user_.of(misdeed).trigger(std::to_string(user->value), now)) {
      spawn(report(blocklist_.block_users({*user}, *duration)));
    }
  }
}

bool Guard::take(const net::Address& address, TimePoint now) {
  if (config_.address_limit.capacity <= 0) return true;
  const std::string key = blocked_network(address);
  const auto* known = buckets_.find(key);
  const auto bucket =
      known != nullptr ? *known : std::make_shared<TokenBucket>(config_.address_limit, now);
  if (known == nullptr) buckets_.put(key, bucket, 1);
  return bucket->take(now);
}

void Guard::set_address_limit(const RateLimit& limit) {
  if (config_.address_limit == limit) return;
  config_.address_limit = limit;
  buckets_.clear();
}

}  // namespace turms::gateway
