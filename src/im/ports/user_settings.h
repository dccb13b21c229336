#pragma once

#include <set>
#include <string>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// What a user's client keeps for all devices. Which names there are is the service's to decide.
class UserSettingsRepository {
 public:
  virtual ~UserSettingsRepository() = default;
  virtual Stored<ValueMap> find(UserId user) = 0;
  enum class Put { kDone, kUnchanged, kImmutable };
  /// kImmutable: one of `immutable` is there with another value; nothing was changed.
  virtual Stored<Put> put(Permit<action::ChangeUserSettings>, ValueMap settings,
                          std::set<std::string> immutable, WallTime now) = 0;
  /// False when none of them was there.
  virtual Stored<bool> remove(Permit<action::ChangeUserSettings>, std::vector<std::string> names,
                              WallTime now) = 0;
};

}  // namespace turms::im
