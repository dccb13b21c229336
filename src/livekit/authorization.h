#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "livekit/service.h"
#include "livekit/token.h"
#include "net/http.h"

namespace turms::livekit {

/// The grants of a request's `Authorization: Bearer` header, else of its `access_token` parameter.
/// Nothing when it brings no token; kUnauthenticated when the token is bad.
Result<std::optional<Grants>> authorize(const net::HttpRequest& request, const ApiKeys& keys,
                                        WallTime now);
/// Why who has these may not join: what they say of themselves is too long.
std::optional<std::string_view> beyond_limits(const Grants& grants, const Limits& limits);

}  // namespace turms::livekit
