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
  HashRequester requester;
};

struct SignedIn {
  User user;
  /// Of the password that was right (Credentials).
  int64_t password_version = 0;
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
  Task<Outcome<SignedIn>> authenticate(SignIn command);
  Task<Outcome<std::vector<User>>> query_profiles(Caller caller, QueryUserProfiles query);

  /// Another program has written to the store: sessions that signed in with a password which has
  /// been changed since are ended (600).
  Task<void> end_outdated_sessions();

 private:
  Context& context_;
  /// Up to here (Credentials::password_version) sessions have been ended.
  int64_t ended_version_ = 0;
};

}  // namespace turms::im
