#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/task.h"
#include "gateway/authentication/authenticator.h"
#include "gateway/ldap/connection.h"

namespace turms::gateway::ldap {

/// Connections to one server, a few at most; whoever finds none free waits, in order.
class Pool {
 public:
  static constexpr size_t kMaxConnections = 4;
  /// That wait; one more is refused with kResourceExhausted.
  static constexpr size_t kMaxWaiting = 1024;
  /// One that was idle for longer is not used again: something between may have forgotten it.
  static constexpr Duration kMaxIdle = 60s;

  Pool(net::Loop& loop, net::Resolver& resolver, net::ClientStream::Target target)
      : loop_(loop), resolver_(resolver), target_(std::move(target)) {}

  struct Lease {
    std::shared_ptr<Connection> connection;
    /// Just made: nobody has bound it.
    bool fresh = false;
  };
  /// kDeadlineExceeded when none becomes free in time. Each lease is given back.
  Task<Result<Lease>> take(TimePoint deadline);
  void give_back(Lease lease);

 private:
  struct Waiting {
    Completion<bool>::Setter wake;
  };
  void wake_next();

  net::Loop& loop_;
  net::Resolver& resolver_;
  const net::ClientStream::Target target_;
  struct Idle {
    std::shared_ptr<Connection> connection;
    TimePoint since;
  };
  /// The one that was used last is at the end.
  std::vector<Idle> idle_;
  size_t leased_ = 0;
  std::deque<Waiting> waiting_;
};

/// Asks a directory whether somebody knows the password of a user: an administrator's connection
/// finds the user's entry, and one of a user's is bound as that with the password.
class Client {
 public:
  enum class Verdict : uint8_t {
    kRight,
    kWrong,
    /// The directory has no such user.
    kUnknown,
    /// The filter finds several entries.
    kAmbiguous,
  };

  /// kInvalidArgument when the filter has no placeholder or is none, or the authorities cannot be
  /// read. Connects when somebody first asks.
  static Result<std::unique_ptr<Client>> make(net::Loop& loop, LdapAuthentication config);

  /// kUnavailable, kDeadlineExceeded, kResourceExhausted, kFailedPrecondition (the administrator is
  /// refused): nobody can say at present. An empty password is wrong.
  Task<Result<Verdict>> ask(UserId user, std::string password);

 private:
  Client(net::Loop& loop, LdapAuthentication config,
         const std::shared_ptr<net::TlsClient::Context>& tls);

  Task<Result<Answer>> find(UserId user, TimePoint deadline);
  /// Binds the connection as the administrator first, when nobody has.
  Task<Result<Answer>> search_with(Pool::Lease& lease, const Search& search, TimePoint deadline);
  Task<Result<Answer>> bind_as(std::string name, std::string password, TimePoint deadline);

  net::Loop& loop_;
  const LdapAuthentication config_;
  net::Resolver resolver_;
  Pool admins_;
  Pool users_;
};

}  // namespace turms::gateway::ldap
