#pragma once

#include <string>
#include <string_view>

#include "im/domain_fwd.h"
#include "im/ports/session_tokens.h"
#include "im/status.h"

namespace turms::im {

/// A token in its only clear copy, for the client.
struct IssuedToken {
  std::string token;
  TokenHash hash{};
  WallTime expiration_date;
};

/// Tokens that sign a user in again without a password, and so without Argon2id. 256 random bits,
/// kept as a hash. A token ends with its lifetime, which each use renews; with a change of the
/// password; when it is revoked. Bound: kMaxPerUser, then the oldest goes.
class SessionTokens {
 public:
  static constexpr int kMaxPerUser = 32;

  explicit SessionTokens(Context& context) : context_(context) {}

  /// kFailedPrecondition when the lifetime is 0: none are given.
  Task<Result<IssuedToken>> issue(UserId user, DeviceType device_type, int64_t password_version);

  struct Known {
    TokenHash hash{};
    SessionToken token;
  };
  /// The user's token, when it is one and has not expired. Whether it still signs in is not said:
  /// the password may have changed. It does show that the device is the user's.
  Task<Result<std::optional<Known>>> find(UserId user, std::string_view token);
  /// The expiration date from now on; moved at most once in a tenth of the lifetime.
  Task<WallTime> prolong(Known known);

  Task<Result<int>> revoke(UserId user, TokenHash hash);
  /// Empty: of all device types.
  Task<Result<int>> revoke_all(UserId user, std::vector<DeviceType> device_types);

 private:
  Context& context_;
};

}  // namespace turms::im
