#include "app/admin_client.h"

#include <fmt/core.h>

#include <boost/json.hpp>
#include <cstdlib>

#include "app/admin_url.h"
#include "base/encoding.h"
#include "net/http_client.h"
#include "net/loop.h"

namespace turms::app {
namespace {

namespace json = boost::json;

Result<std::string> authorization(const std::string& account) {
  const char* token = std::getenv("TURMS_ADMIN_TOKEN");
  if (account.empty() && token != nullptr) return std::string("Bearer ") + token;
  const char* password = std::getenv("TURMS_ADMIN_PASSWORD");
  if (password == nullptr) {
    return fail(ErrorCode::kInvalidArgument,
                "put a token into TURMS_ADMIN_TOKEN, or a password into TURMS_ADMIN_PASSWORD");
  }
  return "Basic " + base64(as_bytes((account.empty() ? "turms" : account) + ":" + password));
}

}  // namespace

Result<std::string> ask_admin(const Config& config, const AdminRequest& request,
                              std::string* refused) {
  auto base = admin_url(config, request.url);
  if (!base) return std::unexpected(base.error());
  auto credentials = authorization(request.account);
  if (!credentials) return std::unexpected(credentials.error());
  net::HttpClientRequest sent;
  sent.method = request.method;
  sent.url = *base + request.target;
  sent.headers.add("Authorization", *credentials);
  if (request.body) {
    sent.headers.add("Content-Type", "application/json");
    sent.body = *request.body;
  }
  net::Loop loop;
  const auto client = net::HttpClient::create(loop, {.max_response_bytes = size_t{64} << 20});
  std::optional<Result<net::HttpResponse>> answer;
  client->request(std::move(sent), [&](Result<net::HttpResponse> response) {
    answer = std::move(response);
    loop.stop();
  });
  loop.run();
  if (!answer->has_value()) return std::unexpected(answer->error());
  const net::HttpResponse& response = **answer;
  boost::system::error_code error;
  const json::value said = json::parse(response.body, error);
  const bool understood = !error && said.is_object();
  if (refused != nullptr) *refused = response.body;
  if (response.status == 200 && understood) return response.body;
  const json::value* reason = understood ? said.get_object().if_contains("reason") : nullptr;
  return fail(ErrorCode::kUnavailable, reason != nullptr && reason->is_string()
                                           ? std::string(reason->get_string())
                                           : fmt::format("the server answers {}", response.status));
}

}  // namespace turms::app
