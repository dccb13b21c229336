#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/jwt_keys.h"
#include "base/task.h"
#include "base/time.h"
#include "gateway/authentication/permissions.h"
#include "im/ports/request_hooks.h"
#include "im/users.h"
#include "net/http.h"

namespace turms::net {
class HttpClient;
class Loop;
}  // namespace turms::net

namespace turms::gateway {

/// Somebody who wants to sign in.
struct Attempt {
  im::SignIn command;
  std::map<std::string, std::string> device_details;
  /// Where from, without the port.
  std::string ip;
  /// Of the request (im::Caller).
  uint64_t trace_id = 0;
};

struct Authenticated {
  im::SignedIn signed_in;
  Permissions permissions;
};

/// Who says whether somebody is the user they say; upstream's `identity-access-management`. Lives
/// on the control thread. Refusals: 2000, 2011, 2012, 1102; 1201 when nobody can say at present.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  virtual Task<im::Outcome<Authenticated>> authenticate(Attempt attempt) = 0;
};

/// PASSWORD: the one that is stored, or a session token of the user's.
std::unique_ptr<Authenticator> make_password_authenticator(im::Users& users);
/// NOOP: everybody is who they say. For development.
std::unique_ptr<Authenticator> make_open_authenticator(im::Users& users);

struct JwtAuthentication {
  jwt::Keys keys;
  /// Empty: any.
  std::string issuer;
  std::string audience;
  /// Claims that a token must have.
  std::map<std::string, std::string> expected;
};
/// JWT: the password is a token whose `sub` is the user's id. The user need not be stored here.
std::unique_ptr<Authenticator> make_jwt_authenticator(im::Users& users, JwtAuthentication config);

struct HttpAuthentication {
  std::string url;
  std::string method = "GET";
  std::map<std::string, std::string> headers;
  Duration timeout = 30s;
  /// Patterns of the status, such as "2??": the answer fits one, and all the others.
  std::vector<std::string> status_codes = {"2??"};
  std::map<std::string, std::string> expected_headers;
  std::map<std::string, std::string> expected_body = {{"authenticated", "true"}};
};
/// HTTP: the attempt is sent to a service of the operator's as JSON (version, userId, password,
/// loggingInDeviceType, deviceDetails, userStatus, ip), and its answer decides. The user need not
/// be stored here. `client` outlives the authenticator.
std::unique_ptr<Authenticator> make_http_authenticator(im::Users& users, net::HttpClient& client,
                                                       HttpAuthentication config);

struct LdapServer {
  std::string host = "localhost";
  uint16_t port = 389;
  /// From the first byte (ldaps).
  bool tls = false;
};
struct LdapAuthentication {
  /// Where users are searched for, and below.
  std::string base_dn;
  /// Whose connections search.
  struct Admin : LdapServer {
    std::string username;
    std::string password;
  } admin;
  /// Where a user's own password is tried.
  struct User : LdapServer {
    std::string search_filter = "uid=${userId}";
  } user;
  /// PEM file of the authorities that are trusted in place of the system's.
  std::string ca_file;
  /// From the question to the answer, with all that is in between.
  Duration timeout = 5s;
};
/// LDAP: the directory's entry of the user is bound with the password. The user need not be stored
/// here. 2012 when there is no entry, 1200 when there are several. kInvalidArgument as
/// ldap::Client::make().
Result<std::unique_ptr<Authenticator>> make_ldap_authenticator(im::Users& users, net::Loop& loop,
                                                               LdapAuthentication config);
/// Asks `hook` first where it wants to be asked; what it does not decide, `inner` does. The user of
/// whom it says yes need not be stored here. Both outlive the authenticator's calls.
std::unique_ptr<Authenticator> make_hooked_authenticator(im::Users& users, im::SignInHook& hook,
                                                         std::unique_ptr<Authenticator> inner);

}  // namespace turms::gateway
