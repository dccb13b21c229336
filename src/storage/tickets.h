#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "im/storage_types.h"

namespace turms::storage {

/// Signs what clients may do with the built-in store (HMAC-SHA256): nobody else can make or change
/// it, and it expires. Stateless: what was signed once cannot be taken back before.
class Tickets {
 public:
  /// `secret`: at least 32 bytes.
  explicit Tickets(Bytes secret) : secret_(std::move(secret)) {}

  /// An upload's terms in one form field, and the signature in another.
  struct Policy {
    std::string policy;
    std::string signature;
  };
  [[nodiscard]] Policy sign_upload(const im::UploadTerms& terms) const;
  /// kPermissionDenied: not ours, changed, or expired.
  [[nodiscard]] Result<im::UploadTerms> verify_upload(std::string_view policy,
                                                      std::string_view signature,
                                                      WallTime now) const;

  /// For the query of a URL. `name`: what the file is saved as.
  [[nodiscard]] std::string sign_download(const im::ResourceKey& key, std::string_view name,
                                          WallTime expiration) const;
  [[nodiscard]] Status verify_download(const im::ResourceKey& key, std::string_view name,
                                       WallTime expiration, std::string_view signature,
                                       WallTime now) const;

  /// The name of an object's file: 64 hexadecimal digits that nobody can guess or choose.
  [[nodiscard]] std::string file_name(const im::ResourceKey& key) const;

 private:
  [[nodiscard]] std::string mac(std::string_view purpose, std::string_view text) const;

  const Bytes secret_;
};

/// The text of a policy, before it is signed. Nothing when it is none.
std::string format_policy(const im::UploadTerms& terms);
std::optional<im::UploadTerms> parse_policy(std::string_view text);

/// "message-attachment" → kMessageAttachment.
std::optional<im::ResourceType> parse_bucket(std::string_view name);
/// A decimal number and nothing else.
std::optional<int64_t> parse_decimal(std::string_view text);

}  // namespace turms::storage
