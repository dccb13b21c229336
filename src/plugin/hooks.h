#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "im/ports/hooks.h"
#include "turms/plugin.h"

namespace turms::plugin {

/// What a plugin decided, in our own types.
struct Decision {
  turms_verdict verdict = TURMS_ALLOW;
  int32_t code = 0;
  std::string reason;
  std::optional<std::string> text;
  std::optional<std::string> data;
  std::optional<std::vector<int64_t>> ids;
};
/// Nothing when it makes no sense.
std::optional<Decision> read_decision(turms_verdict verdict, const turms_decision* raw);

/// The tables of hooks that a plugin offers; null each: not offered.
struct HookTables {
  const turms_messages* messages = nullptr;
  const turms_users* users = nullptr;
  const turms_notifications* notifications = nullptr;
  const turms_authenticator* authenticator = nullptr;
  const turms_requests* requests = nullptr;
  const turms_administration* administration = nullptr;
  const turms_storage* storage = nullptr;
  const turms_pushes* pushes = nullptr;

  [[nodiscard]] bool any() const {
    return messages != nullptr || users != nullptr || notifications != nullptr ||
           authenticator != nullptr || requests != nullptr || administration != nullptr ||
           storage != nullptr || pushes != nullptr;
  }

  // Of tables with several functions, each may be missing.
  [[nodiscard]] bool before_send() const {
    return messages != nullptr && TURMS_HAS(messages, before_send);
  }
  [[nodiscard]] bool before_expiry() const {
    return messages != nullptr && TURMS_HAS(messages, before_expiry);
  }
  [[nodiscard]] bool notified() const {
    return notifications != nullptr && TURMS_HAS(notifications, notified);
  }
  [[nodiscard]] bool before_notify() const {
    return notifications != nullptr && TURMS_HAS(notifications, before_notify);
  }
  [[nodiscard]] bool transforms(int32_t kind) const {
    return requests != nullptr && TURMS_HAS(requests, transform) && asks_about(kind);
  }
  [[nodiscard]] bool handles(int32_t kind) const {
    return requests != nullptr && TURMS_HAS(requests, handle) && asks_about(kind);
  }

 private:
  [[nodiscard]] bool asks_about(int32_t kind) const;
};

/// How failures of hooks are taken (turms/plugin.h, hooks).
struct HookPolicy {
  Duration deadline = std::chrono::seconds(1);
  bool refuse = false;
  /// In a row, until the plugin is paused.
  int failures = 5;
};

/// A draft in the shape of the interface; points into the draft, which outlives it.
class RawMessage {
 public:
  explicit RawMessage(const im::Draft& draft);
  [[nodiscard]] const turms_message& get() const { return raw_; }

 private:
  std::vector<turms_bytes> records_;
  turms_message raw_{};
};

}  // namespace turms::plugin
