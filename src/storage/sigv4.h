#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace turms::storage {

/// Whom S3 knows us as.
struct AwsCredentials {
  std::string access_key;
  std::string secret_key;
  std::string region = "us-east-1";
};

/// AWS Signature Version 4 for S3, in query parameters and in forms; without input or output.
class SigV4 {
 public:
  explicit SigV4(AwsCredentials credentials) : credentials_(std::move(credentials)) {}

  using Query = std::vector<std::pair<std::string, std::string>>;

  /// The query of a URL that is good for `method` for so many seconds. `path` as it will be sent:
  /// escaped already. `extra`: further parameters, unescaped.
  [[nodiscard]] std::string presign(std::string_view method, std::string_view host,
                                    std::string_view path, Query extra, WallTime now,
                                    int64_t seconds) const;

  /// Of a policy in base64.
  [[nodiscard]] std::string sign_policy(std::string_view policy, WallTime now) const;
  /// "AKID/20130524/us-east-1/s3/aws4_request"
  [[nodiscard]] std::string credential(WallTime now) const;

  /// "20130524T000000Z"
  static std::string stamp(WallTime time);
  static constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

 private:
  [[nodiscard]] std::string scope(WallTime now) const;
  [[nodiscard]] std::string sign(std::string_view text, WallTime now) const;

  const AwsCredentials credentials_;
};

}  // namespace turms::storage
