#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace turms::jwt {

/// JSON Web Tokens (RFC 7519) with HS256 only, the one algorithm LiveKit's tokens and webhooks use.
/// Claims are JSON text: what they mean (exp, nbf, grants) is for the caller.
std::string sign(std::string_view claims_json, std::string_view secret);

/// The claims of a token whose header says HS256 and whose signature fits `secret`;
/// kUnauthenticated otherwise.
Result<std::string> verify(std::string_view token, std::string_view secret);

/// The claims without any check: to find out which key (`iss`) a token names.
Result<std::string> peek(std::string_view token);

}  // namespace turms::jwt
