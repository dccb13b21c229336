#include "rtc/turn/credentials.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <charconv>

#include "base/check.h"
#include "base/crypto.h"
#include "base/encoding.h"

namespace turms::rtc::turn {
namespace {

/// A number up to `end` or the next colon, which is taken too; nothing when there is none.
template <class Number>
std::optional<Number> take_number(std::string_view& text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto used = static_cast<size_t>(end - text.data());
  if (error != std::errc() || used == text.size() || text[used] != ':') return std::nullopt;
  text.remove_prefix(used + 1);
  return number;
}

}  // namespace

Result<Username> Username::parse(std::string_view text) {
  const auto malformed = [] {
    return fail(ErrorCode::kInvalidArgument, "not of the form expiry:worker:user");
  };
  const auto expiry = take_number<uint32_t>(text);
  if (!expiry) return malformed();
  const auto worker = take_number<uint32_t>(text);
  if (!worker || text.empty() || text.size() > kMaxUser) return malformed();
  return Username{TimePoint(std::chrono::seconds(*expiry)), *worker, text};
}

Credentials mint(const Secret& secret, TimePoint expiry, uint32_t worker, std::string_view user) {
  TURMS_CHECK(!user.empty() && user.size() <= kMaxUser);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(expiry.time_since_epoch()).count();
  Credentials credentials{fmt::format("{}:{}:{}", seconds, worker, user), {}};
  credentials.password = password_of(secret, credentials.username);
  return credentials;
}

std::string password_of(const Secret& secret, std::string_view username) {
  return base64url(hmac_sha256(secret, as_bytes(username)));
}

LongTermKey long_term_key(std::string_view username, std::string_view realm,
                          std::string_view password) {
  const std::string text = fmt::format("{}:{}:{}", username, realm, password);
  LongTermKey key;
  TURMS_CHECK(EVP_Digest(text.data(), text.size(), key.data(), nullptr, EVP_md5(), nullptr) == 1);
  return key;
}

}  // namespace turms::rtc::turn
