#include "app/blocklist_options.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/config.h"
#include "gateway/guard.h"

namespace turms::app {
namespace {

using gateway::AutoBlockRule;
using gateway::GuardConfig;

constexpr std::string_view kLimit = "turms.gateway.client-api.address-rate-limiting.";
constexpr const char* kDefaultLevels = "600/60000/1, 1800/60000/1, 3600/60000/0";
constexpr int64_t kLongest = 4096;

struct Kind {
  std::string_view key;
  std::string_view who;
  GuardConfig::Rules GuardConfig::*rules;
};
constexpr auto kKinds = std::to_array<Kind>({
    {"turms.security.blocklist.ip.", "address", &GuardConfig::ip},
    {"turms.security.blocklist.user-id.", "user", &GuardConfig::user},
});

struct Deed {
  std::string_view key;
  std::string_view what;
  AutoBlockRule GuardConfig::Rules::*rule;
};
constexpr auto kDeeds = std::to_array<Deed>({
    {"corrupted-frame", "bytes that are no frame, or too large a one",
     &GuardConfig::Rules::corrupted_frame},
    {"corrupted-request", "a request that cannot be read", &GuardConfig::Rules::corrupted_request},
    {"frequent-request", "a request above the configured rate",
     &GuardConfig::Rules::frequent_request},
});

std::string auto_block(const Kind& kind, const Deed& deed, std::string_view name) {
  return fmt::format("{}auto-block.{}.{}", kind.key, deed.key, name);
}

/// "600/60000/1": seconds of the block, milliseconds that forgive one trigger, triggers to the
/// next.
std::optional<AutoBlockRule::Level> read_level(std::string_view text) {
  std::array<int64_t, 3> numbers{};
  for (size_t i = 0; i < numbers.size(); ++i) {
    const size_t end = i + 1 < numbers.size() ? text.find('/') : text.size();
    if (end == text.npos) return std::nullopt;
    const auto number = parse_integer(text.substr(0, end));
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
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} must be levels SECONDS/MILLISECONDS/TRIGGERS, not '{}'", key, value));
}

/// Keys and texts of the options, which only look at them.
const std::string& kept(std::string text) {
  static std::vector<std::unique_ptr<const std::string>> all;
  return *all.emplace_back(std::make_unique<const std::string>(std::move(text)));
}

Option number(std::string key, std::string_view fallback, int64_t min, int64_t max,
              std::string help) {
  return {kept(std::move(key)), OptionType::kInt, fallback, min, max, kept(std::move(help))};
}

Option flag(std::string key, std::string_view fallback, std::string help) {
  return {kept(std::move(key)), OptionType::kBool, fallback, 0, 0, kept(std::move(help))};
}

}  // namespace

std::vector<Option> blocklist_options() {
  std::vector<Option> all;
  for (const Kind& kind : kKinds) {
    all.push_back(flag(std::string(kind.key) + "enabled", "true",
                       fmt::format("Keep out who is blocked by {}.", kind.who)));
    for (const Deed& deed : kDeeds) {
      all.push_back(
          flag(auto_block(kind, deed, "enabled"), "false",
               fmt::format("Block each {} that sends {} too often.", kind.who, deed.what)));
      all.push_back(number(auto_block(kind, deed, "block-trigger-times"), "5", 0, 1000000,
                           "How often is too often."));
      Option levels{
          kept(auto_block(kind, deed, "block-levels")),
          OptionType::kList,
          kDefaultLevels,
          0,
          kLongest,
          "For how long, the first time and then: SECONDS/MILLISECONDS/TRIGGERS, where so "
          "many milliseconds without it take one time back (0: never), and so many times "
          "more lead to the next level."};
      levels.check = check_level;
      all.push_back(levels);
    }
  }
  all.push_back(number("turms.health-check.max-loop-delay-millis", "1000", 0, 60000,
                       "New sessions are refused (1201) while the control loop is this late, again "
                       "and again. 0: never for that."));
  all.push_back(number("turms.health-check.memory.min-free-system-memory-bytes", "134217728", 0,
                       int64_t{1} << 40,
                       "New sessions are refused (1201) while less memory is available. 0: never "
                       "for that."));
  const std::string limit(kLimit);
  all.push_back(
      number(limit + "capacity", "0", 0, 1000000,
             "Requests that all connections of one address may have saved up; above, they "
             "are answered 1101 (heartbeats and signing in aside). 0: no limit. An IPv6 "
             "address counts with its /64."));
  all.push_back(number(limit + "initial-tokens", "50", 0, 1000000,
                       "Requests that a new address may send at once, up to the capacity."));
  all.push_back(number(limit + "tokens-per-period", "1", 1, 1000000,
                       "Requests that it may send more after each interval."));
  all.push_back(number(limit + "refill-interval-millis", "1000", 0, 86400000,
                       "The interval. 0: none ever come back."));
  return all;
}

GuardConfig guard_config(const Config& config) {
  GuardConfig made;
  for (const Kind& kind : kKinds) {
    GuardConfig::Rules& rules = made.*kind.rules;
    rules.enabled = config.flag(std::string(kind.key) + "enabled");
    for (const Deed& deed : kDeeds) {
      AutoBlockRule& rule = rules.*deed.rule;
      rule.enabled = config.flag(auto_block(kind, deed, "enabled"));
      rule.triggers =
          static_cast<int>(config.number(auto_block(kind, deed, "block-trigger-times")));
      rule.levels.clear();
      for (const std::string& level : config.list(auto_block(kind, deed, "block-levels"))) {
        rule.levels.push_back(*read_level(level));
      }
    }
  }
  const std::string limit(kLimit);
  made.address_limit = {.capacity = config.number(limit + "capacity"),
                        .initial_tokens = config.number(limit + "initial-tokens"),
                        .tokens_per_period = config.number(limit + "tokens-per-period"),
                        .refill_interval = std::chrono::milliseconds(
                            config.number(limit + "refill-interval-millis"))};
  return made;
}

}  // namespace turms::app
