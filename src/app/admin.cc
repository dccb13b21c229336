#include "app/admin.h"

#include <boost/json.hpp>

#include <malloc.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/metrics.h"
#include "net/http_server.h"

namespace turms::app {
namespace {

void update_process_metrics() {
  static Metric& resident =
      metrics::gauge("process_resident_memory_bytes", "Resident memory of the process.");
  static Metric& heap = metrics::gauge("turms_heap_allocated_bytes",
                                       "Bytes handed out by the allocator and not returned.");
  long total = 0;
  long pages = 0;
  std::ifstream("/proc/self/statm") >> total >> pages;
  resident.set(pages * ::sysconf(_SC_PAGESIZE));
  const struct mallinfo2 info = ::mallinfo2();
  heap.set(static_cast<int64_t>(info.uordblks + info.hblkhd));
}

net::HttpResponse metrics_response() {
  update_process_metrics();
  net::HttpResponse response;
  response.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}};
  response.body = metrics::expose();
  return response;
}

}  // namespace

void serve_metrics(net::HttpServer& server, const std::string& username,
                   const std::string& password) {
  const std::string expected = username.empty() && password.empty()
                                   ? std::string()
                                   : "Basic " + base64(as_bytes(username + ":" + password));
  server.route(
      "GET", "/metrics", [expected](net::HttpRequest request, net::HttpResponder responder) {
        const std::string_view given = request.header("Authorization").value_or("");
        if (!expected.empty() && !constant_time_equal(as_bytes(given), as_bytes(expected))) {
          net::HttpResponse refusal = net::HttpResponse::text(401, "unauthorized");
          refusal.headers.add("WWW-Authenticate", "Basic realm=\"metrics\"");
          return responder.send(std::move(refusal));
        }
        responder.send(metrics_response());
      });
}

void serve_admin(net::HttpServer& server, std::function<Health()> health) {
  server.route("GET", "/metrics", [](net::HttpRequest, net::HttpResponder responder) {
    responder.send(metrics_response());
  });
  // That the process turns at all, and that it can do its work: what a supervisor restarts on, and
  // what a balancer sends no clients without.
  server.route("GET", "/livez", [](net::HttpRequest, net::HttpResponder responder) {
    responder.send(net::HttpResponse::text(200, "ok\n"));
  });
  server.route("GET", "/readyz", [health](net::HttpRequest, net::HttpResponder responder) {
    const Health now = health();
    const bool ready = now.ready && !now.store_failure;
    responder.send(net::HttpResponse::text(ready ? 200 : 503, ready ? "ok\n" : "not ready\n"));
  });
  server.route("GET", "/health",
               [health = std::move(health)](net::HttpRequest, net::HttpResponder responder) {
                 const Health now = health();
                 boost::json::object body;
                 body["status"] = now.store_failure ? "failing" : "up";
                 if (now.store_failure) body["store"] = *now.store_failure;
                 body["meetings"] = now.meetings;
                 responder.send(net::HttpResponse::json(now.store_failure ? 503 : 200,
                                                        boost::json::serialize(body)));
               });
}

}  // namespace turms::app
