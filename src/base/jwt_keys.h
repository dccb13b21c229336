#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace turms::jwt {

/// How a token is signed (RFC 7518 section 3.1, RFC 8037).
enum class Algorithm : uint8_t {
  kHs256,
  kHs384,
  kHs512,
  kRs256,
  kRs384,
  kRs512,
  kPs256,
  kPs384,
  kPs512,
  kEs256,
  kEs384,
  kEs512,
  kEdDsa,
};
/// Its name in a token's header; nothing for others, "none" among them.
std::optional<Algorithm> find_algorithm(std::string_view name);

/// Keys that tokens are verified with. Each is good for one algorithm, so that a public key is
/// never taken for a secret. Immutable once made, so that any thread may verify.
class Keys {
 public:
  Keys();
  ~Keys();
  Keys(Keys&&) noexcept;
  Keys& operator=(Keys&&) noexcept;

  /// A secret, for HS*. kInvalidArgument when it is shorter than the hash (RFC 7518 section 3.2).
  Status add_secret(Algorithm algorithm, std::string secret);
  /// A public key or a certificate. kInvalidArgument when it is none, is of another kind, or RSA of
  /// less than 2048 bits.
  Status add_pem(Algorithm algorithm, std::string_view pem);
  /// The keys of a set (RFC 7517) that sign tokens and that we understand: RSA, EC and OKP, each
  /// for its `alg`, or what its kind is used for most. How many.
  Result<size_t> add_key_set(std::string_view json);

  [[nodiscard]] bool empty() const;

  /// The claims of a token that one of the keys has signed; kUnauthenticated otherwise. Of keys
  /// with a `kid` only the one that the token's header names. At most kMaxTokenBytes.
  [[nodiscard]] Result<std::string> verify(std::string_view token) const;

 private:
  struct Key;
  std::vector<std::unique_ptr<Key>> keys_;
};

inline constexpr size_t kMaxTokenBytes = 16 * 1024;

/// The claims that say when a token is good (RFC 7519 section 4.1): from `nbf`, until `exp`, in
/// seconds. False also when one of them is no number.
bool is_current(std::string_view claims_json, int64_t now_unix_seconds, int64_t leeway_seconds);

}  // namespace turms::jwt
