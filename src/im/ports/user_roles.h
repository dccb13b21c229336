#pragma once

#include <optional>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

class UserRoleRepository {
 public:
  /// More are refused.
  static constexpr int64_t kMaxRoles = 1000;

  virtual ~UserRoleRepository() = default;
  /// Role 0 for a user without another one, or whose role is gone.
  virtual Stored<UserRole> of_user(UserId id) = 0;
  virtual Stored<std::optional<UserRole>> find(int64_t id) = 0;
  /// By id, ascending; with role 0.
  virtual Stored<std::vector<UserRole>> list() = 0;
  /// Makes or replaces it. False: there are too many.
  virtual Stored<bool> put(Permit<action::PutUserRole>, UserRole role) = 0;
  /// Whoever has it has role 0 then. False: there is none. Role 0 gets its first values back.
  virtual Stored<bool> remove(Permit<action::RemoveUserRole>) = 0;
  enum class Assigned { kDone, kNoUser, kNoRole };
  virtual Stored<Assigned> assign(Permit<action::AssignUserRole>) = 0;
};

}  // namespace turms::im
