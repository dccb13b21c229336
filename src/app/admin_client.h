#pragma once

#include <optional>
#include <string>

#include "app/config.h"
#include "base/result.h"

namespace turms::app {

/// One request to the admin API of a running server.
struct AdminRequest {
  /// The server's admin port; empty: as the configuration says.
  std::string url;
  /// Empty: the token in TURMS_ADMIN_TOKEN, else the account turms. With the password in
  /// TURMS_ADMIN_PASSWORD.
  std::string account;
  std::string method;
  std::string target;  // path and query
  /// JSON.
  std::optional<std::string> body;
};

/// The body of a good answer. kUnavailable: the server's reason, or that it cannot be reached.
/// `refused`: the body of any answer.
Result<std::string> ask_admin(const Config& config, const AdminRequest& request,
                              std::string* refused = nullptr);

}  // namespace turms::app
