#include "livekit/authorization.h"

namespace turms::livekit {

Result<std::optional<Grants>> authorize(const net::HttpRequest& request, const ApiKeys& keys,
                                        WallTime now) {
  constexpr std::string_view kBearer = "Bearer ";
  std::string_view token;
  if (const auto header = request.header("Authorization"); header && !header->empty()) {
    if (!header->starts_with(kBearer)) {
      return fail(ErrorCode::kUnauthenticated,
                  "invalid authorization header. Must start with Bearer ");
    }
    token = header->substr(kBearer.size());
  } else if (const auto parameter = request.query_value("access_token")) {
    token = *parameter;
  }
  if (token.empty()) return std::nullopt;
  auto grants = verify_token(token, keys, now);
  if (!grants) return std::unexpected(grants.error());
  return std::move(*grants);
}

}  // namespace turms::livekit
