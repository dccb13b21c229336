#include "storage/sigv4.h"

#include <fmt/core.h>

#include <algorithm>
#include <ctime>

#include "base/crypto.h"
#include "base/encoding.h"
#include "storage/escape.h"

namespace turms::storage {
namespace {

constexpr std::string_view kService = "s3";
constexpr std::string_view kTerminator = "aws4_request";

std::string date_of(WallTime time) {
  return SigV4::stamp(time).substr(0, 8);
}

}  // namespace

std::string SigV4::stamp(WallTime time) {
  const time_t seconds = time.unix_ms / 1000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts)};
}

std::string SigV4::scope(WallTime now) const {
  return fmt::format("{}/{}/{}/{}", date_of(now), credentials_.region, kService, kTerminator);
}

std::string SigV4::credential(WallTime now) const {
  return credentials_.access_key + "/" + scope(now);
}

std::string SigV4::sign(std::string_view text, WallTime now) const {
  const std::string first = "AWS4" + credentials_.secret_key;
  auto key = hmac_sha256(as_bytes(first), as_bytes(date_of(now)));
  for (const std::string_view part :
       {std::string_view(credentials_.region), kService, kTerminator}) {
    key = hmac_sha256(key, as_bytes(part));
  }
  return hex(hmac_sha256(key, as_bytes(text)));
}

std::string SigV4::sign_policy(std::string_view policy, WallTime now) const {
  return sign(policy, now);
}

std::string SigV4::presign(std::string_view method, std::string_view host, std::string_view path,
                           Query extra, WallTime now, int64_t seconds) const {
  extra.emplace_back("X-Amz-Algorithm", kAlgorithm);
  extra.emplace_back("X-Amz-Credential", credential(now));
  extra.emplace_back("X-Amz-Date", stamp(now));
  extra.emplace_back("X-Amz-Expires", std::to_string(seconds));
  extra.emplace_back("X-Amz-SignedHeaders", "host");
  std::ranges::sort(extra);
  std::string query;
  for (const auto& [name, value] : extra) {
    if (!query.empty()) query += '&';
    query += uri_escape(name) + "=" + uri_escape(value);
  }
  const std::string request =
      fmt::format("{}\n{}\n{}\nhost:{}\n\nhost\nUNSIGNED-PAYLOAD", method, path, query, host);
  const std::string text = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, stamp(now), scope(now),
                                       hex(sha256(as_bytes(request))));
  return query + "&X-Amz-Signature=" + sign(text, now);
}

}  // namespace turms::storage
