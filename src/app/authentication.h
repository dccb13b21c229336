#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "app/options.h"
#include "base/result.h"

namespace turms::gateway {
class Authenticator;
struct OidcConfig;
}  // namespace turms::gateway
namespace turms::im {
class Users;
}
namespace turms::net {
class HttpClient;
}

namespace turms::app {

class Config;

/// The keys of `turms.gateway.session.identity-access-management`.
std::vector<Option> authentication_options();

/// The OpenID provider of the web app; nothing where none is configured. kInvalidArgument names the
/// key that is missing or wrong.
Result<std::optional<gateway::OidcConfig>> oidc_config(const Config& config);

/// Who authenticates users, as configured. kInvalidArgument names the key that is missing or wrong;
/// NOOP is refused without --dev unless it is allowed by a key. `client` outlives it.
Result<std::unique_ptr<gateway::Authenticator>> make_authenticator(const Config& config, bool dev,
                                                                   im::Users& users,
                                                                   net::HttpClient& client);

}  // namespace turms::app
