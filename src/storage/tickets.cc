#include "storage/tickets.h"

#include <fmt/core.h>

#include <array>
#include <charconv>

#include "base/crypto.h"
#include "base/encoding.h"

namespace turms::storage {
namespace {

constexpr std::string_view kVersion = "turms-upload-1";
constexpr size_t kMaxPolicyBytes = 1024;

Error refused(const char* why) {
  return {ErrorCode::kPermissionDenied, why};
}

}  // namespace

std::optional<int64_t> parse_decimal(std::string_view text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  // One text for each number: no leading zeros, no "-0".
  if (std::to_string(value) != text) return std::nullopt;
  return value;
}

std::optional<im::ResourceType> parse_bucket(std::string_view name) {
  for (const auto type :
       {im::ResourceType::kUserProfilePicture, im::ResourceType::kGroupProfilePicture,
        im::ResourceType::kMessageAttachment}) {
    if (name == im::bucket_of(type)) return type;
  }
  return std::nullopt;
}

std::string format_policy(const im::UploadTerms& terms) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", kVersion, im::bucket_of(terms.key.type),
                     terms.key.id, terms.content_type, terms.min_bytes, terms.max_bytes,
                     terms.expiration.unix_ms);
}

std::optional<im::UploadTerms> parse_policy(std::string_view text) {
  std::array<std::string_view, 7> lines;
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t end = text.find('\n');
    const bool last = i + 1 == lines.size();
    if (last != (end == std::string_view::npos)) return std::nullopt;
    lines[i] = text.substr(0, end);
    if (!last) text.remove_prefix(end + 1);
  }
  const auto type = parse_bucket(lines[1]);
  const auto id = parse_decimal(lines[2]);
  const auto min = parse_decimal(lines[4]);
  const auto max = parse_decimal(lines[5]);
  const auto expires = parse_decimal(lines[6]);
  if (lines[0] != kVersion || !type || !id || !min || !max || !expires) return std::nullopt;
  if (*min < 0 || *max < 0) return std::nullopt;
  return im::UploadTerms{{*type, *id}, std::string(lines[3]), *min, *max, WallTime{*expires}};
}

std::string Tickets::mac(std::string_view purpose, std::string_view text) const {
  std::string signed_text(purpose);
  signed_text += '\n';
  signed_text += text;
  return base64url(hmac_sha256(secret_, as_bytes(signed_text)));
}

Tickets::Policy Tickets::sign_upload(const im::UploadTerms& terms) const {
  Policy policy;
  policy.policy = base64url(as_bytes(format_policy(terms)));
  policy.signature = mac("upload", policy.policy);
  return policy;
}

Result<im::UploadTerms> Tickets::verify_upload(std::string_view policy, std::string_view signature,
                                               WallTime now) const {
  // Nothing is read that we did not write.
  if (policy.size() > kMaxPolicyBytes ||
      !constant_time_equal(as_bytes(mac("upload", policy)), as_bytes(signature))) {
    return std::unexpected(refused("the signature does not match"));
  }
  const auto text = from_base64(policy);
  auto terms = text ? parse_policy(as_text(ByteView(*text))) : std::nullopt;
  if (!terms) return std::unexpected(refused("no such policy"));
  if (terms->expiration <= now) return std::unexpected(refused("the policy has expired"));
  return std::move(*terms);
}

std::string Tickets::sign_download(const im::ResourceKey& key, std::string_view name,
                                   WallTime expiration) const {
  return mac("download", fmt::format("{}\n{}\n{}\n{}", im::bucket_of(key.type), key.id,
                                     expiration.unix_ms, name));
}

Status Tickets::verify_download(const im::ResourceKey& key, std::string_view name,
                                WallTime expiration, std::string_view signature,
                                WallTime now) const {
  if (!constant_time_equal(as_bytes(sign_download(key, name, expiration)), as_bytes(signature))) {
    return std::unexpected(refused("the signature does not match"));
  }
  if (expiration <= now) return std::unexpected(refused("the link has expired"));
  return {};
}

std::string Tickets::file_name(const im::ResourceKey& key) const {
  const std::string text = fmt::format("file\n{}\n{}", im::bucket_of(key.type), key.id);
  return hex(hmac_sha256(secret_, as_bytes(text)));
}

}  // namespace turms::storage
