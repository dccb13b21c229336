#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace turms::store {

/// How a Turms server written in Java stored passwords: its
/// `turms.security.password.*-password-encoding-algorithm`.
enum class ImportedHash : uint8_t {
  kSaltedSha256,  // 8 bytes of salt, then SHA-256 of salt and password
  kBcrypt,        // 16 bytes of salt, then the 24 bytes of bcrypt, cost 10
  kPlain,         // the password itself
};

/// What is kept here of such a password until its user signs in: `$turms-sha256$BASE64` or
/// `$turms-bcrypt$BASE64`. A plain one is hashed with a new salt, as the first. Nothing when the
/// bytes cannot be of that algorithm.
std::optional<std::string> imported_password(ImportedHash algorithm, ByteView stored);

/// Of a user who has none: no password is right.
inline constexpr std::string_view kNoPassword = "$turms-none$";

/// Whether it is of the password; nothing when `encoded` is no imported one.
std::optional<bool> verify_imported_password(std::string_view password, std::string_view encoded);

}  // namespace turms::store
