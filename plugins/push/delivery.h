#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "turms/plugin.h"

namespace turms::push {

/// turms_push, kept.
struct Missed {
  int64_t user_id = 0;
  int64_t message_id = 0;
  int64_t sequence = 0;
  int64_t delivery_date = 0;
  int64_t sender_id = 0;
  std::string sender_name;
  int64_t group_id = 0;
  std::string group_name;
  std::optional<std::string> text;
  int32_t unread_count = 0;
  bool mentioned = false;
  std::vector<std::pair<std::string, std::string>> subscriptions;
};
Missed keep(const turms_push& raw);

/// A JSON object for who shows a notification. Ids are text: JavaScript has no such numbers. At
/// most `most_text` bytes of the text, cut at the end of a character, and kMaxPlaintext in all
/// (encryption.h); 0: none of it.
std::string notification_json(const Missed& missed, size_t most_text);
/// The same for an HTTP endpoint of the operator's: with the user and their subscriptions.
std::string endpoint_json(const Missed& missed, size_t most_text);

/// What the endpoint checks: hex of HMAC-SHA256 over "<timestamp>.<body>", by the shared secret.
std::string signature(std::string_view secret, int64_t timestamp, std::string_view body);

/// What becomes of a delivery after an attempt.
struct Next {
  enum Kind { kDone, kGone, kRetry, kDrop } kind = kDrop;
  /// kRetry: until the next attempt.
  Duration delay{};
};
inline constexpr int kMaxAttempts = 5;
inline constexpr Duration kMaxDelay = std::chrono::hours(1);
/// `status`: of HTTP, 0: there was no answer. `retry_after`: that header, in seconds or as a
/// date; nonsense counts as none. `attempt`: from 1.
Next next_of(int status, std::string_view retry_after, int attempt, WallTime now);

}  // namespace turms::push
