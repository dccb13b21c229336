#pragma once

#include <unordered_set>
#include <utility>

#include "base/random.h"
#include "gateway/authentication/authenticator.h"
#include "gateway/service.h"
#include "gateway/session_registry.h"
#include "gateway/sign_in_throttle.h"
#include "im/domain.h"
#include "im/ports/request_hooks.h"
#include "net/loop.h"

namespace turms::gateway {

class Connection;

/// What connections and request handlers share. Held by the Service and by each connection, because
/// a transport may report its end after the Service is gone.
struct Environment {
  Environment(net::Loop& the_loop, Config the_config, im::Domain& the_domain, im::Bus& bus)
      : loop(the_loop),
        config(std::move(the_config)),
        domain(the_domain),
        authenticator(make_password_authenticator(domain.users)),
        registry(bus, config.node),
        guard(domain.blocklist, config.guard),
        load(config.load) {}

  net::Loop& loop;
  Config config;
  im::Domain& domain;
  /// Never null.
  std::unique_ptr<Authenticator> authenticator;
  SessionRegistry registry;
  Guard guard;
  LoadWatch load;
  /// Draws the trace ids of requests.
  Rng traces = Rng::from_entropy();
  SignInThrottle sign_ins;
  /// Null: nobody.
  im::RequestHook* request_hook = nullptr;
  /// Null where nobody holds meetings.
  im::Meetings* meetings = nullptr;
  /// Null where nothing is stored.
  im::Storage* storage = nullptr;
  std::unordered_set<Connection*> connections;
  /// Connections with a request that is not answered yet: drain() waits for them.
  size_t busy_connections = 0;
};

}  // namespace turms::gateway
