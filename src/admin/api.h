#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "admin/accounts.h"
#include "admin/route.h"
#include "admin/throttle.h"
#include "im/ports/admins.h"
#include "im/ports/clock.h"
#include "net/http_server.h"

namespace turms {
class Metric;
}

namespace turms::admin {

struct ApiConfig {
  /// Of each network.
  double requests_at_once = 50;
  double requests_per_second = 50;
  Duration audit_retention = std::chrono::hours(24 * 365);
  int64_t audit_max_entries = 1'000'000;
  /// Told of what is written down, too.
  std::function<void(const im::AuditEntry&)> on_action = {};
};

/// The admin API: asks of each request whether it comes too often, who it is from, whether they
/// may, whether it is well formed; then calls its handler, and writes down what was changed. Lives
/// on the control thread; what it is made from outlives it, and it outlives the requests.
///
/// Every answer is upstream's envelope {code, reason, timestamp, data} and carries X-Request-ID:
/// the request's own, or one that is made. A request whose Origin is another site is refused, as a
/// browser may add credentials to it.
class Api {
 public:
  /// Of a request.
  static constexpr size_t kMaxBodyBytes = 64 * 1024;

  Api(Accounts& accounts, im::AdminRepository& store, const im::Clock& clock, ApiConfig config);

  /// Before register_routes().
  void add(std::vector<Route> routes);
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }
  /// All routes, and an answer for what is none. `now`: the loop's time.
  void register_routes(net::HttpRoutes& server, std::function<TimePoint()> now);

  /// One request to its end. `route` null: there is none.
  struct Response {
    net::HttpResponse http;
    /// Answer::then.
    std::function<void()> then;
  };
  Task<Response> respond(const Route* route, net::HttpRequest request, TimePoint now);

 private:
  Task<Answer> handle(const Route* route, const net::HttpRequest& request, Call& call, bool& known,
                      TimePoint now);
  void count(const Route* route, int status, Duration took);
  Task<void> keep_audit(const Route& route, const Call& call, const Answer& answer);

  Accounts& accounts_;
  im::AdminRepository& store_;
  const im::Clock& clock_;
  const ApiConfig config_;
  std::vector<Route> routes_;
  RequestLimit limit_;
  /// As many as there are routes and statuses.
  std::map<std::pair<const Route*, int>, Metric*> counters_;
};

/// Routes of admins, roles, permissions, tokens and the audit log.
class AdminRoutes {
 public:
  AdminRoutes(Accounts& accounts, im::AdminRepository& store)
      : accounts_(accounts), store_(store) {}
  std::vector<Route> routes();

 private:
  Task<Answer> create_admin(Call call);
  Task<Answer> admins(Call call);
  Task<Answer> admins_page(Call call);
  Task<Answer> update_admins(Call call);
  Task<Answer> remove_admins(Call call);
  Task<Answer> self(Call call);
  Task<Answer> update_self(Call call);
  Task<Answer> permissions(Call call);
  Task<Answer> create_role(Call call);
  Task<Answer> roles(Call call);
  Task<Answer> roles_page(Call call);
  Task<Answer> update_roles(Call call);
  Task<Answer> remove_roles(Call call);
  Task<Answer> create_token(Call call);
  Task<Answer> tokens(Call call);
  Task<Answer> remove_tokens(Call call);
  Task<Answer> audit(Call call);

  Accounts& accounts_;
  im::AdminRepository& store_;
};

/// The OpenAPI 3.1 document of the routes.
std::string openapi_document(const std::vector<Route>& routes, std::string_view version);

/// GET /openapi/docs, made from `api`'s routes (these included), and the pages at /openapi/ui and
/// /ui. To be added last.
std::vector<Route> openapi_routes(const Api& api, std::string version);

}  // namespace turms::admin
