#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace turms::im {
class SessionTokens;
class Users;
}  // namespace turms::im

namespace turms::net {
class HttpClient;
class HttpRoutes;
class Loop;
}  // namespace turms::net

namespace turms::gateway {

struct OidcConfig {
  /// As the provider writes it in its tokens; its configuration is found below it.
  std::string issuer;
  std::string client_id;
  /// Empty: a public client, which PKCE alone protects.
  std::string client_secret;
  /// Where browsers reach this server, without a slash at the end. The provider must know
  /// `<public_url>/auth/oidc/callback`.
  std::string public_url;
  /// The claim whose value is the id of the user: a number, or a text of one.
  std::string user_id_claim = "sub";
  std::vector<std::string> scopes = {"openid"};
  /// What the button says.
  std::string label;
};

/// Signs users of the web app in at an OpenID provider: the authorization code flow with PKCE
/// (OpenID Connect Core section 3.1, RFC 7636), below /auth/oidc of the HTTP port:
///
/// GET  /auth/oidc           what the button says
/// GET  /auth/oidc/login     to the provider
/// GET  /auth/oidc/callback  back from it, and on to the page with ?oidc=done or ?oidc=failed
/// POST /auth/oidc/session   the user and a session token, once, for who came back
///
/// What happens between these is bound to the browser by cookies that scripts cannot read. Lives on
/// the control thread; all that it is made from outlives it. Bounds: kMaxPending sign-ins under
/// way, each for kPatience; then the oldest is forgotten.
class OidcSignIn {
 public:
  static constexpr size_t kMaxPending = 10'000;
  static constexpr Duration kPatience = 10min;
  /// For the page to fetch what it came back for.
  static constexpr Duration kHandover = 1min;

  OidcSignIn(net::Loop& loop, net::HttpClient& client, im::Users& users, OidcConfig config);
  ~OidcSignIn();

  void add_routes(net::HttpRoutes& routes);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// What an ID token must say besides being signed (OpenID Connect Core section 3.1.3.7), and for
/// which user it speaks. `now`: seconds since 1970. kUnauthenticated says what is wrong.
Result<int64_t> check_id_token(std::string_view claims_json, const OidcConfig& config,
                               std::string_view nonce, int64_t now);

}  // namespace turms::gateway
