#include "delivery.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <ctime>
#include <optional>

#include "base/crypto.h"
#include "base/encoding.h"
#include "encryption.h"

namespace turms::push {

namespace {

namespace json = boost::json;

/// Bytes.
constexpr size_t kMaxName = 128;
constexpr Duration kFirstDelay = std::chrono::seconds(2);

std::string_view cut(std::string_view text, size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<uint8_t>(text[most]) & 0xc0) == 0x80) --most;
  return text.substr(0, most);
}

/// The three forms of RFC 9110 section 5.6.7; all are in GMT.
std::optional<int64_t> seconds_of_date(const std::string& text) {
  constexpr std::array kForms = {"%a, %d %b %Y %T GMT", "%A, %d-%b-%y %T GMT", "%a %b %e %T %Y"};
  for (const char* form : kForms) {
    std::tm parts{};
    const char* end = strptime(text.c_str(), form, &parts);
    if (end != nullptr && *end == '\0') return timegm(&parts);
  }
  return std::nullopt;
}

/// RFC 9110 section 10.2.3.
std::optional<int64_t> seconds_until(std::string_view retry_after, WallTime now) {
  int64_t seconds = -1;
  const char* end = retry_after.data() + retry_after.size();
  const auto [rest, error] = std::from_chars(retry_after.data(), end, seconds);
  if (error == std::errc() && rest == end && seconds >= 0) return seconds;
  const auto date = seconds_of_date(std::string(retry_after));
  if (!date) return std::nullopt;
  return std::max<int64_t>(*date - now.unix_ms / 1000, 0);
}

json::object object_of(const Missed& missed, size_t most_text) {
  json::object out;
  out["type"] = "message";
  out["messageId"] = std::to_string(missed.message_id);
  out["sequence"] = missed.sequence;
  out["deliveryDate"] = missed.delivery_date;
  out["senderId"] = std::to_string(missed.sender_id);
  out["senderName"] = cut(missed.sender_name, kMaxName);
  if (missed.group_id != 0) {
    out["groupId"] = std::to_string(missed.group_id);
    out["groupName"] = cut(missed.group_name, kMaxName);
  }
  if (missed.text && most_text > 0) out["text"] = cut(*missed.text, most_text);
  out["unreadCount"] = missed.unread_count;
  out["mentioned"] = missed.mentioned;
  return out;
}

}  // namespace

Missed keep(const turms_push& raw) {
  Missed missed;
  missed.user_id = raw.user_id;
  missed.message_id = raw.message_id;
  missed.sequence = raw.sequence;
  missed.delivery_date = raw.delivery_date;
  missed.sender_id = raw.sender_id;
  missed.sender_name = raw.sender_name;
  missed.group_id = raw.group_id;
  missed.group_name = raw.group_name;
  if (raw.text != nullptr) missed.text = raw.text;
  missed.unread_count = raw.unread_count;
  missed.mentioned = raw.mentioned != 0;
  for (size_t i = 0; i < raw.subscription_count; ++i) {
    missed.subscriptions.emplace_back(raw.subscriptions[i].name, raw.subscriptions[i].value);
  }
  return missed;
}

std::string notification_json(const Missed& missed, size_t most_text) {
  std::string text = json::serialize(object_of(missed, most_text));
  // Some characters take six in JSON.
  while (text.size() > kMaxPlaintext && most_text > 0) {
    most_text /= 2;
    text = json::serialize(object_of(missed, most_text));
  }
  return text;
}

std::string endpoint_json(const Missed& missed, size_t most_text) {
  json::object out = object_of(missed, most_text);
  out["userId"] = std::to_string(missed.user_id);
  json::object subscriptions;
  for (const auto& [name, value] : missed.subscriptions) subscriptions[name] = value;
  out["subscriptions"] = std::move(subscriptions);
  return json::serialize(out);
}

std::string signature(std::string_view secret, int64_t timestamp, std::string_view body) {
  const std::string text = std::to_string(timestamp) + "." + std::string(body);
  return hex(hmac_sha256(as_bytes(secret), as_bytes(text)));
}

Next next_of(int status, std::string_view retry_after, int attempt, WallTime now) {
  if (status >= 200 && status < 300) return {Next::kDone};
  if (status == 404 || status == 410) return {Next::kGone};
  const bool passing = status == 0 || status == 408 || status == 429 || status >= 500;
  if (!passing || attempt >= kMaxAttempts) return {Next::kDrop};
  if (const auto seconds = seconds_until(retry_after, now)) {
    const Duration longest = kMaxDelay;
    return {
        Next::kRetry,
        std::min(longest, Duration(std::chrono::seconds(std::min<int64_t>(*seconds, 24 * 3600))))};
  }
  // 2 s, 8 s, 32 s, 128 s.
  return {Next::kRetry, kFirstDelay * (1 << (2 * (attempt - 1)))};
}

}  // namespace turms::push
