#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// SHA-256 of a session token. The token itself is nowhere kept.
using TokenHash = std::array<uint8_t, 32>;

/// What signs a user in again without a password (docs/protocol-extensions.md).
struct SessionToken {
  UserId user_id;
  DeviceType device_type = DeviceType::kUnknown;
  /// Of the password that it was given for (Credentials); another one ends it.
  int64_t password_version = 0;
  WallTime creation_date;
  WallTime expiration_date;
};

class SessionTokenRepository {
 public:
  virtual ~SessionTokenRepository() = default;
  /// Also one that has expired.
  virtual Stored<std::optional<SessionToken>> find(TokenHash hash) = 0;
  /// Drops the user's oldest ones above `max_per_user`, and some of anybody's that expired before
  /// the new one was made.
  virtual Stored<None> create(Permit<action::CreateSessionToken>, TokenHash hash,
                              SessionToken token, int max_per_user) = 0;
  /// False when it is gone.
  virtual Stored<bool> prolong(Permit<action::ProlongSessionToken>, TokenHash hash,
                               WallTime expiration_date) = 0;
  /// Of the permit's user; with a hash that one only, with device types theirs only. How many.
  virtual Stored<int> revoke(Permit<action::RevokeSessionTokens>, std::optional<TokenHash> hash,
                             std::vector<DeviceType> device_types) = 0;
};

}  // namespace turms::im
