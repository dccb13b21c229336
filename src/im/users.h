#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/status.h"

namespace turms::im {

struct SignIn {
  int32_t version = 0;
  UserId user_id;
  std::optional<std::string> password;
  UserStatus status = UserStatus::kAvailable;
};

struct QueryUserProfiles {
  std::vector<UserId> user_ids;
  std::optional<WallTime> last_updated_date;
  std::optional<std::string> name;
};

class Users {
 public:
  explicit Users(Context& context) : context_(context) {}

  /// Who it is, when version, user and password are right: 2000, 2011, 2012, 1102. Which devices
  /// may be signed in at once (2013, 2100) is for the gateway's sessions to decide.
  Task<Outcome<User>> authenticate(SignIn command);
  Task<Outcome<std::vector<User>>> query_profiles(Caller caller, QueryUserProfiles query);

 private:
  Context& context_;
};

}  // namespace turms::im
