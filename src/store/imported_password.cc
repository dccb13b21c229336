#include "store/imported_password.h"

#include <crypt.h>

#include <memory>

#include "base/crypto.h"
#include "base/encoding.h"

namespace turms::store {
namespace {

constexpr std::string_view kSha256Prefix = "$turms-sha256$";
constexpr std::string_view kBcryptPrefix = "$turms-bcrypt$";
constexpr size_t kSha256Salt = 8;
constexpr size_t kSha256Size = 32;
constexpr size_t kBcryptSalt = 16;
constexpr size_t kBcryptSize = 24;
// What crypt(3) shows of the 24 bytes.
constexpr size_t kBcryptShown = 23;
// As much of a key as bcrypt uses.
constexpr size_t kBcryptKey = 72;

std::string salted_sha256(ByteView salt, std::string_view password) {
  Bytes salted(salt.begin(), salt.end());
  salted.insert(salted.end(), password.begin(), password.end());
  const auto hash = sha256(salted);
  Bytes stored(salt.begin(), salt.end());
  stored.insert(stored.end(), hash.begin(), hash.end());
  return std::string(kSha256Prefix) + base64(stored);
}

bool verify_sha256(std::string_view password, ByteView stored) {
  if (stored.size() != kSha256Salt + kSha256Size) return false;
  Bytes salted(stored.begin(), stored.begin() + kSha256Salt);
  salted.insert(salted.end(), password.begin(), password.end());
  return constant_time_equal(sha256(salted), stored.subspan(kSha256Salt));
}

/// bcrypt's own base64: another alphabet, no padding.
std::string bcrypt_base64(ByteView bytes) {
  constexpr std::string_view kAlphabet =
      "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (const uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    count += 8;
    while (count >= 6) {
      count -= 6;
      text += kAlphabet[bits >> count & 63];
    }
  }
  if (count > 0) text += kAlphabet[bits << (6 - count) & 63];
  return text;
}

/// Java's server hands the password to bcrypt without the zero byte that crypt(3) puts behind it.
/// bcrypt repeats its key up to 72 bytes, so a password that is repeated up to there is the same
/// key to both.
bool verify_bcrypt(std::string_view password, ByteView stored) {
  if (stored.size() != kBcryptSalt + kBcryptSize || password.empty() ||
      password.find('\0') != password.npos) {
    return false;
  }
  std::string key;
  while (key.size() < kBcryptKey) key += password;
  key.resize(kBcryptKey);
  const std::string setting = "$2b$10$" + bcrypt_base64(stored.first(kBcryptSalt));
  const auto work = std::make_unique<crypt_data>();
  const char* made = ::crypt_rn(key.c_str(), setting.c_str(), work.get(), sizeof(crypt_data));
  if (made == nullptr) return false;
  const std::string_view text(made);
  const std::string wanted = bcrypt_base64(stored.subspan(kBcryptSalt, kBcryptShown));
  return text.size() == setting.size() + wanted.size() &&
         constant_time_equal(as_bytes(text.substr(setting.size())), as_bytes(wanted));
}

}  // namespace

std::optional<std::string> imported_password(ImportedHash algorithm, ByteView stored) {
  switch (algorithm) {
    case ImportedHash::kSaltedSha256:
      if (stored.size() != kSha256Salt + kSha256Size) return std::nullopt;
      return std::string(kSha256Prefix) + base64(stored);
    case ImportedHash::kBcrypt:
      if (stored.size() != kBcryptSalt + kBcryptSize) return std::nullopt;
      return std::string(kBcryptPrefix) + base64(stored);
    case ImportedHash::kPlain:
      break;
  }
  if (stored.empty()) return std::nullopt;
  Bytes salt(kSha256Salt);
  secure_random(salt);
  return salted_sha256(salt, as_text(stored));
}

std::optional<bool> verify_imported_password(std::string_view password, std::string_view encoded) {
  const auto stored_behind = [&](std::string_view prefix) {
    return from_base64(encoded.substr(prefix.size())).value_or(Bytes());
  };
  if (encoded.starts_with(kSha256Prefix)) {
    return verify_sha256(password, stored_behind(kSha256Prefix));
  }
  if (encoded.starts_with(kBcryptPrefix)) {
    return verify_bcrypt(password, stored_behind(kBcryptPrefix));
  }
  if (encoded == kNoPassword) return false;
  return std::nullopt;
}

}  // namespace turms::store
