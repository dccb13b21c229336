// The hooks of a plugin: found, asked and told on its own thread, and left out when they fail.
#include <charconv>

#include "base/log.h"
#include "plugin/loaded_plugin.h"

namespace turms::plugin {

namespace {

std::optional<int> number(const std::map<std::string, std::string>& settings, const char* key,
                          int most) {
  const auto it = settings.find(key);
  if (it == settings.end()) return std::nullopt;
  const std::string& text = it->second;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > most) {
    log::error("{} is not a number from 1 to {}", key, most);
    return std::nullopt;
  }
  return value;
}

}  // namespace

const HookTables LoadedPlugin::kNoHooks{};

void LoadedPlugin::find_hooks() {
  hooks_.messages = static_cast<const turms_messages*>(
      capability(TURMS_MESSAGES, TURMS_SIZE_WITH(turms_messages, before_send)));
  if (hooks_.messages != nullptr && hooks_.messages->before_send == nullptr) {
    hooks_.messages = nullptr;
  }
  hooks_.users = static_cast<const turms_users*>(
      capability(TURMS_USERS, TURMS_SIZE_WITH(turms_users, online_status_changed)));
  if (hooks_.users != nullptr && hooks_.users->online_status_changed == nullptr) {
    hooks_.users = nullptr;
  }
  hooks_.notifications = static_cast<const turms_notifications*>(
      capability(TURMS_NOTIFICATIONS, TURMS_SIZE_WITH(turms_notifications, notified)));
  if (hooks_.notifications != nullptr && hooks_.notifications->notified == nullptr) {
    hooks_.notifications = nullptr;
  }
}

void LoadedPlugin::read_policy() {
  policy_ = {};
  if (const auto ms = number(settings_, "hook_deadline_ms", 60'000)) {
    policy_.deadline = std::chrono::milliseconds(*ms);
  }
  if (const auto count = number(settings_, "hook_failures", 1'000'000)) policy_.failures = *count;
  const auto policy = settings_.find("hook_on_failure");
  policy_.refuse = policy != settings_.end() && policy->second == "refuse";
}

void LoadedPlugin::hook_failed(std::string why) {
  if (!serving()) return;
  ++failures_;
  if (failures_ < policy_.failures) return log::warn("plugin {}: {}", status_.name, why);
  why = fmt::format("paused after {} failures in a row: {}", failures_, why);
  log::error("plugin {}: {}", status_.name, why);
  (void)pause(std::move(why));
}

void LoadedPlugin::ask(Ask invoke, std::function<void(Result<Decision>)> handler) {
  auto decided = [this, handler](Result<CallValue> result) {
    Decision* decision = result ? std::get_if<Decision>(&*result) : nullptr;
    if (decision != nullptr) {
      failures_ = 0;
      return handler(std::move(*decision));
    }
    Error error = result ? Error{ErrorCode::kInternal, "an answer of the wrong kind"}
                         : std::move(result.error());
    hook_failed(error.message);
    handler(std::unexpected(std::move(error)));
  };
  if (calls_.size() >= Host::kMaxCalls) {
    return decided(fail(ErrorCode::kResourceExhausted, "too many calls under way"));
  }
  const turms_call id = add_call(std::move(decided), policy_.deadline);
  const bool taken = thread_ != nullptr && thread_->run([this, id, invoke = std::move(invoke),
                                                         alive = std::weak_ptr<int>(alive_)] {
    Result<CallValue> result = fail(ErrorCode::kInternal, "threw out of a call");
    try {
      turms_decision raw{};
      raw.struct_size = sizeof raw;
      const turms_verdict verdict = invoke(id, &raw);
      if (verdict == TURMS_LATER) return;
      auto decision = read_decision(verdict, &raw);
      result = decision ? Result<CallValue>(CallValue(std::move(*decision)))
                        : fail(ErrorCode::kInternal, "an answer that makes no sense");
    } catch (...) {
    }
    const auto there = alive.lock();
    if (there) post([this, id, result = std::move(result)] { finish_call(id, result); });
  });
  if (!taken) finish_call(id, fail(ErrorCode::kResourceExhausted, "too many calls wait for it"));
}

void LoadedPlugin::tell(std::function<void()> invoke) {
  const bool taken = thread_ != nullptr && thread_->run([this, invoke = std::move(invoke),
                                                         alive = std::weak_ptr<int>(alive_)] {
    try {
      invoke();
    } catch (...) {
      const auto there = alive.lock();
      if (there) post([this] { hook_failed("threw out of a call"); });
    }
  });
  if (!taken) hook_failed("too much waits for it to be told");
}

}  // namespace turms::plugin
