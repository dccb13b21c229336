#include "base/jwt.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/crypto.h"
#include "base/encoding.h"

namespace turms::jwt {
namespace {

struct Parts {
  std::string_view header, claims, signature;
};

Result<Parts> split(std::string_view token) {
  const size_t first = token.find('.');
  const size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) {
    return fail(ErrorCode::kUnauthenticated, "token is not of the form header.claims.signature");
  }
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
               token.substr(second + 1)};
}

Result<std::string> decode(std::string_view part) {
  auto bytes = from_base64(part);
  if (!bytes) return fail(ErrorCode::kUnauthenticated, "token is not base64url");
  return std::string(as_text(*bytes));
}

bool is_hs256(std::string_view header_json) {
  boost::system::error_code ec;
  const boost::json::value header = boost::json::parse(header_json, ec);
  if (ec || !header.is_object()) return false;
  const boost::json::value* alg = header.as_object().if_contains("alg");
  return alg != nullptr && alg->is_string() && alg->as_string() == "HS256";
}

}  // namespace

std::string sign(std::string_view claims_json, std::string_view secret) {
  std::string token = base64url(as_bytes(R"({"alg":"HS256","typ":"JWT"})"));
  token += '.';
  token += base64url(as_bytes(claims_json));
  const auto mac = hmac_sha256(as_bytes(secret), as_bytes(token));
  token += '.';
  token += base64url(mac);
  return token;
}

Result<std::string> verify(std::string_view token, std::string_view secret) {
  // Anybody can sign with it.
  if (secret.empty()) return fail(ErrorCode::kUnauthenticated, "the key has no secret");
  auto parts = split(token);
  if (!parts) return std::unexpected(parts.error());
  auto header = decode(parts->header);
  if (!header) return header;
  if (!is_hs256(*header))
    return fail(ErrorCode::kUnauthenticated, "token is not signed with HS256");
  const auto signature = from_base64(parts->signature);
  const std::string_view covered = token.substr(0, parts->header.size() + 1 + parts->claims.size());
  if (!signature ||
      !constant_time_equal(*signature, hmac_sha256(as_bytes(secret), as_bytes(covered)))) {
    return fail(ErrorCode::kUnauthenticated, "token signature does not fit");
  }
  return decode(parts->claims);
}

Result<std::string> peek(std::string_view token) {
  auto parts = split(token);
  if (!parts) return std::unexpected(parts.error());
  return decode(parts->claims);
}

}  // namespace turms::jwt
