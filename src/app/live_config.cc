#include "app/live_config.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "app/options.h"
#include "base/log.h"

namespace turms::app {
namespace {

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

Status may_change(const Config& config, const std::string& key) {
  const Option* option = config.find(key);
  if (option == nullptr && key.starts_with("plugins.")) {
    return wrong(fmt::format("{} takes effect at a start only", key));
  }
  if (option == nullptr) {
    const std::string near = nearest_option(key);
    return wrong(near.empty() ? fmt::format("unknown key '{}'", key)
                              : fmt::format("unknown key '{}', did you mean '{}'?", key, near));
  }
  if (!option->alias_of.empty()) {
    return wrong(fmt::format("{} is another name of {}", key, option->alias_of));
  }
  if (!option->changeable) {
    return wrong(fmt::format(
        "{} takes effect at a start only: it belongs into the configuration file", key));
  }
  if (config.pinned(key)) {
    return wrong(fmt::format("{} is set on the command line, which nothing else changes", key));
  }
  return {};
}

}  // namespace

std::vector<admin::Settings::Setting> LiveConfig::list() {
  constexpr const char* kMask = "********";
  std::vector<Setting> all;
  for (const Option& option : options()) {
    if (!option.supported || !option.alias_of.empty()) continue;
    config::Value value = config_.at(option.key);
    if (option.secret) {
      if (!value.text.empty()) value.text = kMask;
      for (std::string& item : value.list) item = kMask;
      for (auto& [name, item] : value.map) item = kMask;
    }
    all.push_back({&option, std::move(value)});
  }
  for (auto& [option, value] : config_.described_settings()) {
    if (option->secret && !value.text.empty()) value.text = kMask;
    all.push_back({option, std::move(value)});
  }
  return all;
}

Result<Config> LiveConfig::changed(const Changes& changes, bool reset) const {
  auto all = reset ? std::map<std::string, std::string>() : config_.changes();
  for (const auto& [key, text] : changes) {
    if (Status status = may_change(config_, key); !status) return std::unexpected(status.error());
    if (!text) {
      all.erase(key);
      continue;
    }
    const Option& option = *config_.find(key);
    const auto value = config::parse_value(option, *text);
    if (!value) return std::unexpected(value.error());
    if (Status status = config::check_value(option, *value); !status) {
      return std::unexpected(status.error());
    }
    all[key] = *text;
  }
  return config_.with_changes(std::move(all));
}

Task<Status> LiveConfig::change(Changes changes, bool reset) {
  if (auto next = changed(changes, reset); !next) co_return std::unexpected(next.error());
  auto stored = co_await changes_.change(changes, reset);
  if (!stored) co_return std::unexpected(stored.error());
  // Another change may have been made meanwhile; both are stored, in this order.
  auto next = changed(changes, reset);
  if (!next) co_return std::unexpected(next.error());
  take(*std::move(next));
  co_return Status();
}

void LiveConfig::take(Config next) {
  (void)next.keep_fixed(config_);
  const auto tell = [&](const Option& option) {
    const std::string text = next.text_of(option);
    if (!option.changeable || config_.text_of(option) == text) return;
    log::info("{} is now '{}'", option.key, option.secret ? "********" : text);
  };
  for (const Option& option : options()) {
    if (option.supported && option.alias_of.empty()) tell(option);
  }
  for (const auto& [option, value] : next.described_settings()) tell(*option);
  config_ = std::move(next);
  apply_(config_);
}

void LiveConfig::read_file() {
  auto next = config_.read_again();
  if (!next) {
    log::error("the configuration stays as it is: {}", next.error().message);
    return;
  }
  Config probe = *next;
  const auto kept = probe.keep_fixed(config_);
  if (!kept.empty()) {
    log::warn("a restart is needed for what has changed of {}", fmt::join(kept, ", "));
  }
  log::info("the configuration was read again");
  take(*std::move(next));
}

}  // namespace turms::app
