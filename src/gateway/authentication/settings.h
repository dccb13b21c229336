#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/config_table.h"
#include "gateway/authentication/authenticator.h"
#include "gateway/oidc_sign_in.h"

namespace turms::gateway {

/// Who authenticates users, as configured: upstream's `identity-access-management`.
struct AuthenticationSettings {
  enum class Type : uint8_t { kPassword, kJwt, kHttp, kLdap, kNoop };

  bool enabled = true;
  Type type = Type::kPassword;
  /// NOOP without --dev.
  bool allow_noop = false;
  struct Jwt {
    /// Empty: any.
    std::string issuer;
    std::string audience;
    /// Claims that a token must have.
    std::map<std::string, std::string> claims;
    /// Claims by which a token says that its user is the one.
    std::map<std::string, std::string> expectation = {{"authenticated", "true"}};
    /// Of secrets and of public keys.
    std::map<jwt::Algorithm, std::string> key_files;
  } jwt;
  HttpAuthentication http;
  LdapAuthentication ldap;
};

const config::Table<AuthenticationSettings>& authentication_table();
const config::Table<OidcConfig>& oidc_table();

/// kInvalidArgument names the key that is missing or wrong; NOOP is refused without `dev` unless it
/// is allowed. `loop` and `client` outlive it.
Result<std::unique_ptr<Authenticator>> make_authenticator(const AuthenticationSettings& settings,
                                                          bool dev, im::Users& users,
                                                          net::Loop& loop, net::HttpClient& client);

/// The OpenID provider of the web app; nothing where none is configured. kInvalidArgument names the
/// key that is missing or wrong. What the provider says becomes a session token.
Result<std::optional<OidcConfig>> check_oidc(OidcConfig oidc,
                                             const AuthenticationSettings& authentication,
                                             bool session_tokens);

}  // namespace turms::gateway
