#include "admin/api.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "admin/json.h"
#include "base/crypto.h"
#include "base/histogram.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/trace_id.h"
#include "net/text.h"

namespace turms::admin {
namespace {

constexpr size_t kTraceCharacters = 20;
/// Of what the audit log keeps of one request.
constexpr size_t kMaxArguments = 4096;

std::string trace_id_of(const net::HttpRequest& request) {
  const std::string_view given = request.header("X-Request-ID").value_or("");
  return is_trace_id(given) ? std::string(given) : secure_random_token(kTraceCharacters);
}

/// A page of another site may make a browser send what the browser has credentials for.
bool from_other_site(const net::HttpRequest& request) {
  const auto origin = request.header("Origin");
  if (!origin) return false;
  const size_t scheme = origin->find("://");
  const std::string_view authority =
      scheme == origin->npos ? std::string_view() : origin->substr(scheme + 3);
  return authority.empty() ||
         !net::equal_ignoring_case(authority, request.header("Host").value_or(""));
}

/// A plain form of another site cannot send it (Fetch standard, CORS-safelisted request headers).
bool is_json(const net::HttpRequest& request) {
  const std::string_view type = request.header("Content-Type").value_or("");
  return net::equal_ignoring_case(net::trim(type.substr(0, type.find(';'))), "application/json");
}

bool audited(const Route& route) {
  return route.method != "GET" && route.access != Access::kPublic;
}

/// A list says of what a deletion is; anything else how.
bool says_of_what(const Route& route, const Values& query) {
  return route.query.empty() || query.has("deleteAll") ||
         std::ranges::any_of(route.query, [&](const Field& field) {
           return (field.type == FieldType::kInts || field.type == FieldType::kTexts) &&
                  query.has(field.name);
         });
}

Answer make(int status, int32_t code, std::string reason) {
  Answer answer;
  answer.status = status;
  answer.code = code;
  answer.reason = std::move(reason);
  return answer;
}

}  // namespace

Api::Api(Accounts& accounts, im::AdminRepository& store, const im::Clock& clock, ApiConfig config)
    : accounts_(accounts),
      store_(store),
      clock_(clock),
      config_(std::move(config)),
      limit_(config_.requests_at_once, config_.requests_per_second) {}

void Api::count(const Route* route, int status, Duration took) {
  Metric*& counter = counters_[{route, status}];
  if (counter == nullptr) {
    const std::string name =
        route == nullptr ? "none" : fmt::format("{} {}", route->method, route->path);
    const std::string code = std::to_string(status);
    counter = &metrics::counter("turms_admin_requests_total",
                                "Requests to the admin API, by route and HTTP status.",
                                {{"route", name}, {"status", code}});
  }
  counter->add();
  static constexpr double kBounds[] = {0.001, 0.005, 0.02, 0.1, 0.5, 2, 10};
  static Histogram& seconds = metrics::histogram(
      "turms_admin_request_seconds", "From a request to the admin API to its answer.", kBounds);
  seconds.observe(std::chrono::duration<double>(took).count());
}

void Api::add(std::vector<Route> routes) {
  std::move(routes.begin(), routes.end(), std::back_inserter(routes_));
}

void Api::register_routes(net::HttpRoutes& server, std::function<TimePoint()> now) {
  const auto handler = [this, now](const Route* route) {
    return [this, now, route](net::HttpRequest request, net::HttpResponder responder) {
      spawn([](Api& api, const Route* matched, net::HttpRequest in, net::HttpResponder out,
               TimePoint arrived) -> Task<void> {
        Response response = co_await api.respond(matched, std::move(in), arrived);
        out.send(std::move(response.http));
        if (response.then) response.then();
      }(*this, route, std::move(request), std::move(responder), now()));
    };
  };
  net::RouteOptions options;
  options.max_body_bytes = kMaxBodyBytes;
  for (const Route& route : routes_) {
    server.route(std::string(route.method), std::string(route.path), handler(&route), options);
  }
  server.route_prefix("*", "/", handler(nullptr), options);
}

Task<Answer> Api::handle(const Route* route, const net::HttpRequest& request, Call& call,
                         bool& known, TimePoint now) {
  if (!limit_.take(network_of(request.remote), now)) {
    co_return make(429, kRequestsTooFrequent, "too many requests from your address");
  }
  if (route == nullptr) co_return make(404, kResourceNotFound, "there is no such resource");
  if (route->access != Access::kPublic) {
    if (from_other_site(request)) {
      co_return make(403, kUnauthorized, "requests of other sites' pages are refused");
    }
    auto principal = co_await accounts_.sign_in(
        std::string(request.header("Authorization").value_or("")), request.remote, now);
    if (!principal) {
      if (principal.error().code == ErrorCode::kResourceExhausted) {
        co_return make(429, kRequestsTooFrequent, principal.error().message);
      }
      co_return refused(principal.error());
    }
    call.admin = std::move(*principal);
    known = true;
    if (route->access == Access::kPermission &&
        !call.admin.permissions.test(static_cast<size_t>(*route->permission))) {
      co_return make(403, kUnauthorized,
                     fmt::format("the permission {} is needed", name_of(*route->permission)));
    }
  }
  auto query = parse_query(request.query, route->query);
  if (!query) co_return refused(query.error());
  call.query = std::move(*query);
  if (!request.body.empty() && (route->body.empty() || !is_json(request))) {
    co_return make(400, 1102,
                   route->body.empty() ? "no body is taken here"
                                       : "the body must be of type application/json");
  }
  auto body = parse_body(request.body, route->body);
  if (!body) co_return refused(body.error());
  call.body = std::move(*body);
  if (route->method == "DELETE" && !says_of_what(*route, call.query)) {
    co_return make(400, kNoFilterForDelete, "say what is to be deleted");
  }
  co_return co_await route->handler(call);
}

Task<void> Api::keep_audit(const Route& route, const Call& call, const Answer& answer) {
  im::AuditEntry entry;
  entry.date = clock_.now();
  entry.account = call.admin.account;
  entry.address = call.address;
  entry.trace_id = call.trace_id;
  entry.action = fmt::format("{} {}", route.method, route.path);
  entry.arguments = JsonObject()
                        .raw("query", call.query.describe(route.query))
                        .raw("body", call.body.describe(route.body))
                        .str();
  if (entry.arguments.size() > kMaxArguments) {
    entry.arguments =
        JsonObject().number("bytes", static_cast<int64_t>(entry.arguments.size())).str();
  }
  entry.status = answer.status;
  entry.code = answer.code;
  entry.reason = answer.reason;
  if (config_.on_action) config_.on_action(entry);
  const WallTime keep_from{entry.date.unix_ms - to_ms(config_.audit_retention)};
  auto kept = co_await store_.append_audit(std::move(entry), keep_from, config_.audit_max_entries);
  if (!kept) {
    log::error("the audit log misses {} {} by {}: {}", route.method, route.path, call.admin.account,
               kept.error().message);
  }
}

Task<Api::Response> Api::respond(const Route* route, net::HttpRequest request, TimePoint now) {
  const TimePoint began = monotonic_now();
  Call call;
  call.address = request.remote.ip();
  call.trace_id = trace_id_of(request);
  bool known = false;
  Answer answer = co_await handle(route, request, call, known, now);
  if (route != nullptr && known && audited(*route)) {
    co_await keep_audit(*route, call, answer);
    log::info("admin {} {} {} {} {} {} {}", call.trace_id, call.address, call.admin.account,
              route->method, route->path, answer.status, answer.code);
  } else {
    log::debug("admin {} {} {} {} {} {} {}", call.trace_id, call.address,
               known ? call.admin.account : "-", request.method, request.path, answer.status,
               answer.code);
  }
  count(route, answer.status, monotonic_now() - began);
  net::HttpResponse response;
  if (answer.content_type.empty()) {
    JsonObject envelope;
    envelope.number("code", answer.code);
    if (!answer.reason.empty()) envelope.text("reason", std::string_view(answer.reason));
    envelope.date("timestamp", clock_.now());
    if (!answer.data.empty()) envelope.raw("data", answer.data);
    response = net::HttpResponse::json(answer.status, envelope.str());
  } else {
    response.status = answer.status;
    response.headers.add("Content-Type", std::move(answer.content_type));
    response.headers.add("Content-Security-Policy",
                         "default-src 'none'; script-src 'self'; style-src 'self'; "
                         "connect-src 'self'; base-uri 'none'; form-action 'none'; "
                         "frame-ancestors 'none'");
    response.body = std::move(answer.data);
  }
  response.headers.add("X-Request-ID", call.trace_id);
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("X-Content-Type-Options", "nosniff");
  if (answer.status == 401) {
    // A browser asks its user for a password when it sent none; a page that did asks for itself.
    const bool asked = request.header("Authorization").has_value();
    response.headers.add("WWW-Authenticate", asked ? "Bearer realm=\"turms\""
                                                   : "Basic realm=\"turms\", charset=\"UTF-8\"");
  }
  if (answer.status == 429) response.headers.add("Retry-After", "1");
  Response out;
  out.http = std::move(response);
  out.then = std::move(answer.then);
  co_return out;
}

}  // namespace turms::admin
