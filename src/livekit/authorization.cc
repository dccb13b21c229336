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

std::optional<std::string_view> beyond_limits(const Grants& grants, const Limits& limits) {
  if (grants.identity.size() > limits.identity) {
    return "participant identity length exceeds limits";
  }
  if (grants.metadata.size() > limits.metadata) return "metadata size exceeds limits";
  size_t attribute_bytes = 0;
  for (const auto& [key, value] : grants.attributes) attribute_bytes += key.size() + value.size();
  if (attribute_bytes > limits.attributes) return "attribute size exceeds limits";
  return std::nullopt;
}

}  // namespace turms::livekit
