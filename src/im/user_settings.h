#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/status.h"

namespace turms::im {

struct QueryUserSettings {
  /// Empty: all.
  std::vector<std::string> names;
  /// Nothing when nothing changed since.
  std::optional<WallTime> last_updated_date_start;
};

struct UserSettingsList {
  ValueMap settings;
  std::optional<WallTime> last_updated_date;
};

/// What a user's clients keep for all of the user's devices: names that the operator allows
/// (Settings::People::settings), any values. Told to the user's other sessions.
class UserSettings {
 public:
  explicit UserSettings(Context& context) : context_(context) {}

  /// kIllegalArgument for a name that is not allowed, and for another value of an immutable one.
  Task<Outcome<Reply<>>> update(Caller caller, ValueMap settings);
  /// No names: all that are not immutable.
  Task<Outcome<Reply<>>> remove(Caller caller, std::vector<std::string> names);
  /// kNoContent when there are none.
  Task<Outcome<UserSettingsList>> query(Caller caller, QueryUserSettings query);

 private:
  Context& context_;
};

}  // namespace turms::im
