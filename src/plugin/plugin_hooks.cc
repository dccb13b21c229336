// The hooks of a plugin: found, asked and told on its own thread, and left out when they fail.
#include <charconv>

#include "base/log.h"
#include "plugin/loaded_plugin.h"
#include "plugin/services.h"

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

/// The table of that name, unless it has nothing that could be called.
template <class Table>
const Table* LoadedPlugin::offered(const char* name, size_t minimum,
                                   bool (*complete)(const Table&)) const {
  const auto* table = static_cast<const Table*>(capability(name, minimum));
  return table != nullptr && complete(*table) ? table : nullptr;
}

void LoadedPlugin::find_hooks() {
  hooks_.messages = offered<turms_messages>(
      TURMS_MESSAGES, TURMS_SIZE_WITH(turms_messages, before_send),
      [](const auto& t) { return TURMS_HAS(&t, before_send) || TURMS_HAS(&t, before_expiry); });
  hooks_.users =
      offered<turms_users>(TURMS_USERS, TURMS_SIZE_WITH(turms_users, online_status_changed),
                           [](const auto& t) { return t.online_status_changed != nullptr; });
  hooks_.notifications = offered<turms_notifications>(
      TURMS_NOTIFICATIONS, TURMS_SIZE_WITH(turms_notifications, notified),
      [](const auto& t) { return TURMS_HAS(&t, notified) || TURMS_HAS(&t, before_notify); });
  hooks_.authenticator = offered<turms_authenticator>(
      TURMS_AUTHENTICATOR, TURMS_SIZE_WITH(turms_authenticator, authenticate),
      [](const auto& t) { return t.authenticate != nullptr; });
  hooks_.requests = offered<turms_requests>(
      TURMS_REQUESTS, TURMS_SIZE_WITH(turms_requests, handle),
      [](const auto& t) { return t.transform != nullptr || t.handle != nullptr; });
  hooks_.administration = offered<turms_administration>(
      TURMS_ADMINISTRATION, TURMS_SIZE_WITH(turms_administration, admin_action),
      [](const auto& t) { return t.admin_action != nullptr; });
  hooks_.storage = offered<turms_storage>(
      TURMS_STORAGE, TURMS_SIZE_WITH(turms_storage, remove), [](const auto& t) {
        return t.upload_info != nullptr && t.download_info != nullptr && t.find != nullptr &&
               t.remove != nullptr;
      });
  hooks_.pushes = offered<turms_pushes>(TURMS_PUSH, TURMS_SIZE_WITH(turms_pushes, message_missed),
                                        [](const auto& t) { return t.message_missed != nullptr; });
}

void LoadedPlugin::read_policy(const Settings& settings) {
  policy_ = {};
  if (const auto ms = number(settings, "hook_deadline_ms", 60'000)) {
    policy_.deadline = std::chrono::milliseconds(*ms);
  }
  if (const auto count = number(settings, "hook_failures", 1'000'000)) policy_.failures = *count;
  const auto policy = settings.find("hook_on_failure");
  policy_.refuse = policy != settings.end() && policy->second == "refuse";
}

void LoadedPlugin::ask_for_wishes() {
  pushes_to_everybody_ = false;
  if (hooks_.pushes == nullptr || !TURMS_HAS(hooks_.pushes, wants_everybody)) return;
  try {
    pushes_to_everybody_ = hooks_.pushes->wants_everybody(self_) != 0;
  } catch (...) {
    log::error("plugin {}: threw out of a call", status_.name);
  }
}

void LoadedPlugin::hook_failed(std::string why) {
  if (!serving()) return;
  ++failures_;
  if (failures_ < policy_.failures) return log::warn("plugin {}: {}", status_.name, why);
  why = fmt::format("paused after {} failures in a row: {}", failures_, why);
  log::error("plugin {}: {}", status_.name, why);
  (void)pause(std::move(why));
}

void LoadedPlugin::ask(Ask invoke, Accepts accepts, std::function<void(Result<Decision>)> handler) {
  auto decided = [this, handler, accepts = std::move(accepts)](Result<CallValue> result) {
    Decision* decision = result ? std::get_if<Decision>(&*result) : nullptr;
    if (decision != nullptr && decision->verdict == TURMS_CHANGE && accepts &&
        !accepts(*decision)) {
      result = fail(ErrorCode::kInternal, "a change that makes no sense");
      decision = nullptr;
    }
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

void LoadedPlugin::call_on_thread(CallHandler handler,
                                  std::function<turms_status(turms_call)> invoke) {
  auto completed = [this, handler](Result<CallValue> result) {
    const bool failed = !result && (result.error().code == ErrorCode::kDeadlineExceeded ||
                                    result.error().code == ErrorCode::kInternal);
    if (failed) {
      hook_failed(result.error().message);
    } else {
      failures_ = 0;
    }
    handler(std::move(result));
  };
  if (calls_.size() >= Host::kMaxCalls) {
    return completed(fail(ErrorCode::kResourceExhausted, "too many calls under way"));
  }
  const turms_call id = add_call(std::move(completed), policy_.deadline);
  const bool taken = thread_ != nullptr && thread_->run([this, id, invoke = std::move(invoke),
                                                         alive = std::weak_ptr<int>(alive_)] {
    turms_status status = TURMS_ERROR_INTERNAL;
    try {
      status = invoke(id);
    } catch (...) {
    }
    if (status == TURMS_OK) return;
    const auto there = alive.lock();
    if (there) {
      post([this, id, status] { finish_call(id, fail(error_code(status), describe(status))); });
    }
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
