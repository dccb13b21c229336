#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/result.h"

namespace turms::gateway {

/// Which kinds of requests a session may send.
class Permissions {
 public:
  /// All of them.
  Permissions() = default;
  explicit Permissions(std::unordered_set<int32_t> kinds)
      : kinds_(std::make_shared<const std::unordered_set<int32_t>>(std::move(kinds))) {}

  /// `kind`: of TurmsRequest.
  [[nodiscard]] bool allows(int32_t kind) const { return !kinds_ || kinds_->contains(kind); }

 private:
  /// Null: all.
  std::shared_ptr<const std::unordered_set<int32_t>> kinds_;
};

/// Upstream's policy, in a token's claims or an HTTP service's answer: `statements`, each with
/// `effect` (ALLOW or DENY), `actions` (CREATE, DELETE, UPDATE, QUERY or *) and `resources` (USER,
/// GROUP_MEMBER, … or *), one or a list. What a statement denies no other allows. Without
/// `statements` everything is allowed; with an empty list nothing is. kInvalidArgument for
/// everything else, and for more than kMaxStatements.
inline constexpr size_t kMaxStatements = 100;
Result<Permissions> read_permissions(std::string_view json);

/// Whether the JSON object has these members; numbers and booleans are compared as they are
/// written.
bool has_members(std::string_view json, const std::map<std::string, std::string>& expected);

}  // namespace turms::gateway
