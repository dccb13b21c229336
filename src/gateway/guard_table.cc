#include <algorithm>
#include <array>

#include "gateway/settings_table.h"

namespace turms::gateway {
namespace {

using config::path;
using Rules = GuardConfig::Rules;

constexpr const char* kDefaultLevels = "600/60000/1, 1800/60000/1, 3600/60000/0";

/// "600/60000/1": seconds of the block, milliseconds that forgive one trigger, triggers to the
/// next.
std::optional<AutoBlockRule::Level> read_level(std::string_view text) {
  std::array<int64_t, 3> numbers{};
  for (size_t i = 0; i < numbers.size(); ++i) {
    const size_t end = i + 1 < numbers.size() ? text.find('/') : text.size();
    if (end == text.npos) return std::nullopt;
    const auto number = config::parse_integer(text.substr(0, end));
    if (!number || *number < 0 || *number > 1'000'000'000) return std::nullopt;
    numbers[i] = *number;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (numbers[0] == 0) return std::nullopt;
  return AutoBlockRule::Level{.block = std::chrono::seconds(numbers[0]),
                              .forgive = std::chrono::milliseconds(numbers[1]),
                              .triggers_to_next = static_cast<int>(numbers[2])};
}

Status check_level(std::string_view key, std::string_view value) {
  if (read_level(value)) return {};
  return config::must_be(key, "levels SECONDS/MILLISECONDS/TRIGGERS", value);
}

/// `sends`: who does what.
void add_rule(config::Table<Rules>& table, const std::string& prefix, const std::string& sends,
              AutoBlockRule Rules::*rule) {
  table
      .flag(prefix + "enabled", path(rule, &AutoBlockRule::enabled),
            "Block each " + sends + " too often.")
      .number(prefix + "block-trigger-times", path(rule, &AutoBlockRule::triggers), 0, 1000000,
              "How often is too often.")
      .add(config::list(
               prefix + "block-levels", kDefaultLevels,
               "For how long, the first time and then: SECONDS/MILLISECONDS/TRIGGERS, where so "
               "many milliseconds without it take one time back (0: never), and so many times "
               "more lead to the next level.",
               check_level),
           [rule](Rules& rules, const config::Value& value) {
             auto& levels = (rules.*rule).levels;
             levels.clear();
             for (const std::string& one : value.list) levels.push_back(*read_level(one));
           });
}

config::Table<Rules> rules_table(const std::string& prefix, const std::string& who) {
  config::Table<Rules> table(config::Change::kAtStart);
  table.flag(prefix + "enabled", &Rules::enabled, "Keep out who is blocked by " + who + ".");
  const std::string block = prefix + "auto-block.";
  add_rule(table, block + "corrupted-frame.",
           who + " that sends bytes that are no frame, or too large a one",
           &Rules::corrupted_frame);
  add_rule(table, block + "corrupted-request.", who + " that sends a request that cannot be read",
           &Rules::corrupted_request);
  add_rule(table, block + "frequent-request.",
           who + " that sends a request above the configured rate", &Rules::frequent_request);
  return table;
}

config::Table<RateLimit> address_limit_table() {
  const std::string prefix = "turms.gateway.client-api.address-rate-limiting.";
  config::Table<RateLimit> table(config::Change::kAtRunTime);
  table
      .number(prefix + "capacity", &RateLimit::capacity, 0, 1000000,
              "Requests that all connections of one address may have saved up; above, they are "
              "answered 1101 (heartbeats and signing in aside). 0: no limit. An IPv6 address "
              "counts with its /64.")
      .number(prefix + "initial-tokens", &RateLimit::initial_tokens, 0, 1000000,
              "Requests that a new address may send at once, up to the capacity.")
      .number(prefix + "tokens-per-period", &RateLimit::tokens_per_period, 1, 1000000,
              "Requests that it may send more after each interval.")
      .time(prefix + "refill-interval-millis", &RateLimit::refill_interval, 1ms, 0, 86400000,
            "The interval. 0: none ever come back.");
  return table;
}

}  // namespace

config::Table<GuardConfig> guard_table() {
  config::Table<GuardConfig> table(config::Change::kAtStart);
  table.include(&GuardConfig::ip, rules_table("turms.security.blocklist.ip.", "address"))
      .include(&GuardConfig::user, rules_table("turms.security.blocklist.user-id.", "user"))
      .include(&GuardConfig::address_limit, address_limit_table());
  return table;
}

}  // namespace turms::gateway
