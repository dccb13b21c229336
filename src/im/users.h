#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/name_search.h"
#include "im/session_tokens.h"
#include "im/status.h"

namespace turms::im {

struct Credentials;

struct SignIn {
  int32_t version = 0;
  UserId user_id;
  std::optional<std::string> password;
  UserStatus status = UserStatus::kAvailable;
  HashRequester requester;
  DeviceType device_type = DeviceType::kUnknown;
  /// A token of this user: signs in where there is no password, and is kept in use where it is the
  /// device's already.
  std::optional<SessionTokens::Known> token;
  /// Give a token when there is none yet.
  bool wants_token = false;
};

struct SignedIn {
  User user;
  /// Of the password that was right (Credentials).
  int64_t password_version = 0;
  /// That this device signs in with from now on. Its text only when it is new.
  std::optional<IssuedToken> token;
};

struct QueryUserProfiles {
  std::vector<UserId> user_ids;
  std::optional<WallTime> last_updated_date;
  /// Also of these users only, when both are given.
  std::optional<std::string> name;
  NamePage page;
  bool highlight_name = false;
};

/// Absent: unchanged.
struct UpdateUser {
  std::optional<std::string> password;
  std::optional<std::string> name;
  std::optional<std::string> intro;
  std::optional<std::string> profile_picture;
  std::optional<ProfileAccessStrategy> profile_access_strategy;
  ValueMap attributes;
};

struct UpdateOnlineStatus {
  /// For kOffline: which sessions end; empty: all of them.
  std::vector<DeviceType> device_types;
  UserStatus status = UserStatus::kAvailable;
};

class Users {
 public:
  Users(Context& context, SessionTokens& tokens) : context_(context), tokens_(tokens) {}

  /// Who it is, when version, user and password are right: 2000, 2011, 2012, 1102. Which devices
  /// may be signed in at once (2013, 2100) is for the gateway's sessions to decide.
  Task<Outcome<SignedIn>> authenticate(SignIn command);
  /// What is wrong with it whatever the password: 2000, 2011, 1102.
  static Outcome<None> check(const SignIn& command);
  /// Somebody whom another service has authenticated. They need not be stored here; who is, and is
  /// not active, is refused: 2012.
  Task<Outcome<SignedIn>> admit(UserId id);
  /// A token for somebody whom another service has authenticated: 2012 when they are not stored
  /// here, or not active.
  Task<Outcome<IssuedToken>> vouch(UserId id, DeviceType device_type);
  /// The active user of this name, whatever the case or width of its letters. Nothing when there is
  /// none, or more than one.
  Task<Outcome<std::optional<UserId>>> find_named(std::string name);
  /// By ids, or by name: ranked.
  Task<Outcome<std::vector<User>>> query_profiles(Caller caller, QueryUserProfiles query);

  /// Of themselves. Sessions go on with a new password.
  Task<Outcome<Reply<>>> update(Caller caller, UpdateUser command);
  /// In the order of `users`, kNoContent without any.
  Task<Outcome<std::vector<Presence>>> query_online_statuses(Caller caller,
                                                             std::vector<UserId> users);
  /// Of the user, on all their devices; kOffline ends sessions (close_status 501).
  Task<Outcome<Reply<>>> update_online_status(Caller caller, UpdateOnlineStatus command);

  /// Another program has written to the store: sessions that signed in with a password which has
  /// been changed since are ended (600).
  Task<void> end_outdated_sessions();

 private:
  Task<Outcome<SignedIn>> authenticate_token(SignIn command, Credentials credentials);
  /// Nothing when none is wanted, or none can be given: signing in does not depend on it.
  Task<std::optional<IssuedToken>> token_for(const SignIn& command, int64_t password_version);
  Task<Outcome<SignedIn>> admit(UserId id, int64_t password_version,
                                std::optional<IssuedToken> token);

  Context& context_;
  SessionTokens& tokens_;
  /// Up to here (Credentials::password_version) sessions have been ended.
  int64_t ended_version_ = 0;
  /// Passwords that users changed themselves, which ends none of their sessions. Those beyond
  /// kMaxOwnChanges are forgotten: the sessions end then.
  static constexpr size_t kMaxOwnChanges = 10'000;
  std::set<int64_t> own_changes_;
};

}  // namespace turms::im
